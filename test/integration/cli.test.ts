import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { runSetup } from '../../src/cli/setup';
import { SWEEP_SCHEDULE_ID } from '../../src/contracts/ids';
import { openStores, type Stores } from '../../src/store/stores';
import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { eventually } from '../stand/waiting';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

const CREDENTIALS_KEY = Buffer.alloc(32, 7);
const { address, namespace } = freshNamespace();

let database: Awaited<ReturnType<typeof freshDatabase>>;
let twin: AjioTwin;
let stores: Stores;
let temporal: Connection;
let environment: Record<string, string>;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;

beforeAll(async () => {
  database = await freshDatabase();
  twin = await startAjioTwin();
  temporal = await Connection.connect({ address });
  stores = openStores({ mysqlUrl: database.url, credentialsKey: CREDENTIALS_KEY });
  environment = {
    MYSQL_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    AJIO_BASE_URL: twin.url,
    OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    OUTBOUND_ALLOW_PRIVATE: 'true',
    CREDENTIALS_KEY: CREDENTIALS_KEY.toString('base64'),
  };
  cli = cliOn(environment);
});

afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([stores.close(), temporal.close(), twin.stop()]);
  await database.drop();
});

describe('setup', () => {
  it('is asked for by a command that finds no tables', async () => {
    const { code, err } = await cli(['connections', 'list']);
    expect({ code, err }).toEqual({ code: 1, err: '✗ the tables are not there yet: run `setup` first\n' });
  });

  it('makes everything ready, and does nothing the second time', async () => {
    const first = await cli(['setup']);
    const found = 'ie_appinstall_connection: not there, is made with id, inputFields, accessToken\n';
    expect(first).toMatchObject({ code: 0, err: found });
    expect(first.out).toMatch(/^\d+ migrations ran: 001_/m);
    expect(first.out).toContain(`schedule ${SWEEP_SCHEDULE_ID}: created`);
    const again = await cli(['setup', '--json']);
    expect(jsonOf(again)).toEqual({
      migrations: [],
      sharedTable: { found: 'present', otherColumns: [] },
      registered: false,
      searchAttributes: { added: [], total: 6 },
      schedules: [
        { id: SWEEP_SCHEDULE_ID, did: 'unchanged' },
        { id: 'stockbridge-retention', did: 'unchanged' },
      ],
    });
  });

  it('brings a schedule that somebody changed back, and leaves it paused if it was', async () => {
    const handle = new Client({ connection: temporal, namespace }).schedule.getHandle(SWEEP_SCHEDULE_ID);
    await handle.update((previous) => ({ ...previous, spec: { intervals: [{ every: '2 hours' }] } }));
    // Temporal takes up changes that come close together in an order of its own.
    await eventually('the change is taken up', async () =>
      (await handle.describe()).spec.intervals?.[0]?.every === 7_200_000 ? true : undefined,
    );
    await handle.pause('by the test');
    await eventually('it is paused', async () => ((await handle.describe()).state.paused ? true : undefined));
    expect((await cli(['setup'])).out).toContain(`schedule ${SWEEP_SCHEDULE_ID}: updated`);
    const { spec, state, policies } = await eventually('that change is taken up, too', async () => {
      const found = await handle.describe();
      return found.spec.intervals?.[0]?.every === 7_200_000 ? undefined : found;
    });
    expect(spec.intervals?.map(({ every }) => every)).toEqual([60_000]);
    expect(state.paused).toBe(true);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 30_000 });
  });

  it('adds missing search attributes and returns when they can be searched by', async () => {
    const own = `cli-${randomBytes(6).toString('hex')}`;
    await temporal.workflowService.registerNamespace({
      namespace: own,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    const client = new Client({ connection: temporal, namespace: own });
    const result = await runSetup({ db: stores.db, client });
    expect(result.searchAttributes.added).toEqual(
      expect.arrayContaining(['ConnectionId', 'Channel', 'AccountSlug', 'OrderNumber', 'Outcome', 'Attention']),
    );
    expect((await client.workflow.count('Attention IS NOT NULL')).count).toBe(0);
  });

  it('registers a namespace that is not there, and says so', async () => {
    const own = `cli-${randomBytes(6).toString('hex')}`;
    const { code, out } = await cliOn({ ...environment, TEMPORAL_NAMESPACE: own })(['setup']);
    expect(code).toBe(0);
    expect(out).toContain(`namespace ${own}: registered, it was not there\n`);
    expect((await cli(['setup'])).out).toContain(`namespace ${namespace}: there already\n`);
  });
});

