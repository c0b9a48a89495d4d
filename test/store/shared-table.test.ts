import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createSecretBox } from '../../src/store/secret-box';
import type { SharedTable } from '../../src/store/shared-table';
import { openStores, type StoreOptions, type Stores } from '../../src/store/stores';
import { freshDatabase } from '../servers/servers';
import { CREDENTIALS_KEY, only } from './open-store';

const MIGRATIONS = join(__dirname, '../../src/store/migrations');
const LOGIN = { username: 'u', password: 'CANARY' };
const NEW = {
  channel: 'ajio',
  accountSlug: 'spykar',
  externalChannelId: 'CH1286',
  externalWarehouseId: null,
  locationId: 'POB1',
  settings: { batchSize: 10 },
} as const;

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
const opened: Stores[] = [];

beforeEach(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await db.close();
  await database.drop();
});

function storesWith(options: Partial<StoreOptions> = {}): Stores {
  const one = openStores({ mysqlUrl: database.url, credentialsKey: CREDENTIALS_KEY, ...options });
  opened.push(one);
  return one;
}

/** Migrates, and returns what was found before. */
async function setUp(folder = MIGRATIONS): Promise<SharedTable> {
  const found: SharedTable[] = [];
  await migrate(db, { folder, onFound: (table) => void found.push(table) });
  return only(found);
}

/** How the shared table is made, but for the next id that it will give. */
const definition = async () => {
  const [, made] = Object.values(only(await db.select<object>('SHOW CREATE TABLE ie_appinstall_connection')));
  return String(made).replace(/ AUTO_INCREMENT=\d+/, '');
};
const rows = () =>
  db.select<{ id: unknown; inputFields: unknown; accessToken: unknown }>('SELECT * FROM ie_appinstall_connection');
const row = async () => only(await rows());

describe('where there is no shared table', () => {
  it('one is made, with the columns of the source and no other', async () => {
    expect(await setUp()).toEqual({ found: 'absent', otherColumns: [] });
    expect(await setUp()).toEqual({ found: 'present', otherColumns: [] });
  });

  it('a new connection takes an id there, and nothing else of it stands there', async () => {
    await setUp();
    const { connections } = storesWith();
    const id = await connections.insert({ ...NEW, credentials: LOGIN });
    await connections.replaceToken(id, 0, async () => ({ accessToken: 'CANARY', expiresAtMs: null }));
    expect(await rows()).toEqual([{ id, inputFields: null, accessToken: null }]);
    expect(await connections.find(id)).toMatchObject({ credentials: LOGIN, accessToken: 'CANARY' });
    expect(JSON.stringify(await db.select('SELECT * FROM connections'))).not.toContain('CANARY');
  });
});

/** The columns that the source's programs know, with ids and fields of several kinds. */
const SOURCE_TABLES = [
  ['INT', 'INT NOT NULL AUTO_INCREMENT PRIMARY KEY', 'TEXT NULL'],
  ['BIGINT', 'BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY', 'JSON NOT NULL'],
  ['VARCHAR', 'VARCHAR(36) NOT NULL PRIMARY KEY', 'LONGTEXT NOT NULL'],
] as const;

