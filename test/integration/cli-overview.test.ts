import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../src/config';
import { connectorFor } from '../../src/connectors/registry';
import { inventorySyncWorkflowId, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { ACCOUNT_SLUG, ATTENTION, CONNECTION_ID } from '../../src/contracts/search-attributes';
import { storeSubmissions } from '../../src/store/intake';
import { openStores, type Stores } from '../../src/store/stores';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { eventually } from '../stand/waiting';
import { leave } from '../store/lanes';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

const { address, namespace } = freshNamespace();
const NOWHERE = { externalChannelId: null, externalWarehouseId: null, locationId: null, settings: {} };
const AJIO = { username: 'u', password: 'p' };
/** Temporal is not there. */
const SILENT = '127.0.0.1:1';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let stores: Stores;
let temporal: Connection;
let client: Client;
let environment: Record<string, string>;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;

const storeStock = (lines: readonly (readonly [string, number])[]) =>
  storeSubmissions(stores.db, [
    {
      ...{ connectionId: 294, accountSlug: 'spykar', source: 'wms', messageId: 'm-1', publishedAtMs: 1_000 },
      ...{ levelLocationId: '', sumLocations: false },
      lines: lines.map(([listing, quantity], index) => ({ row: index + 1, listing, locationId: '', quantity })),
    },
  ]);

beforeAll(async () => {
  database = await freshDatabase();
  temporal = await Connection.connect({ address });
  client = new Client({ connection: temporal, namespace });
  stores = openStores({ mysqlUrl: database.url, credentialsKey: undefined });
  environment = { MYSQL_URL: database.url, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  cli = cliOn(environment);
  expect((await cli(['setup'])).code).toBe(0);
  const ajio = { ...NOWHERE, channel: 'ajio', accountSlug: 'spykar', credentials: AJIO } as const;
  await stores.connections.insert({ ...ajio, id: 294 });
  await stores.connections.insert({ ...ajio, id: 295, settings: { batchSize: 'many' } });
  const shiphero = { ...NOWHERE, channel: 'shiphero', accountSlug: 'raymond', credentials: AJIO } as const;
  await stores.connections.insert({ ...shiphero, id: 41, settings: { warehouseId: 'W' } });
  await stores.connections.setStatus(295, 'paused', `stocktaking\nuntil ${'somebody says so, '.repeat(20)}`);
  await client.workflow.start('InventorySyncWorkflow', {
    workflowId: inventorySyncWorkflowId(294),
    taskQueue: WORKFLOW_TASK_QUEUE,
    typedSearchAttributes: [
      { key: ATTENTION, value: 'ajio_rate_limited' },
      { key: CONNECTION_ID, value: '294' },
      { key: ACCOUNT_SLUG, value: 'spykar' },
    ],
  });
  await eventually('the run is listed', async () =>
    (await client.workflow.count('Attention IS NOT NULL')).count < 1 ? undefined : true,
  );

  // Two pushes: one was accepted in part, one is throttled and on the wire again.
  await storeStock([
    ['P/1', 5],
    ['P/2', 0],
    ['=cmd|calc/X', 3],
    ['P/3', 2],
  ]);
  const attempt = await leave(stores.pushes, { connectionId: 294, batchSize: 10 });
  if (!attempt) throw new Error('there is nothing to send');
  const refusals: Record<string, string> = {
    'P/3': 'Product P/3 not found',
    '=cmd|calc/X': '=HYPERLINK("http://127.0.0.1/","Product not found")',
  };
  const verdicts = attempt.lines.map(({ listing }) => {
    const message = refusals[listing];
    return message === undefined
      ? ({ listing, verdict: 'accepted' } as const)
      : { listing, verdict: 'rejected' as const, message };
  });
  await stores.pushes.settle(attempt.pushId, 1, attempt.lines, verdicts, Date.now());
  await stores.db.change(
    "UPDATE stock_levels SET state = 'dirty', revision = revision + 1 WHERE listing IN ('P/1', 'P/2')",
  );
  const throttled = { type: 'ChannelRateLimited', message: 'Ajio: answered 429', mayStillApply: false } as const;
  const second = await leave(stores.pushes, { connectionId: 294, batchSize: 10 });
  const pushId = second?.pushId ?? '';
  await stores.pushes.fail(pushId, 1, [], throttled);
  await leave(stores.pushes, { connectionId: 294, batchSize: 10, pushId });
  await stores.gates.hold(await gateKey(294), 120_000);
  await stores.credits.learn(await gateKey(41), { left: 3_000, max: 4_004, perSecond: 60 });
});

/** The key as the connector names it. */
async function gateKey(id: number): Promise<string> {
  const connection = await stores.connections.find(id);
  if (!connection) throw new Error(`there is no connection ${id}`);
  return connectorFor(connection.channel).gate(connection, loadConfig(environment).endpoints).key;
}

afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([stores.close(), temporal.close()]);
  await database.drop();
});

