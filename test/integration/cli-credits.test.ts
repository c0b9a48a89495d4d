import { openStores, type Stores } from '../../src/store/stores';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { eventually } from '../stand/waiting';
import { USER, WAREHOUSE } from '../twins/shiphero-calls';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

const CREDENTIALS_KEY = Buffer.alloc(32, 7);
const LOGIN = '{"username":"demo-shiphero","password":"demo-password"}';
const SETTINGS = JSON.stringify({ warehouseId: WAREHOUSE });
const ADD = ['connections', 'add', '--channel', 'shiphero', '--account', 'spykar'];

const { address, namespace } = freshNamespace();

let database: Awaited<ReturnType<typeof freshDatabase>>;
let twin: ShipheroTwin;
let stores: Stores;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;

beforeAll(async () => {
  database = await freshDatabase();
  twin = await startShipheroTwin();
  stores = openStores({ mysqlUrl: database.url, credentialsKey: CREDENTIALS_KEY });
  cli = cliOn({
    MYSQL_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    SHIPHERO_BASE_URL: twin.url,
    CREDENTIALS_KEY: CREDENTIALS_KEY.toString('base64'),
  });
  expect((await cli(['setup'])).code).toBe(0);
  const added = await cli([...ADD, '--id', '41', '--settings', SETTINGS, '--credentials-stdin', '--json'], LOGIN);
  expect(jsonOf(added)).toEqual({ id: 41, channel: 'shiphero', accountSlug: 'spykar' });
});
afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([stores.close(), twin.stop()]);
  await database.drop();
});

it('asks for the settings and the ways in that a channel needs', async () => {
  const { code, err } = await cli([...ADD, '--credentials', '{"username":"u"}']);
  expect(code).toBe(1);
  expect(err).toContain('credentials.password: is missing beside username');
  expect(err).toContain('settings.warehouseId:');
});

it('logs in, tells the credits where a channel counts them, and from then on refreshes', async () => {
  const first = await cli(['connections', 'test', '41']);
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toContain('✓ login: new token, generation 1');
  expect(first.out).toContain('· read stock: ShipHero shows no stock to us');
  expect(first.out).toContain('✓ read credits: 4003 of 4004 left, 60 come back each second');
  expect((await cli(['connections', 'test', '41', '--json'])).code).toBe(0);
  expect(twin.state()).toMatchObject({ logins: { [USER]: 1 }, refreshes: { [USER]: 1 } });
  const row = await stores.connections.find(41);
  expect(row).toMatchObject({ tokenGeneration: 2, accessToken: expect.stringContaining('"refreshToken"') });
});

it('fails when the login works and the API does not', async () => {
  twin.setFaults([{ kind: 'status', status: 500, on: { path: '/graphql' } }]);
  // The tests before may have taken every slot of the rate limit.
  const { code, out } = await eventually('a slot to try it with', async () => {
    const run = await cli(['connections', 'test', '41']);
    return run.out.includes('the rate limit lets nothing pass') ? undefined : run;
  });
  twin.clearFaults();
  expect(code).toBe(1);
  expect(out).toContain('✗ read credits: ChannelUnavailable');
});
