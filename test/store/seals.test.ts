import { setTimeout as delay } from 'node:timers/promises';
import { ajioConnector } from '../../src/connectors/ajio';
import type { Connection } from '../../src/contracts/connection';
import { keyIdOf } from '../../src/store/secret-box';
import { openStores, type StoreOptions, type Stores } from '../../src/store/stores';
import { CREDENTIALS_KEY, only, openTestStores, type TestStores } from './open-store';

const NEXT_KEY = Buffer.alloc(32, 8);
const [OLD, NEXT] = [CREDENTIALS_KEY, NEXT_KEY].map(keyIdOf);
const PLAIN = { sealPlain: false, dryRun: false };

let stores: TestStores;
const opened: Stores[] = [];
beforeEach(async () => {
  stores = await openTestStores();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await stores.close();
});

/** Another process on the same database, with keys of its own. */
function processWith(keys: Omit<StoreOptions, 'mysqlUrl'>): Stores {
  const one = openStores({ mysqlUrl: stores.mysqlUrl, ...keys });
  opened.push(one);
  return one;
}
const rotating = () => processWith({ credentialsKey: NEXT_KEY, credentialsReadKeys: [CREDENTIALS_KEY] });

async function add(id: number, token?: string, to: Pick<Stores, 'connections'> = stores): Promise<void> {
  await to.connections.insert({
    id,
    channel: 'ajio',
    accountSlug: 'spykar',
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials: { username: `u${id}`, password: 'CANARY' },
    settings: {},
  });
  if (token !== undefined) await to.connections.replaceToken(id, 0, async () => tokenOf(token));
}

const tokenOf = (accessToken: string) => ({ accessToken, refreshToken: `${accessToken}-r`, expiresAtMs: null });
/** How a token and what refreshes it stand in the row once it is open. */
const columnOf = (accessToken: string) => JSON.stringify({ accessToken, refreshToken: `${accessToken}-r` });
const stored = async (id: number) =>
  only(
    await stores.db.select<{ inputFields: string; accessToken: string | null }>(
      'SELECT inputFields, accessToken FROM connections WHERE id = ?',
      [id],
    ),
  );

it('counts values by the key that they are sealed with', async () => {
  await add(1, 'a');
  await add(2);
  await add(3, 'c', rotating());
  await stores.db.change(
    `INSERT INTO connections (id, channel, accountSlug, inputFields, accessToken) VALUES
       (4, 'ajio', 'plain', '{}', 'sealed, it says'), (5, 'ajio', 'plain', NULL, ''), (6, 'elsewhere', 'x', 'sealed:1:beef:x', NULL)`,
  );
  const counts = await stores.seals.count();
  expect(counts).toHaveLength(6);
  expect(counts).toEqual(
    expect.arrayContaining([
      { column: 'inputFields', keyId: null, connections: 1, firstId: 4 },
      { column: 'inputFields', keyId: OLD, connections: 2, firstId: 1 },
      { column: 'inputFields', keyId: NEXT, connections: 1, firstId: 3 },
      { column: 'accessToken', keyId: null, connections: 1, firstId: 4 },
      { column: 'accessToken', keyId: OLD, connections: 1, firstId: 1 },
      { column: 'accessToken', keyId: NEXT, connections: 1, firstId: 3 },
    ]),
  );
  expect(await stores.seals.ids()).toEqual([1, 2, 3, 4]);
});

