import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, refusalCodeOf } from './database';
import { createSharedTable, inspectSharedTable, type SharedTable } from './shared-table';

const MIGRATIONS_FOLDER = join(__dirname, 'migrations');
const LOCK_NAME = 'stockbridge_migrations';
const LOCK_TIMEOUT_SECONDS = 60;

export interface MigrateOptions {
  /** Where the migrations are. */
  folder?: string;
  /** Hears what is at the place of the table that we share with other programs, before anything is changed or done. */
  onFound?: (table: SharedTable, toDo: readonly string[]) => void;
}

/**
 * Brings the tables up to date and returns the names of the migrations that it ran. Safe to run from several processes at
 * once and again. Throws when a migration that already ran was changed afterwards. The shared table is made where there is none, and never changed.
 */
export async function migrate(
  db: Database,
  { folder = MIGRATIONS_FOLDER, onFound }: MigrateOptions = {},
): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return db.withLock(LOCK_NAME, LOCK_TIMEOUT_SECONDS, async (locked) => {
    const table = await inspectSharedTable(locked);
    const applied = await locked
      .select<{ name: string; checksum: string }>('SELECT name, checksum FROM schema_migrations')
      .catch((error: unknown) => {
        if (refusalCodeOf(error) === 'ER_NO_SUCH_TABLE') return [];
        throw error;
      });
    const checksums = new Map(applied.map((row) => [row.name, row.checksum]));
    onFound?.(
      table,
      names.filter((name) => !checksums.has(name)),
    );
    await locked.change(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
         name VARCHAR(200) NOT NULL PRIMARY KEY,
         checksum CHAR(64) NOT NULL,
         appliedAt DATETIME(3) NOT NULL
       ) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    );
    // Before the migrations: the first one of all would make it with all the columns that it once had.
    if (table.found === 'absent') await createSharedTable(locked);
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
