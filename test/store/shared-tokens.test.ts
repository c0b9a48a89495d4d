import { setTimeout as delay } from 'node:timers/promises';
import type { StoredToken } from '../../src/store/connection-tokens';
import { openStores, type StoreOptions, type Stores } from '../../src/store/stores';
import { CREDENTIALS_KEY, only, openTestStores, type TestStores } from './open-store';

/** The connection of every test; its row is made by another program, which logs in by itself. */
const ID = 294;

let stores: TestStores;
const opened: Stores[] = [];
let logins: string[];

beforeEach(async () => {
  stores = await openTestStores();
  logins = [];
  await stores.db.change(`INSERT INTO ie_appinstall_connection (id, inputFields) VALUES (${ID}, '{"username":"u"}')`);
  await stores.connections.insert({
    id: ID,
    channel: 'ajio',
    accountSlug: 'spykar',
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials: undefined,
    settings: {},
  });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await stores.close();
});

function processWith(options: Partial<StoreOptions> = {}): Stores {
  const one = openStores({ mysqlUrl: stores.mysqlUrl, credentialsKey: CREDENTIALS_KEY, ...options });
  opened.push(one);
  return one;
}

/** What another program does to the row. */
const puts = (accessToken: string) =>
  stores.db.change('UPDATE ie_appinstall_connection SET accessToken = ? WHERE id = ?', [accessToken, ID]);
const shared = async () =>
  only(
    await stores.db.select<{ accessToken: string | null }>(
      `SELECT accessToken FROM ie_appinstall_connection WHERE id = ${ID}`,
    ),
  ).accessToken;

/** A login of ours, each with a token of its own. */
const login = async (token: Partial<StoredToken> = {}): Promise<StoredToken> => {
  logins.push(`login-${logins.length + 1}`);
  return { accessToken: logins.at(-1) ?? '', expiresAtMs: null, ...token };
};
const noLogin = () => Promise.reject(new Error('a login'));

const inUse = async (of: Stores = stores) => {
  const found = await of.connections.find(ID);
  if (!found) throw new Error('there is no connection');
  return { token: found.accessToken, generation: found.tokenGeneration };
};
/** The channel has refused the token that is in use. */
const refused = async (issue: () => Promise<StoredToken> = noLogin, of: Stores = stores) =>
  of.connections.replaceToken(ID, (await inUse(of)).generation, () => issue());
/** The channel has taken the token that is in use. */
const taken = async () => stores.workingTokens.note(ID, (await inUse()).generation);

it('that another program has put there is used, without a login', async () => {
  expect(await inUse()).toEqual({ token: null, generation: 0 });
  await puts('theirs');
  expect(await inUse()).toEqual({ token: 'theirs', generation: 1 });
  expect(await stores.db.select('SELECT 1 FROM connections WHERE accessToken LIKE ?', ['%theirs%'])).toEqual([]);
});

it('that came after ours was refused is used before a login is made', async () => {
  await refused(login);
  await puts('theirs');
  // Ours may live on: nobody has refused it.
  expect(await inUse()).toEqual({ token: 'login-1', generation: 1 });
  expect(await refused()).toEqual({ refreshed: false, generation: 2, adopted: true });
  expect(await inUse()).toEqual({ token: 'theirs', generation: 2 });
  expect(logins).toHaveLength(1);
});

it.each(['theirs', ' theirs ', '"theirs"', '{"access_token":"theirs"}', '{"accessToken":"theirs","expires":1}'])(
  'is the same in every spelling: %s is no other than the refused one',
  async (spelling) => {
    await puts('theirs');
    await taken();
    await puts(spelling);
    expect(await refused(login)).toEqual({ refreshed: true, generation: 2 });
  },
);

it('is used from then on as the other program replaces it, and each is another generation', async () => {
  for (const [index, token] of ['theirs-1', 'theirs-2', 'theirs-3'].entries()) {
    await puts(token);
    expect(await inUse()).toEqual({ token, generation: index + 1 });
    await taken();
  }
  expect(await refused(login)).toEqual({ refreshed: true, generation: 4 });
});

it('costs one login for each that was refused, however many ask in however many processes', async () => {
  const processes = [stores, processWith()];
  const slowly = async () => {
    await delay(20);
    return login();
  };
  const ask = (generation: number) =>
    Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? stores : (processes[1] ?? stores)).connections.replaceToken(ID, generation, slowly),
      ),
    );
  await ask(0);
  await puts('theirs');
  expect(new Set((await ask(1)).map((refresh) => refresh?.generation))).toEqual(new Set([2]));
  await ask(2);
  expect(await inUse()).toEqual({ token: 'login-2', generation: 3 });
  expect(logins).toEqual(['login-1', 'login-2']);
});

