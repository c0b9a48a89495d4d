import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database';

const MIGRATIONS_FOLDER = join(__dirname, 'migrations');
const LOCK_NAME = 'stockbridge_migrations';
const LOCK_TIMEOUT_SECONDS = 60;

/**
 * Brings the tables up to date and returns the names of the migrations that it ran. Safe to run from several processes at
 * once and again. Throws when a migration that already ran was changed afterwards.
 */
export async function migrate(db: Database, folder = MIGRATIONS_FOLDER): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return db.withLock(LOCK_NAME, LOCK_TIMEOUT_SECONDS, async (locked) => {
    await locked.change(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
         name VARCHAR(200) NOT NULL PRIMARY KEY,
         checksum CHAR(64) NOT NULL,
         appliedAt DATETIME(3) NOT NULL
       ) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    );
    const applied = await locked.select<{ name: string; checksum: string }>(
      'SELECT name, checksum FROM schema_migrations',
    );
    const checksums = new Map(applied.map((row) => [row.name, row.checksum]));
    const ran: string[] = [];
    for (const name of names) {
      const sql = await readFile(join(folder, name), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      const known = checksums.get(name);
      if (known === checksum) continue;
      if (known !== undefined) throw new Error(`migration ${name} was changed after it ran: add a new one instead`);
      // DDL commits by itself, so every statement must be harmless when it is repeated.
      for (const statement of sql.split(/;\s*(?:\n|$)/).filter((part) => part.trim() !== ''))
        await locked.change(statement);
      await locked.change('INSERT INTO schema_migrations (name, checksum, appliedAt) VALUES (?, ?, UTC_TIMESTAMP(3))', [
        name,
        checksum,
      ]);
      ran.push(name);
    }
    return ran;
  });
}
