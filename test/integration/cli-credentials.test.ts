import { migrate } from '../../src/store/migrate';
import { keyIdOf } from '../../src/store/secret-box';
import { openStores, type Stores } from '../../src/store/stores';
import { freshDatabase, freshNamespace } from '../servers/servers';
import { cliOn, jsonOf } from './cli-runner';

const KEY = Buffer.alloc(32, 7);
const NEXT = Buffer.alloc(32, 8);
const LOST = Buffer.alloc(32, 9);
const { address, namespace } = freshNamespace();

let database: Awaited<ReturnType<typeof freshDatabase>>;
let stores: Stores;

beforeEach(async () => {
  database = await freshDatabase();
  stores = openStores({ mysqlUrl: database.url, credentialsKey: KEY });
  await migrate(stores.db);
});
afterEach(async () => {
  await stores.close();
  await database.drop();
});

/** The command line with these keys in its environment: the current one, then those that only open. */
const cliWith = (...[current, ...readable]: Buffer[]) =>
  cliOn({
    MYSQL_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    CREDENTIALS_KEY: current?.toString('base64') ?? '',
    CREDENTIALS_READ_KEYS: readable.map((key) => key.toString('base64')).join(','),
  });

const LOGIN = { username: 'CANARY-user', password: 'CANARY-password' };

async function add(id: number, key = KEY): Promise<void> {
  const own = openStores({ mysqlUrl: database.url, credentialsKey: key });
  await own.connections.insert({
    id,
    channel: 'ajio',
    accountSlug: 'spykar',
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials: LOGIN,
    settings: {},
  });
  await own.connections.replaceToken(id, 0, async () => ({ accessToken: 'CANARY-token', expiresAtMs: null }));
  await own.close();
}
/** Credentials that another program keeps. */
async function addPlain(id: number): Promise<void> {
  const { db } = stores;
  await db.change('INSERT INTO ie_appinstall_connection (id, inputFields) VALUES (?, ?)', [id, JSON.stringify(LOGIN)]);
  await db.change("INSERT INTO connections (id, channel, accountSlug) VALUES (?, 'ajio', 'plain')", [id]);
}

describe('credentials status', () => {
  it('counts values by key, tells keys that may go, and fails while a key is missing', async () => {
    expect(await cliWith(KEY)(['credentials', 'status', '--json'])).toMatchObject({ code: 0 });
    await add(1);
    await add(2);
    await addPlain(3);
    const both = await cliWith(NEXT, KEY)(['credentials', 'status', '--json']);
    expect(both.code).toBe(0);
    expect(jsonOf(both)).toEqual({
      currentKeyId: keyIdOf(NEXT),
      keys: [
        { keyId: keyIdOf(NEXT), role: 'current', credentials: 0, tokens: 0 },
        { keyId: keyIdOf(KEY), role: 'only opens', credentials: 2, tokens: 2 },
        { keyId: null, role: 'not sealed', credentials: 1, tokens: 0 },
      ],
    });
    const without = await cliWith(NEXT)(['credentials', 'status']);
    expect(without.code).toBe(1);
    expect(without.out).toMatch(new RegExp(`^${keyIdOf(KEY)} +missing +2 +2$`, 'm'));
    expect(without.out).toContain('add it to CREDENTIALS_READ_KEYS');
  });
});

describe('credentials rotate', () => {
  it('seals everything with the current key, after which the old one may go; repeating it changes nothing', async () => {
    await add(1);
    await add(2);
    await addPlain(3);
    const dry = await cliWith(NEXT, KEY)(['credentials', 'rotate', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toBe(
      `3 connections, key ${keyIdOf(NEXT)}: 4 values would be sealed anew, 0 sealed with it before, 1 not sealed (see --seal-plain), 0 failed.\n`,
    );
    const run = await cliWith(NEXT, KEY)(['credentials', 'rotate', '--json']);
    const counts = { dryRun: false, keyId: keyIdOf(NEXT), connections: 3, failed: 0, failures: [], leftOver: false };
    expect(jsonOf(run)).toEqual({ ...counts, renewed: 4, current: 0, plain: 1 });
    const again = await cliWith(NEXT)(['credentials', 'rotate', '--seal-plain', '--json']);
    expect(jsonOf(again)).toEqual({ ...counts, renewed: 1, current: 4, plain: 0 });

    const shown = await cliWith(NEXT)(['connections', 'show', '1', '--json']);
    expect(jsonOf(shown)).toMatchObject({ sealFault: null, credentials: { username: 'set', password: 'set' } });
    expect((await cliWith(KEY)(['connections', 'show', '1'])).code).toBe(1);
    for (const { out } of [dry, run, again, shown]) expect(out).not.toContain('CANARY');
  });

  it('says what it cannot open, by connection, column and key, and does the others', async () => {
    await add(1);
    await add(2, LOST);
    await add(3);
    const { code, out } = await cliWith(NEXT, KEY)(['credentials', 'rotate']);
    expect(code).toBe(1);
    expect(out).toContain('4 values sealed anew, 0 sealed with it before, 0 not sealed, 2 failed.');
    for (const column of ['inputFields', 'accessToken']) {
      expect(out).toContain(
        `✗ connection 2: ${column} is sealed with key ${keyIdOf(LOST)}, and this process does not have that key`,
      );
    }
  });

  it('needs a key to seal with', async () => {
    const { code, err } = await cliWith()(['credentials', 'rotate']);
    expect({ code, err }).toEqual({ code: 1, err: '✗ CREDENTIALS_KEY is not set: there is no key to seal with\n' });
  });
});

describe('a key that is missing', () => {
  it('stops every command that could need it, with one sentence and the exit code 1', async () => {
    await add(1);
    for (const args of [['connections', 'list'], ['keys', 'list'], ['setup'], ['connections', 'test', '1']]) {
      const { code, out, err } = await cliWith()(args);
      expect({ args, code, out }).toEqual({ args, code: 1, out: '' });
      expect(err).toBe(
        `✗ Stored credentials cannot be opened: connection 1 with key ${keyIdOf(KEY)} is sealed, and CREDENTIALS_KEY is not set. ` +
          'Give the missing key as CREDENTIALS_KEY or in CREDENTIALS_READ_KEYS, or new credentials with `cli connections restore <id>`.\n',
      );
      expect((await cliWith(NEXT)([...args, '--json'])).code).toBe(1);
    }
  });

  it('and is lost for good is replaced by new credentials', async () => {
    await add(1, LOST);
    await add(2);
    const restore = ['connections', 'restore', '1', '--credentials-stdin'];
    const keyless = await cliWith()(restore, JSON.stringify(LOGIN));
    expect(keyless.code).toBe(1);
    expect(keyless.err).toContain('CREDENTIALS_KEY is not set');
    const restored = await cliWith(KEY)(restore, JSON.stringify(LOGIN));
    expect(restored.out).toContain('The new credentials of connection 1 are stored.');
    const status = await cliWith(KEY)(['credentials', 'status', '--json']);
    expect(jsonOf(status)).toMatchObject({
      keys: [{ keyId: keyIdOf(KEY), role: 'current', credentials: 2, tokens: 1 }],
    });
  });
});