describe.each(SOURCE_TABLES)('the table that is already there, with ids of %s', (_name, id, fields) => {
  let before: unknown;
  beforeEach(async () => {
    await db.change(`CREATE TABLE ie_appinstall_connection (id ${id}, appInstallationId INT NULL, inputFields ${fields},
      accessToken VARCHAR(300) NULL, isActive TINYINT NOT NULL DEFAULT 1)`);
    await db.change(
      "INSERT INTO ie_appinstall_connection (id, appInstallationId, inputFields, accessToken) VALUES ('294', 7, ?, 'theirs')",
      [JSON.stringify(LOGIN)],
    );
    before = await definition();
    expect(await setUp()).toEqual({ found: 'present', otherColumns: ['appInstallationId', 'isActive'] });
  });
  afterEach(async () => expect(await definition()).toBe(before));

  it('keeps its columns and rows; a connection uses the row of its id as it is', async () => {
    const held = await row();
    const { connections } = storesWith();
    expect(await connections.findShared(294)).toEqual({ credentials: LOGIN });
    expect(await connections.findShared(29)).toBeUndefined();
    expect(await connections.insert({ ...NEW, id: 294, credentials: undefined })).toBe(294);
    const found = await connections.find(294);
    expect(found).toMatchObject({ ...NEW, id: 294, credentials: LOGIN, accessToken: 'theirs', status: 'active' });
    expect((await connections.list({ accountSlug: 'spykar' })).map(({ credentials }) => credentials)).toEqual([LOGIN]);
    await connections.replaceToken(294, found?.tokenGeneration ?? 0, async () => ({
      accessToken: 'ours',
      expiresAtMs: null,
    }));
    expect(await connections.find(294)).toMatchObject({ accessToken: 'ours' });
    expect(await row()).toEqual(held);
  });

  it('takes a row of our own under a given id, and gives one where it can', async () => {
    const { connections } = storesWith();
    await connections.insert({ ...NEW, id: 400, credentials: LOGIN });
    expect(await connections.find(400)).toMatchObject({ credentials: LOGIN, accessToken: null, tokenGeneration: 0 });
    const unnamed = connections.insert({ ...NEW, credentials: LOGIN });
    if (id.includes('AUTO_INCREMENT')) expect(await unnamed).toBe(401);
    else await expect(unnamed).rejects.toThrow('gives its rows no ids of its own: say which one with --id');
  });

  it('holds the tokens that we get where others read them, and new credentials', async () => {
    const { connections } = storesWith({ sharedConnections: true });
    await connections.insert({ ...NEW, id: 294, credentials: undefined });
    await connections.find(294);
    await connections.replaceToken(294, 1, async () => ({ accessToken: 'ours', refreshToken: 'r', expiresAtMs: null }));
    expect(await row()).toMatchObject({ accessToken: 'ours', appInstallationId: 7, isActive: 1 });
    await connections.setCredentials(294, { username: 'new' });
    expect(await connections.findShared(294)).toEqual({ credentials: { username: 'new' } });
    expect(await connections.find(294)).toMatchObject({
      credentials: { username: 'new' },
      accessToken: '{"accessToken":"ours","refreshToken":"r"}',
    });
  });
});

describe('a table that does not fit', () => {
  it('is left alone, and nothing is made beside it, when a column is missing that we read', async () => {
    await db.change('CREATE TABLE ie_appinstall_connection (id INT PRIMARY KEY, token TEXT)');
    await expect(migrate(db)).rejects.toThrow(
      'ie_appinstall_connection without inputFields and accessToken, which we read',
    );
    expect(await db.select('SHOW TABLES')).toHaveLength(1);
  });

  it('names the columns whose values only another program knows; its rows can be used all the same', async () => {
    await db.change(`CREATE TABLE ie_appinstall_connection (id INT AUTO_INCREMENT PRIMARY KEY, appInstallationId INT NOT NULL,
      inputFields TEXT, accessToken TEXT, owner VARCHAR(20) NOT NULL)`);
    await setUp();
    const { connections } = storesWith();
    await expect(connections.insert({ ...NEW, id: 5, credentials: LOGIN })).rejects.toThrow(
      'ie_appinstall_connection needs a value for appInstallationId, owner',
    );
    expect(await db.select('SELECT id FROM connections')).toEqual([]);
    await db.change("INSERT INTO ie_appinstall_connection VALUES (5, 1, '{}', NULL, 'them')");
    expect(await connections.insert({ ...NEW, id: 5, credentials: LOGIN })).toBe(5);
    expect(await connections.find(5)).toMatchObject({ credentials: LOGIN });
  });
});