it('that was dead when it came is followed by a login, and not by the next dead one', async () => {
  await refused(login);
  for (let round = 1; round <= 3; round++) {
    await taken();
    await puts(`dead-${round}`);
    await refused();
    expect(await inUse()).toMatchObject({ token: `dead-${round}` });
    await puts(`dead-too-${round}`);
    await refused(login);
    const { token } = await inUse();
    expect(token).toBe(`login-${round + 1}`);
    await puts(`dead-at-once-${round}`);
    expect(await inUse()).toMatchObject({ token });
    // What stood there when we logged in is not tried at the next refusal either.
    await puts(`dead-too-${round}`);
  }
  expect(logins).toHaveLength(4);
});

it('is not waited for by those who only read, while a login holds the row', async () => {
  await puts('theirs');
  await taken();
  let finish = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const refreshing = refused(async () => {
    begin();
    await waiting;
    return login();
  });
  await begun;
  await puts('theirs-2');
  expect(await inUse(processWith())).toEqual({ token: 'theirs', generation: 1 });
  finish();
  expect(await refreshing).toEqual({ refreshed: true, generation: 2 });
});

describe('a token of our own', () => {
  it('stays ours, sealed, and leaves the shared column as it was', async () => {
    await puts('theirs');
    await taken();
    await refused(() => login({ accessToken: 'CANARY' }));
    expect(await shared()).toBe('theirs');
    expect(JSON.stringify(await stores.db.select('SELECT * FROM connections'))).not.toContain('CANARY');
  });

  it.each([
    [null, 'login-1'],
    ['theirs', 'login-1'],
    [
      '{"access_token":"theirs","refresh_token":"r","scope":"all"}',
      '{"access_token":"login-1","refresh_token":"r-2","scope":"all"}',
    ],
    ['{"other":1}', 'login-1'],
  ])('takes the place of %s where others read it', async (before, after) => {
    const sharing = processWith({ sharedConnections: true });
    if (before !== null) await puts(before);
    if ((await inUse()).token !== null) await taken();
    await refused(() => login({ refreshToken: 'r-2' }), sharing);
    expect(await shared()).toBe(after);
    // It is not taken for another program's, and nobody needs a login for it.
    expect(await inUse()).toMatchObject({ token: '{"accessToken":"login-1","refreshToken":"r-2"}' });
    await refused(login, sharing);
    expect(logins).toHaveLength(2);
  });

  it('is kept when the shared column does not take it, and that is said', async () => {
    await stores.db.change('ALTER TABLE ie_appinstall_connection MODIFY accessToken VARCHAR(5)');
    const sharing = processWith({ sharedConnections: true });
    expect(await refused(login, sharing)).toEqual({ refreshed: true, generation: 1, sharedFault: 'ER_DATA_TOO_LONG' });
    expect(await inUse()).toEqual({ token: 'login-1', generation: 1 });
  });

  it('stands as JSON where the column takes nothing else', async () => {
    await stores.db.change('ALTER TABLE ie_appinstall_connection MODIFY accessToken JSON');
    const sharing = processWith({ sharedConnections: true });
    expect(await refused(login, sharing)).toEqual({ refreshed: true, generation: 1 });
    const [row] = await stores.db.select<{ text: string }>(
      'SELECT CAST(accessToken AS CHAR) AS text FROM ie_appinstall_connection',
    );
    expect(row?.text).toBe('"login-1"');
  });

  it('keeps what refreshes it when another program’s token is used in between', async () => {
    await refused(() => login({ refreshToken: 'r-1' }));
    await puts('theirs');
    await refused();
    expect(await inUse()).toMatchObject({ token: '{"accessToken":"theirs","refreshToken":"r-1"}' });
  });
});

describe('credentials', () => {
  const credentials = async () => (await stores.connections.find(ID))?.credentials;
  const change = (inputFields: string) =>
    stores.db.change('UPDATE ie_appinstall_connection SET inputFields = ?', [inputFields]);

  it('are read where another program changes them, until they are sealed here', async () => {
    await change('{"username":"changed"}');
    expect(await credentials()).toEqual({ username: 'changed' });
    expect(await stores.seals.count()).toEqual([{ column: 'inputFields', keyId: null, connections: 1, firstId: ID }]);
    await stores.connections.setCredentials(ID, { username: 'ours' });
    await change('{"username":"changed again"}');
    expect(await credentials()).toEqual({ username: 'ours' });
    await processWith({ sharedConnections: true }).connections.setCredentials(ID, { username: 'ours again' });
    expect(await credentials()).toEqual({ username: 'ours again' });
  });

  it('can be sealed in a copy of ours, which counts from then on; the shared column stays plain', async () => {
    expect(await stores.seals.renew(ID, { sealPlain: true, dryRun: false })).toEqual([
      { column: 'inputFields', did: 'renewed' },
    ]);
    await change('{"username":"changed"}');
    expect(await credentials()).toEqual({ username: 'u' });
  });
});