describe('connections list', () => {
  it('has one row for each with what waits, what was refused, the closed gate, who is asked, and why', async () => {
    const { code, out } = await cli(['connections', 'list']);
    expect(code).toBe(0);
    const rows = out.trimEnd().split('\n');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(
      /^id +channel +account +location +status +waiting +zeros +oldest +accepted +rejected +gate +asks for +reason$/,
    );
    const closed = /^294 +ajio +spykar +– +active +2 +1 +\d+ s +\d+ s +2 +closed \d+ s +ajio_rate_limited +–$/;
    expect(rows.find((row) => row.startsWith('294'))).toMatch(closed);
    expect(rows.find((row) => row.startsWith('295'))).toMatch(
      / paused +0 +0 +– +– +0 +\? +– +stocktaking until somebody .*…$/,
    );
    for (const row of rows) expect(row.length).toBeLessThan(180);
  });

  it('says the same as JSON', async () => {
    const [shiphero, throttled] = jsonOf(await cli(['connections', 'list', '--json'])) as object[];
    expect(throttled).toMatchObject({
      id: 294,
      work: {
        ...{ waiting: 2, waitingInPushes: 2, waitingZeros: 1, rejected: 2 },
        ...{ oldestWaitingSince: expect.any(String), lastAcceptedAt: expect.any(String) },
        gate: { closedUntil: expect.any(String), reservedUntil: null },
        questions: [{ attention: 'ajio_rate_limited', runs: 1 }],
      },
    });
    expect(shiphero).toMatchObject({ id: 41, work: { waiting: 0, lastAcceptedAt: null, questions: [] } });
  });

  it('tells what it can while Temporal is away, and that it does not know who is asked', async () => {
    const away = cliOn({ ...environment, TEMPORAL_ADDRESS: SILENT });
    const { code, out } = await away(['connections', 'list', '--account', 'spykar']);
    expect(code).toBe(0);
    expect(out).toMatch(/^294 .* closed \d+ s +– +–$/m);
    expect(out).toContain('Whether anybody is asked is unknown: Temporal does not answer at 127.0.0.1:1');
    const [first] = jsonOf(await away(['connections', 'list', '--account', 'spykar', '--json'])) as object[];
    expect(first).toMatchObject({ work: { questions: null } });
    expect((await away(['connections', 'show', '294'])).out).toMatch(/^asks for +unknown: Temporal does not/m);
  });
});

describe('connections show', () => {
  it('tells how the stock stands, why nothing leaves and what it met last', async () => {
    const { code, out } = await cli(['connections', 'show', '294']);
    expect(code).toBe(0);
    expect(out).toMatch(/^waiting +2 lines, 1 of them at zero$/m);
    expect(out).toMatch(/^last accepted +20\d\d-\S+Z \(\d+ s ago\)$/m);
    expect(out).toMatch(/^rejected +2: see `rejected 294`$/m);
    expect(out).toMatch(
      /^rate limit +closed until \S+Z \(in \d+ s\): the channel asked for a pause \(Ajio: answered 429\)$/m,
    );
    expect(out).toMatch(
      /^last trouble +\S+ \(2 lines, open\): 2 attempts, .* 1 without an answer yet; ChannelRateLimited: Ajio: answered 429$/m,
    );
    expect(out).toMatch(/^asks for +ajio_rate_limited$/m);
    expect(jsonOf(await cli(['connections', 'show', '294', '--json']))).toMatchObject({
      stock: { claimed: 2, rejected: 2 },
      lastTrouble: { attempts: 2, unanswered: 1, errorType: 'ChannelRateLimited' },
      sync: { status: 'RUNNING', attention: 'ajio_rate_limited' },
    });
  });

  it('tells credits where they are counted, and that nobody knows the gate where settings do not fit', async () => {
    expect((await cli(['connections', 'show', '41'])).out).toMatch(
      /^credits +\d+ of 4004 left, 60 come back each second; read /m,
    );
    const broken = await cli(['connections', 'show', '295']);
    expect(broken.out).toMatch(/^rate limit +unknown: settings or credentials do not fit$/m);
    expect(broken.out).toContain('settings do not fit:');
  });
});

