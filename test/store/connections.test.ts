import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ajioConnector } from '../../src/connectors/ajio';
import type { NewConnection } from '../../src/store/connections';
import { createConnectionStore } from '../../src/store/connections';
import { createSecretBox } from '../../src/store/secret-box';
import { openStores } from '../../src/store/stores';
import { CREDENTIALS_KEY, only, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const sample = (changes: Partial<NewConnection> = {}): NewConnection => ({
  channel: 'ajio',
  accountSlug: 'spykar',
  externalChannelId: 'CH1',
  externalWarehouseId: 'WH1',
  locationId: 'POB1',
  credentials: { username: 'u', password: 'CANARY' },
  settings: { batchSize: 10 },
  ...changes,
});

const rowOf = async (id: number) =>
  only(
    await stores.db.select<{ inputFields: string; accessToken: string | null; tokenGeneration: number }>(
      'SELECT inputFields, accessToken, tokenGeneration FROM connections WHERE id = ?',
      [id],
    ),
  );

it('reads back what it stored, and stores no credentials in the clear', async () => {
  const id = await stores.connections.insert(sample());
  expect(await stores.connections.find(id)).toEqual({
    ...sample(),
    id,
    accessToken: null,
    tokenExpiresAtMs: null,
    tokenGeneration: 0,
    status: 'active',
    statusReason: null,
  });
  expect((await rowOf(id)).inputFields).toMatch(/^sealed:2:/);
});

it('takes the id that another system knows the connection by', async () => {
  expect(await stores.connections.insert(sample({ id: 294 }))).toBe(294);
  await expect(stores.connections.insert(sample({ id: 294 }))).rejects.toThrow(/duplicate/i);
});

it('reads the plain rows of other programs', async () => {
  await stores.db.change(
    `INSERT INTO ie_appinstall_connection (id, inputFields, accessToken) VALUES
       (700, '{"username":"a","password":"b"}', 'a-token'), (701, NULL, NULL)`,
  );
  await stores.db.change(
    "INSERT INTO connections (id, channel, accountSlug) VALUES (700, 'ajio', 'plain'), (701, 'ajio', 'plain')",
  );
  expect(await stores.connections.find(700)).toMatchObject({
    credentials: { username: 'a', password: 'b' },
    accessToken: 'a-token',
    tokenExpiresAtMs: null,
    settings: {},
    status: 'active',
  });
  expect(await stores.connections.find(701)).toMatchObject({ credentials: {}, accessToken: null });
});

it('does not know connections of channels that have no connector', async () => {
  await stores.db.change(
    "INSERT INTO connections (id, channel, accountSlug) VALUES (710, 'elsewhere', 'mixed'), (711, 'ajio', 'mixed')",
  );
  expect(await stores.connections.find(710)).toBeUndefined();
  expect((await stores.connections.list({ accountSlug: 'mixed' })).map((connection) => connection.id)).toEqual([711]);
});

it('reads a row whose columns are no JSON, so that one bad row hides no other, and leaves it to the connector to refuse it', async () => {
  await stores.db.change(
    "INSERT INTO connections (id, channel, accountSlug, inputFields, settings) VALUES (720, 'ajio', 'torn', 'CANARY no json', '{')",
  );
  const [torn] = await stores.connections.list({ accountSlug: 'torn' });
  expect(torn).toMatchObject({ id: 720, credentials: 'CANARY no json', settings: '{' });
  if (!torn) throw new Error('the row is not listed');
  const open = () => ajioConnector.open(torn, { http: { send: fail, close: fail }, endpoints: {}, now: Date.now });
  expect(open).toThrow(/connection 720: settings/);
  expect(open).not.toThrow(/CANARY/);
});
const fail = () => Promise.reject(new Error('nothing is sent'));

it('lists by account and channel', async () => {
  const account = randomUUID();
  const first = await stores.connections.insert(sample({ accountSlug: account }));
  const second = await stores.connections.insert(sample({ accountSlug: account, externalChannelId: 'CH2' }));
  const ids = async (filter: { accountSlug: string; externalChannelId?: string }) =>
    (await stores.connections.list(filter)).map((connection) => connection.id);
  expect(await ids({ accountSlug: account })).toEqual([first, second]);
  expect(await ids({ accountSlug: account, externalChannelId: 'CH2' })).toEqual([second]);
  expect(await ids({ accountSlug: account.toUpperCase() })).toEqual([]);
});

it('changes status and credentials of a connection that is there', async () => {
  const id = await stores.connections.insert(sample());
  expect(await stores.connections.setStatus(id, 'needs_reauth', 'x'.repeat(900))).toBe(true);
  expect(await stores.connections.setStatus(id, 'needs_reauth', 'x'.repeat(900))).toBe(true);
  expect(await stores.connections.find(id)).toMatchObject({ status: 'needs_reauth', statusReason: 'x'.repeat(500) });
  expect(await stores.connections.setCredentials(id, { username: 'new' })).toBe(true);
  expect(await stores.connections.find(id)).toMatchObject({ credentials: { username: 'new' } });
  expect(await stores.connections.setStatus(999_999, 'active', null)).toBe(false);
  expect(await stores.connections.setCredentials(999_999, {})).toBe(false);
});

describe('a refused token', () => {
  it('is replaced exactly once, however many ask in however many processes', async () => {
    const id = await stores.connections.insert(sample());
    const second = openStores({ mysqlUrl: stores.mysqlUrl, credentialsKey: CREDENTIALS_KEY });
    let issued = 0;
    const issue = async () => {
      issued += 1;
      await delay(50);
      return { accessToken: `token-${issued}`, expiresAtMs: Date.parse('2030-01-01T00:00:00Z') };
    };
    const refreshes = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 ? stores : second).connections.replaceToken(id, 0, issue)),
    );
    expect(issued).toBe(1);
    expect(refreshes.filter((refresh) => refresh?.refreshed)).toHaveLength(1);
    expect(refreshes.every((refresh) => refresh?.generation === 1)).toBe(true);
    expect(await second.connections.find(id)).toMatchObject({
      accessToken: 'token-1',
      tokenGeneration: 1,
      tokenExpiresAtMs: Date.parse('2030-01-01T00:00:00Z'),
    });
    expect((await rowOf(id)).accessToken).toMatch(/^sealed:2:/);
    await second.close();
  });

  it('is stored together with what refreshes it, both sealed, and as it is without', async () => {
    const id = await stores.connections.insert(sample());
    await stores.connections.replaceToken(id, 0, async () => ({
      accessToken: 'CANARY-a',
      refreshToken: 'CANARY-r',
      expiresAtMs: null,
    }));
    const both = await stores.connections.find(id);
    expect(both?.accessToken).toBe('{"accessToken":"CANARY-a","refreshToken":"CANARY-r"}');
    expect((await rowOf(id)).accessToken).toMatch(/^sealed:2:/);
    expect((await rowOf(id)).accessToken).not.toContain('CANARY');
    await stores.connections.replaceToken(id, 1, async () => ({ accessToken: 'alone', expiresAtMs: null }));
    expect(await stores.connections.find(id)).toMatchObject({ accessToken: 'alone', tokenGeneration: 2 });
  });

  it('is replaced again when the new one is refused too', async () => {
    const id = await stores.connections.insert(sample());
    const issue = async () => ({ accessToken: 't', expiresAtMs: null });
    expect(await stores.connections.replaceToken(id, 0, issue)).toEqual({ refreshed: true, generation: 1 });
    expect(await stores.connections.replaceToken(id, 0, issue)).toEqual({ refreshed: false, generation: 1 });
    expect(await stores.connections.replaceToken(id, 1, issue)).toEqual({ refreshed: true, generation: 2 });
  });

  it('stays where it is when the login fails, and the row is free for the next', async () => {
    const id = await stores.connections.insert(sample());
    const before = await rowOf(id);
    await expect(
      stores.connections.replaceToken(id, 0, () => Promise.reject(new Error('login refused'))),
    ).rejects.toThrow('login refused');
    expect(await rowOf(id)).toEqual(before);
    expect(
      await stores.connections.replaceToken(id, 0, async () => ({ accessToken: 't', expiresAtMs: null })),
    ).toMatchObject({ refreshed: true });
  });

  it('of no connection is nobody’s', async () => {
    expect(await stores.connections.replaceToken(999_999, 0, () => Promise.reject(new Error('never')))).toBeUndefined();
  });

  it('can be used by programs without a key when there is no key', async () => {
    const plain = createConnectionStore(stores.db, createSecretBox({ current: undefined }));
    const id = await plain.insert(sample());
    await plain.replaceToken(id, 0, async () => ({ accessToken: 'plain-token', expiresAtMs: null }));
    expect(await rowOf(id)).toMatchObject({
      accessToken: 'plain-token',
      inputFields: JSON.stringify(sample().credentials),
    });
    expect(await stores.connections.find(id)).toMatchObject({ accessToken: 'plain-token' });
  });
});
