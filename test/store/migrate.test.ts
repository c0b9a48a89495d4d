import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { freshDatabase } from '../servers/servers';

const MIGRATIONS = join(__dirname, '../../src/store/migrations');
const NAMES = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith('.sql'))
  .sort();

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
let folder: string;

beforeEach(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
  folder = mkdtempSync(join(tmpdir(), 'stockbridge-migrations-'));
  cpSync(MIGRATIONS, folder, { recursive: true });
});
afterEach(async () => {
  await db.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

it('makes every table once and does nothing the second time', async () => {
  expect(await migrate(db)).toEqual(NAMES);
  expect(await migrate(db)).toEqual([]);
  for (const table of [
    'ie_appinstall_connection',
    'connections',
    'gateway_keys',
    'gates',
    'submissions',
    'submission_lines',
    'stock_levels',
    'pushes',
    'push_lines',
    'orders',
    'order_lines',
    'parked_events',
    'working_tokens',
  ])
    expect(await db.select(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: 0 }]);
});

it('runs each migration once when several processes start together', async () => {
  const pools = Array.from({ length: 4 }, () => openDatabase(database.url));
  const ran = await Promise.all(pools.map((pool) => migrate(pool)));
  expect(ran.flat().sort()).toEqual(NAMES);
  await Promise.all(pools.map((pool) => pool.close()));
});

it('refuses a migration that was changed after it ran', async () => {
  await migrate(db, { folder });
  writeFileSync(join(folder, NAMES[0] ?? ''), '-- changed\nSELECT 1;\n');
  await expect(migrate(db, { folder })).rejects.toThrow(`${NAMES[0]} was changed after it ran`);
});

it('runs what was added since, and goes on after a migration that failed half-way', async () => {
  await migrate(db, { folder });
  writeFileSync(join(folder, '900_more.sql'), 'CREATE TABLE IF NOT EXISTS more (id INT);\nNONSENSE;\n');
  await expect(migrate(db, { folder })).rejects.toThrow();
  writeFileSync(
    join(folder, '900_more.sql'),
    'CREATE TABLE IF NOT EXISTS more (id INT);\nINSERT INTO more VALUES (1);\n',
  );
  expect(await migrate(db, { folder })).toEqual(['900_more.sql']);
  expect(await db.select('SELECT id FROM more')).toEqual([{ id: 1 }]);
});

it('keeps text of any language, and tells upper case from lower case', async () => {
  await migrate(db);
  await db.change("INSERT INTO gates (gateKey) VALUES ('日本 😀'), ('key'), ('KEY')");
  expect(await db.select("SELECT gateKey FROM gates WHERE gateKey IN ('日本 😀', 'key')")).toHaveLength(2);
});