describe('why', () => {
  it('shows failed and unanswered attempts and the closed gate', async () => {
    const { code, out } = await cli(['why', '294', 'P/1']);
    expect(code).toBe(0);
    expect(out).toMatch(/^rate limit +closed until .*the channel asked for a pause \(Ajio: answered 429\)$/m);
    expect(out).toMatch(
      /^push +\S+ \(2 lines, open\): 2 attempts, the last one .*; 1 without an answer yet; ChannelRateLimited/m,
    );
    expect(out).toContain('Attempts of the connection that failed or were not answered, newest first:');
    expect(out).toMatch(
      / open +2 +1 without an answer yet +ChannelRateLimited: Ajio: answered 429 +\S+, with this listing$/m,
    );
    const told = jsonOf(await cli(['why', '294', 'P/1', '--json']));
    expect(told).toMatchObject({
      gate: { closedUntil: expect.any(String), reservedUntil: null },
      levels: [{ state: 'claimed', push: { attempts: 2, unanswered: 1, errorType: 'ChannelRateLimited' } }],
      troubledPushes: [{ errorType: 'ChannelRateLimited', error: 'Ajio: answered 429' }],
    });
  });

  it('shows them for a listing that is in none of them, too', async () => {
    const { out } = await cli(['why', '294', 'P/3']);
    expect(out).toMatch(/ open +2 +1 without an answer yet +ChannelRateLimited: Ajio: answered 429 +\w+$/m);
    expect(out).not.toContain('with this listing');
  });
});

describe('rejected', () => {
  it('groups what was refused by reason', async () => {
    const { code, out } = await cli(['rejected', '294']);
    expect(code).toBe(0);
    expect(out).toContain('Connection 294: 2 lines refused, 2 reasons.\n');
    expect(out).toMatch(/\nProduct … not found\n {2}1 line, since \S+Z \(\d+ s ago\)\n {2}P\/3 \(wanted 2\)\n/);
    expect(out).toContain('`redrive --rejected --connection 294`');
    expect(jsonOf(await cli(['rejected', '294', '--json']))).toMatchObject({
      ...{ connectionId: 294, lines: 2 },
      reasons: expect.arrayContaining([
        expect.objectContaining({
          reason: 'Product … not found',
          lines: 1,
          samples: [expect.objectContaining({ desiredQuantity: 2 })],
        }),
      ]),
    });
    expect((await cli(['rejected', '41'])).out).toBe('Connection 41: the channel has refused no line.\n');
  });

  it('prints every line as CSV that no spreadsheet runs', async () => {
    const { code, out } = await cli(['rejected', '294', '--csv']);
    expect(code).toBe(0);
    const rows = out.split('\r\n');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toBe('sku,quantity,location,accepted,since,error');
    expect(rows.slice(1, 3).sort()).toEqual([
      expect.stringMatching(
        /^'=cmd\|calc\/X,3,,,20\d\d-[^,]+Z,"'=HYPERLINK\(""http:\/\/127\.0\.0\.1\/"",""Product not found""\)"$/,
      ),
      expect.stringMatching(/^P\/3,2,,,20\d\d-[^,]+Z,Product P\/3 not found$/),
    ]);
    expect(jsonOf(await cli(['rejected', '294', '--csv', '--json']))).toMatchObject({ lines: 2, rows: [{}, {}] });
  });
});
