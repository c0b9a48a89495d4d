import { type Database, openDatabase } from '../../src/store/database';
import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { only } from '../store/open-store';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

/** The command line on a database whose connections other programs have brought. */

const { address, namespace } = freshNamespace();
const LOGIN = { username: 'demo-seller', password: 'demo-password' };
const ADD = ['connections', 'add', '--channel', 'ajio', '--account', 'spykar'];

let database: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
let twin: AjioTwin;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;
let sharing: typeof cli;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url);
  twin = await startAjioTwin({ accounts: [LOGIN] });
  const environment = {
    MYSQL_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    AJIO_BASE_URL: twin.url,
    OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    OUTBOUND_ALLOW_PRIVATE: 'true',
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  cli = cliOn(environment);
  sharing = cliOn({ ...environment, SHARED_CONNECTIONS: 'true' });
  await db.change(`CREATE TABLE ie_appinstall_connection (id INT PRIMARY KEY, appInstallationId INT NOT NULL, inputFields JSON NOT NULL,
    accessToken VARCHAR(300) NULL, isActive TINYINT NOT NULL DEFAULT 1)`);
  await db.change(
    "INSERT INTO ie_appinstall_connection (id, appInstallationId, inputFields) VALUES (294, 7, ?), (295, 7, '{\"user\":1}'), (296, 7, '[]')",
    [JSON.stringify(LOGIN)],
  );
});
afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([db.close(), twin.stop()]);
  await database.drop();
});

const tokenOf = async (id: number) =>
  only(
    await db.select<{ accessToken: string | null }>('SELECT accessToken FROM ie_appinstall_connection WHERE id = ?', [
      id,
    ]),
  ).accessToken;

it('setup says what it finds before it makes anything, and again when there is nothing to do', async () => {
  const words = 'ie_appinstall_connection: there with appInstallationId, isActive, stays as it is';
  const first = await cli(['setup']);
  expect(first).toMatchObject({ code: 0, err: `${words}\n` });
  const again = await cli(['setup']);
  expect(again).toMatchObject({ code: 0, err: '' });
  expect(again.out).toContain(words);
});

it('a connection takes the row of its id, after a look at what it holds', async () => {
  const added = await cli([...ADD, '--id', '294', '--json']);
  expect(jsonOf(added)).toEqual({ id: 294, channel: 'ajio', accountSlug: 'spykar' });
  expect((await cli(['connections', 'show', '294'])).out).toMatch(/^credentials +username set, password set$/m);
  expect((await cli([...ADD, '--id', '294'])).err).toContain('--id: there is a connection 294 already');
});

it('what does not fit is said by column or option, and nothing is stored', async () => {
  const failing = async (...args: string[]) => {
    const { code, err } = await cli([...ADD, ...args]);
    expect(code).not.toBe(0);
    return err;
  };
  const LOGIN_GIVEN = ['--credentials', JSON.stringify(LOGIN)];
  expect(await failing('--id', '295')).toContain('credentials.username:');
  expect(await failing('--id', '296')).toContain(
    'inputFields of row 296 in ie_appinstall_connection: is not a JSON object',
  );
  expect(await failing('--id', '297')).toContain('ie_appinstall_connection has no row 297 that holds them');
  expect(await failing('--id', '297', ...LOGIN_GIVEN)).toContain('needs a value for appInstallationId, which only');
  expect(await failing(...LOGIN_GIVEN)).toContain('say which one with --id');
  expect(await db.select('SELECT id FROM connections')).toEqual([{ id: 294 }]);
});

it('connections test logs in with the row’s credentials, and uses a token that another program has put there', async () => {
  expect((await cli(['connections', 'test', '294'])).out).toContain('✓ login: new token, generation 1');
  expect(await tokenOf(294)).toBeNull();
  await db.change('UPDATE ie_appinstall_connection SET accessToken = ? WHERE id = 294', [
    twin.issueToken(LOGIN.username),
  ]);
  const { code, out } = await cli(['connections', 'test', '294']);
  expect(code).toBe(0);
  expect(out).toContain(
    '✓ login: not tried, another program has put a token into ie_appinstall_connection, generation 2',
  );
});

it('where others read it, a new token stands in the row; what the column does not take is said', async () => {
  // The token of the other program has not been used yet, so the login is ours.
  expect((await sharing(['connections', 'test', '294'])).out).toContain('✓ login: new token, generation 3');
  expect(await tokenOf(294)).toMatch(/^[\x21-\x7e]+$/);
  await db.change('UPDATE ie_appinstall_connection SET accessToken = NULL');
  await db.change('ALTER TABLE ie_appinstall_connection MODIFY accessToken CHAR(3) NULL');
  expect((await sharing(['connections', 'test', '294'])).out).toContain(
    '✓ login: new token, but ie_appinstall_connection did not take it (ER_DATA_TOO_LONG), generation 4',
  );
});

it('new credentials are sealed in our table, and stand in the row where others read it', async () => {
  const fields = async () =>
    JSON.stringify(only(await db.select('SELECT inputFields FROM ie_appinstall_connection WHERE id = 294')));
  const restore = ['connections', 'restore', '294', '--credentials'];
  await sharing([...restore, '{"username":"shared","password":"p"}']);
  expect(await fields()).toContain('shared');
  await cli([...restore, '{"username":"sealed","password":"p"}']);
  expect(await fields()).not.toContain('sealed');
  expect(jsonOf(await cli(['credentials', 'status', '--json']))).toMatchObject({
    keys: [{ role: 'current', credentials: 1, tokens: 1 }],
  });
});