describe('the keys that a process needs', () => {
  const sentence = (keys: Omit<StoreOptions, 'mysqlUrl'>) =>
    processWith(keys)
      .seals.requireKeys()
      .then(
        () => 'has them',
        (error: Error) => error.message,
      );

  it('are none while nothing is sealed, and while there are no tables', async () => {
    await stores.db.change(
      "INSERT INTO connections (id, channel, accountSlug, inputFields) VALUES (4, 'ajio', 'plain', '{}')",
    );
    expect(await sentence({ credentialsKey: undefined })).toBe('has them');
    await stores.db.change('DROP TABLE connections');
    expect(await sentence({ credentialsKey: undefined })).toBe('has them');
  });

  it('are those of every sealed value', async () => {
    await add(1, 'a');
    expect(await sentence({ credentialsKey: CREDENTIALS_KEY })).toBe('has them');
    expect(await sentence({ credentialsKey: NEXT_KEY, credentialsReadKeys: [CREDENTIALS_KEY] })).toBe('has them');
    expect(await sentence({ credentialsKey: undefined })).toContain(
      `connection 1 with key ${OLD} is sealed, and CREDENTIALS_KEY is not set`,
    );
    expect(await sentence({ credentialsKey: NEXT_KEY })).toContain(
      `connection 1 with key ${OLD} is sealed, and the keys given are ${NEXT}`,
    );
    await add(2, 'b', rotating());
    expect(await sentence({ credentialsKey: CREDENTIALS_KEY })).toContain(`connection 2 with key ${NEXT}`);
  });
});

describe('a row that cannot be opened', () => {
  const open = (connection: Connection) =>
    ajioConnector.open(connection, {
      http: { send: () => Promise.reject(new Error('nothing is sent')), close: async () => undefined },
      endpoints: { AJIO_BASE_URL: 'http://127.0.0.1:1' },
      now: Date.now,
    });

  it('names connection, column and key, and hides none of the account’s others', async () => {
    await add(1, 'a', processWith({ credentialsKey: NEXT_KEY }));
    await add(2, 'b');
    const [closed, good] = await stores.connections.list({ accountSlug: 'spykar' });
    const fault = `connection 1: inputFields is sealed with key ${NEXT}, and this process does not have that key`;
    expect(closed).toMatchObject({ id: 1, credentials: {}, accessToken: null, sealFault: fault });
    expect(good).toMatchObject({ id: 2, credentials: { username: 'u2' } });
    expect(good).not.toHaveProperty('sealFault');
    if (!closed || !good) throw new Error('both rows were expected');
    expect(() => open(closed)).toThrow(expect.objectContaining({ type: 'InputInvalid', message: `ajio, ${fault}` }));
    expect(() => open(good)).not.toThrow();
  });

  it('is one whose values were copied from another row, or from another column', async () => {
    await add(1, 'a');
    await add(2, 'b');
    const copies = [
      [
        'UPDATE connections a JOIN connections b ON b.id = 1 SET a.inputFields = b.inputFields WHERE a.id = 2',
        'inputFields',
      ],
      [
        'UPDATE connections a JOIN connections b ON b.id = 1 SET a.accessToken = b.accessToken WHERE a.id = 2',
        'accessToken',
      ],
      ['UPDATE connections SET accessToken = inputFields WHERE id = 2', 'accessToken'],
    ] as const;
    for (const [copy, column] of copies) {
      const before = await stored(2);
      await stores.db.change(copy);
      expect((await stores.connections.find(2))?.sealFault).toContain(`connection 2: ${column} cannot be opened`);
      await stores.db.change('UPDATE connections SET inputFields = ?, accessToken = ? WHERE id = 2', [
        before.inputFields,
        before.accessToken,
      ]);
      expect(await stores.connections.find(2)).not.toHaveProperty('sealFault');
    }
  });

  it('works again with new credentials; a token that cannot be opened is forgotten, a good one stays', async () => {
    await add(1, 'a', processWith({ credentialsKey: NEXT_KEY }));
    await add(2, 'b');
    for (const id of [1, 2]) expect(await stores.connections.setCredentials(id, { username: 'new' })).toBe(true);
    expect(await stores.connections.find(1)).toMatchObject({ credentials: { username: 'new' }, accessToken: null });
    expect((await stores.connections.find(2))?.accessToken).toContain('"accessToken":"b"');
    await expect(stores.seals.requireKeys()).resolves.toBeUndefined();
  });
});