describe('connections', () => {
  const GOOD = '{"username":"demo-seller","password":"demo-password"}';

  it('adds a connection under its known id, encrypted, and refuses the same id again', async () => {
    const add = ['connections', 'add', '--channel', 'ajio', '--account', 'spykar', '--id', '294'];
    const added = await cli([...add, '--location', 'POB1', '--credentials-stdin', '--json'], GOOD);
    expect(jsonOf(added)).toEqual({ id: 294, channel: 'ajio', accountSlug: 'spykar' });
    const [row] = await stores.db.select<{ inputFields: string }>('SELECT inputFields FROM connections WHERE id = 294');
    expect(row?.inputFields).toMatch(/^sealed:/);
    const again = await cli([...add, '--credentials', GOOD]);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('--id: there is a connection 294 already');
  });

  it('shows and lists connections without their secrets', async () => {
    const shown = await cli(['connections', 'show', '294', '--json']);
    expect(jsonOf(shown)).toMatchObject({
      id: 294,
      locationId: 'POB1',
      status: 'active',
      credentials: { username: 'set', password: 'set' },
      token: { isSet: false, generation: 0 },
      settings: { batchSize: 20 },
      stock: {},
    });
    const listed = await cli(['connections', 'list', '--account', 'spykar']);
    expect(listed.out).toMatch(/^294 +ajio +spykar +POB1 +active +0 +0 /m);
    for (const { out } of [shown, listed]) expect(out).not.toMatch(/demo-seller|demo-password/);
    expect((await cli(['connections', 'list', '--account', 'raymond', '--json'])).out).toBe('[]\n');
  });

  it('logs in with one call, keeps the token, and reads what the channel shows', async () => {
    const before = await cli(['connections', 'test', '294']);
    expect(before).toMatchObject({ code: 0, err: '' });
    expect(before.out).toContain('✓ login: new token, generation 1');
    expect(before.out).toContain('· read stock: not tried, no listing is known yet');
    expect((await stores.connections.find(294))?.tokenGeneration).toBe(1);

    await stores.db.change(
      `INSERT INTO stock_levels (connectionId, listing, locationId, desiredQuantity, versionAtMs, versionId, desiredAtMs, state, dirtySinceMs)
       VALUES (294, 'P/V', 'POB1', 3, 1, 'm', 1, 'clean', 1)`,
    );
    twin.setState({ stock: { 'demo-seller': { 'P/V': 41 } } });
    const after = await cli(['connections', 'test', '294']);
    expect(after.out).toContain('✓ read stock: 1 listing asked for, the channel knows 1');
    expect((await stores.levels.find(294, 'P/V')).map((level) => level.observedQuantity)).toEqual([41]);
  });

  it('fails, with the channel’s words and no secret, when the login is refused', async () => {
    const wrong = '{"username":"demo-seller","password":"canary-wrong"}';
    await cli(['connections', 'add', '--channel', 'ajio', '--account', 'spykar', '--id', '7', '--credentials', wrong]);
    const { code, out, err } = await cli(['connections', 'test', '7']);
    expect(code).toBe(1);
    expect(out).toContain('✗ login: ChannelAuthFailed: ');
    expect(out).toContain('Invalid username or password');
    expect(out + err).not.toContain('canary-wrong');
    expect((await stores.connections.find(7))?.tokenGeneration).toBe(0);
  });

  it('says which connection it cannot find', async () => {
    const { code, err } = await cli(['connections', 'pause', '12345']);
    expect({ code, err }).toEqual({ code: 1, err: '✗ there is no connection 12345\n' });
  });
});

describe('keys', () => {
  it('prints a key that the gateway takes, once, until it is revoked', async () => {
    const created = await cli(['keys', 'create', '--account', 'spykar', '--name', 'gateway', '--connection', '294']);
    const [key = ''] = /sb_\S+/.exec(created.out) ?? [];
    expect(created.out).toContain('only time that the key is shown');
    const holder = await stores.keys.verify(key);
    expect(holder).toMatchObject({ accountSlug: 'spykar', connectionId: 294 });

    const listed = await cli(['keys', 'list', '--account', 'spykar']);
    expect(listed.out).toContain(holder?.keyId);
    expect(listed.out).not.toContain(key);
    expect((await cli(['keys', 'revoke', holder?.keyId ?? ''])).code).toBe(0);
    expect(await stores.keys.verify(key)).toBeUndefined();
    const again = await cli(['keys', 'revoke', holder?.keyId ?? '']);
    expect(again).toMatchObject({ code: 1, err: `✗ no valid key has the id ${holder?.keyId}\n` });
  });

  it('binds no key to a connection of another account', async () => {
    const { code, err } = await cli(['keys', 'create', '--account', 'raymond', '--name', 'x', '--connection', '294']);
    expect(code).toBe(1);
    expect(err).toContain('connection 294 belongs to account spykar, not to raymond');
  });
});