describe('the table of an earlier version', () => {
  const box = createSecretBox({ current: CREDENTIALS_KEY });
  let folder: string;

  /** What stood in the database before migration 012: the table, and rows as the version before wrote them. */
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stockbridge-migrations-'));
    cpSync(MIGRATIONS, folder, { recursive: true, filter: (file) => !file.endsWith('012_own_connections.sql') });
    await db.change(readFileSync(join(MIGRATIONS, '001_connections.sql'), 'utf8').split(';')[0] ?? '');
    await setUp(folder);
    await db.change(
      `INSERT INTO ie_appinstall_connection (id, channel, accountSlug, locationId, inputFields, accessToken, tokenExpiresAt,
         tokenGeneration, settings, status, statusReason) VALUES
       (1, 'ajio', 'spykar', 'POB1', ?, ?, '2030-01-01 00:00:00', 7, '{"batchSize":10}', 'paused', 'sale'),
       (2, 'eshopbox', 'spykar', NULL, ?, 'plain-token', NULL, 0, NULL, 'active', NULL),
       (3, 'elsewhere', 'x', NULL, 'of others', 'of others', NULL, 0, NULL, 'active', NULL)`,
      [
        box.seal(JSON.stringify(LOGIN), 'connection 1: inputFields'),
        box.seal('{"accessToken":"a","refreshToken":"r"}', 'connection 1: accessToken'),
        JSON.stringify(LOGIN),
      ],
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('stays as it is; what is ours is copied, with its seals, once, by however many processes', async () => {
    const before = { rows: await rows(), definition: await definition() };
    expect(await setUp()).toMatchObject({ found: 'earlier version' });
    const { connections, seals } = storesWith();
    await expect(seals.requireKeys()).resolves.toBeUndefined();
    expect(await connections.find(1)).toMatchObject({
      credentials: LOGIN,
      accessToken: '{"accessToken":"a","refreshToken":"r"}',
      tokenExpiresAtMs: Date.parse('2030-01-01T00:00:00Z'),
      tokenGeneration: 7,
      settings: { batchSize: 10 },
      status: 'paused',
      statusReason: 'sale',
      locationId: 'POB1',
    });
    expect(await connections.find(2)).toMatchObject({
      credentials: LOGIN,
      accessToken: 'plain-token',
      tokenGeneration: 0,
    });
    expect(await db.select('SELECT id FROM connections ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);

    await connections.setStatus(1, 'active', null);
    await connections.replaceToken(1, 7, async () => ({ accessToken: 'b', expiresAtMs: null }));
    // As after a migration that was not noted, and by several at once.
    await db.change("DELETE FROM schema_migrations WHERE name = '012_own_connections.sql'");
    await Promise.all([setUp(), setUp(), setUp()]);
    expect(await connections.find(1)).toMatchObject({ status: 'active', accessToken: 'b', tokenGeneration: 8 });
    expect({ rows: await rows(), definition: await definition() }).toEqual(before);
  });

  it('takes new connections, though its columns of ours have no defaults', async () => {
    await setUp();
    const { connections } = storesWith();
    const id = await connections.insert({ ...NEW, credentials: LOGIN });
    expect(id).toBe(4);
    expect(await connections.find(id)).toMatchObject({ ...NEW, credentials: LOGIN });
  });

  it('goes on being read where another program keeps its credentials and token', async () => {
    await setUp();
    const { connections } = storesWith();
    const first = await connections.find(2);
    await db.change(
      `UPDATE ie_appinstall_connection SET inputFields = '{"username":"changed"}', accessToken = 'newer' WHERE id = 2`,
    );
    expect(await connections.find(2)).toMatchObject({ credentials: { username: 'changed' } });
    const replaced = await connections.replaceToken(2, first?.tokenGeneration ?? 0, () =>
      Promise.reject(new Error('a login')),
    );
    expect(replaced).toMatchObject({ adopted: true, refreshed: false });
    expect(await connections.find(2)).toMatchObject({ accessToken: 'newer' });
  });
});