describe('rotation', () => {
  it('seals a row with the current key, once, and leaves what is plain', async () => {
    await add(1, 'a');
    await stores.db.change(
      "INSERT INTO connections (id, channel, accountSlug, inputFields, accessToken) VALUES (4, 'ajio', 'plain', '{}', '')",
    );
    const { seals } = rotating();
    const before = await stored(1);
    const both = (did: string) => [
      { column: 'inputFields', did },
      { column: 'accessToken', did },
    ];
    expect(await seals.renew(1, { ...PLAIN, dryRun: true })).toEqual(both('renewed'));
    expect(await stored(1)).toEqual(before);
    expect(await seals.renew(1, PLAIN)).toEqual(both('renewed'));
    expect(await seals.renew(1, PLAIN)).toEqual(both('current'));
    expect(await seals.renew(4, PLAIN)).toEqual([{ column: 'inputFields', did: 'plain' }]);
    expect(await seals.renew(4, { ...PLAIN, sealPlain: true })).toEqual([{ column: 'inputFields', did: 'renewed' }]);
    expect(await seals.renew(99, PLAIN)).toEqual([]);
    const after = processWith({ credentialsKey: NEXT_KEY });
    expect(await after.connections.find(1)).toMatchObject({ credentials: { username: 'u1' }, tokenGeneration: 1 });
    expect((await after.connections.find(1))?.accessToken).toContain('"accessToken":"a"');
    await expect(after.seals.requireKeys()).resolves.toBeUndefined();
  });

  it('renews what it can of a row, and leaves what it cannot open as it is', async () => {
    await add(1, 'a', processWith({ credentialsKey: Buffer.alloc(32, 3) }));
    await stores.connections.setCredentials(1, { username: 'u' });
    await stores.db.change("UPDATE connections SET accessToken = 'sealed:2:0badf00d:AAAA:AAAA' WHERE id = 1");
    const [credentials, token] = await rotating().seals.renew(1, PLAIN);
    expect(credentials).toEqual({ column: 'inputFields', did: 'renewed' });
    expect(token).toMatchObject({ did: 'failed', fault: expect.stringContaining('sealed with key 0badf00d') });
    expect((await stored(1)).accessToken).toBe('sealed:2:0badf00d:AAAA:AAAA');
  });

  it('loses no token and brings none back, however many are replaced meanwhile', async () => {
    const ids = [1, 2, 3, 4];
    for (const id of ids) await add(id, 'token-1');
    // Workers that seal with the old key and can open the new one, and workers that were restarted with the new one.
    const workers = [processWith({ credentialsKey: CREDENTIALS_KEY, credentialsReadKeys: [NEXT_KEY] }), rotating()];
    const issued = new Map<number, string>();
    let isOver = false;
    let replacements = 0;
    const refresh = async (worker: Stores) => {
      while (!isOver) {
        for (const id of ids) {
          const seen = await worker.connections.find(id);
          if (!seen || seen.sealFault !== undefined) throw new Error(seen?.sealFault ?? 'gone');
          // A single-use refresh token: whoever holds an older one is locked out for good.
          await worker.connections.replaceToken(id, seen.tokenGeneration, async (current) => {
            expect(current.accessToken).toBe(columnOf(issued.get(id) ?? 'token-1'));
            await delay(2);
            const token = `token-${current.tokenGeneration + 1}`;
            issued.set(id, token);
            replacements += 1;
            return tokenOf(token);
          });
        }
      }
    };
    const { seals } = rotating();
    let renewals = 0;
    const renew = async () => {
      try {
        while (renewals <= 20 || replacements <= 100) {
          const done = await Promise.all(ids.map((id) => seals.renew(id, PLAIN)));
          renewals += done.flat().filter(({ did }) => did === 'renewed').length;
        }
      } finally {
        isOver = true;
      }
    };
    await Promise.all([...workers.map(refresh), renew()]);
    for (const id of ids) await seals.renew(id, PLAIN);
    const after = processWith({ credentialsKey: NEXT_KEY });
    await expect(after.seals.requireKeys()).resolves.toBeUndefined();
    let generations = 0;
    for (const connection of await after.connections.list()) {
      expect(connection.accessToken).toContain(`"accessToken":"${issued.get(connection.id)}"`);
      expect(issued.get(connection.id)).toBe(`token-${connection.tokenGeneration}`);
      generations += connection.tokenGeneration;
    }
    expect(generations).toBe(ids.length + replacements);
  });
});
