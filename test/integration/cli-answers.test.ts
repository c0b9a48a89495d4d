import { Client, Connection } from '@temporalio/client';
import { WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { ACCOUNT_SLUG, ATTENTION, CONNECTION_ID } from '../../src/contracts/search-attributes';
import { openStores, type Stores } from '../../src/store/stores';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { eventually } from '../stand/waiting';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

const { address, namespace } = freshNamespace();
const NOWHERE = { externalChannelId: null, externalWarehouseId: null, locationId: null, settings: {} };

let database: Awaited<ReturnType<typeof freshDatabase>>;
let stores: Stores;
let temporal: Connection;
let client: Client;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;
let person: (args: readonly string[], stdin?: string) => Promise<CliRun>;

/** Opens a run that waits as a real one would show it; no worker listens, so every signal stays to be counted. */
async function openWaitingRun(workflowId: string, attention: string, connectionId: number, accountSlug: string) {
  await client.workflow.start('UnfulfillableOrderWorkflow', {
    workflowId,
    taskQueue: WORKFLOW_TASK_QUEUE,
    typedSearchAttributes: [
      { key: ATTENTION, value: attention },
      { key: CONNECTION_ID, value: String(connectionId) },
      { key: ACCOUNT_SLUG, value: accountSlug },
    ],
  });
}

async function signalsOf(workflowId: string): Promise<string[]> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  return (history.events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
}

const storeOrder = (workflowId: string, connectionId: number, wmsConnectionId: number) =>
  stores.orders.store({
    ...{ workflowId, connectionId, wmsConnectionId },
    workflowIdOfMore: () => 'more',
    accountSlug: 'spykar',
    externalChannelId: 'CH1',
    orderNumber: `O-${workflowId}`,
    vendorOrderNumber: null,
    lines: ['1', '2'].map((number) => ({
      lineItemSequenceNumber: number,
      orderItemId: `I-${number}`,
      itemId: `SKU-${number}`,
      marketplaceItemId: `M-${number}`,
      quantity: 1,
    })),
  });

const RUNS = ['asks-ajio', 'asks-wms', 'asks-second-wms', 'lost-row', 'raymond'];

beforeAll(async () => {
  database = await freshDatabase();
  temporal = await Connection.connect({ address });
  client = new Client({ connection: temporal, namespace });
  stores = openStores({ mysqlUrl: database.url, credentialsKey: undefined });
  const environment = { MYSQL_URL: database.url, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  cli = cliOn(environment);
  person = cliOn(environment, { isInteractive: true });
  expect((await cli(['setup'])).code).toBe(0);
  const spykar = { ...NOWHERE, accountSlug: 'spykar' };
  const ajio = { ...spykar, channel: 'ajio', credentials: { username: 'u', password: 'p' } } as const;
  const wms = { ...spykar, channel: 'eshopbox', credentials: {} } as const;
  await stores.connections.insert({ ...ajio, id: 310 });
  await stores.connections.insert({ ...wms, id: 311 });
  await stores.connections.insert({ ...wms, id: 312 });
  await openWaitingRun('asks-ajio', 'ajio_rejected', 310, 'spykar');
  await openWaitingRun('asks-wms', 'eshopbox_rejected', 310, 'spykar');
  await openWaitingRun('asks-second-wms', 'eshopbox_rejected', 310, 'spykar');
  await openWaitingRun('lost-row', 'eshopbox_unavailable', 310, 'spykar');
  await openWaitingRun('raymond', 'ajio_rejected', 295, 'raymond');
  await storeOrder('asks-ajio', 310, 311);
  await storeOrder('asks-wms', 310, 311);
  await storeOrder('asks-second-wms', 310, 312);
  await eventually('every run is listed', async () =>
    (await client.workflow.count('Attention IS NOT NULL')).count < RUNS.length ? undefined : true,
  );
});

afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([stores.close(), temporal.close()]);
  await database.drop();
});

const found = async (...args: string[]): Promise<string[]> => {
  const { runs } = jsonOf(await cli([...args, '--dry-run', '--json'])) as { runs: { workflowId: string }[] };
  return runs.map(({ workflowId }) => workflowId).sort();
};

describe('runs that wait for a person', () => {
  it('are listed with both sides, and nothing is sent with --dry-run', async () => {
    for (const command of ['retry', 'give-up']) {
      const { code, out } = await cli([command, '--attention', 'all', '--dry-run']);
      expect(code).toBe(0);
      expect(out).toMatch(/^eshopbox_rejected +spykar +310 +311 +asks-wms$/m);
      expect(out).toContain(`5 runs would be ${command === 'retry' ? 'retried' : 'given up'}.`);
    }
    for (const run of RUNS) expect(await signalsOf(run)).toEqual([]);
  });

  it.each(['retry', 'give-up'])('%s finds an order by either side', async (command) => {
    expect(await found(command, '--connection', '310')).toEqual([
      'asks-ajio',
      'asks-second-wms',
      'asks-wms',
      'lost-row',
    ]);
    // An order whose row is gone may be of either WMS of its account.
    expect(await found(command, '--connection', '311')).toEqual(['asks-ajio', 'asks-wms', 'lost-row']);
    expect(await found(command, '--connection', '312', '--attention', 'eshopbox_rejected')).toEqual([
      'asks-second-wms',
    ]);
    expect(await found(command, '--account', 'raymond')).toEqual(['raymond']);
  });

  it.each(['retry', 'give-up'])('%s says what it looked for when nothing waits for it, and fails', async (command) => {
    const none = await cli([command, '--attention', 'ajio_paused', '--account', 'spykar', '--connection', '311']);
    const words = 'Attention ajio_paused, account spykar, connection 311 on either side';
    expect(none).toEqual({ code: 1, err: '', out: `No open run waits for that: ${words}.\n` });
    expect(jsonOf(await cli([command, '--connection', '999', '--json']))).toMatchObject({ runs: [] });
  });

  it('sends retry to those that were asked for, and to no other', async () => {
    const run = await cli(['retry', '--attention', 'eshopbox_rejected', '--connection', '311', '--json']);
    expect(jsonOf(run)).toMatchObject({ retried: ['asks-wms'], dryRun: false });
    expect(await signalsOf('asks-wms')).toEqual(['retry']);
    expect(await signalsOf('asks-ajio')).toEqual([]);
    expect(await cli(['retry', 'lost-row'])).toMatchObject({
      code: 0,
      out: 'lost-row, which waited for eshopbox_unavailable, is retried.\n',
    });
    expect(await signalsOf('lost-row')).toEqual(['retry']);
  });

  it('give-up and confirm answer the one run that is named', async () => {
    expect(await cli(['give-up', 'asks-ajio', '--dry-run'])).toMatchObject({
      out: 'asks-ajio, which waited for ajio_rejected, would be given up.\n',
    });
    expect(await cli(['give-up', 'asks-ajio'])).toMatchObject({
      code: 0,
      out: 'asks-ajio, which waited for ajio_rejected, is given up.\n',
    });
    const confirmed = await cli(['confirm', 'asks-ajio', '--not-cancelled', '--lines', '1, 2', '--json']);
    expect(jsonOf(confirmed)).toMatchObject({ signal: 'confirmNotCancelled', lines: ['1', '2'] });
    expect((await cli(['confirm', 'asks-ajio', '--cancelled'])).out).toContain('every line that is open there');
    expect(await signalsOf('asks-ajio')).toEqual(['giveUp', 'confirmNotCancelled', 'confirmCancelled']);
  });

  it('give-up asks before it ends several, and does it only after a yes or --yes', async () => {
    const several = ['give-up', '--connection', '312'];
    expect(await found(...several)).toEqual(['asks-second-wms', 'lost-row']);
    expect(await cli(several)).toMatchObject({ code: 2, err: '✗ nobody can be asked here: add --yes\n' });
    const no = await person(several, 'n\n');
    expect(no.err).toMatch(/asks-second-wms[\s\S]*Give up 2 runs\? Nobody tries them again\. \[y\/N\]/);
    expect(no).toMatchObject({ code: 1, out: expect.stringContaining('2 runs would be given up; nothing was sent.') });
    expect(await signalsOf('asks-second-wms')).toEqual([]);
    expect(await person(several, 'yes\n')).toMatchObject({ code: 0 });
    expect(await signalsOf('asks-second-wms')).toEqual(['giveUp']);
    expect((await cli([...several, '--yes'])).out).toContain('2 runs given up.');
    expect(await signalsOf('lost-row')).toEqual(['retry', 'giveUp', 'giveUp']);
  });

  it('give-up asks nobody for a single run', async () => {
    expect(await cli(['give-up', '--account', 'raymond'])).toMatchObject({ code: 0 });
    expect(await signalsOf('raymond')).toEqual(['giveUp']);
  });

  it.each([
    [['give-up', 'nobody'], 1, 'workflowId: there is no run nobody'],
    [['confirm', 'asks-ajio'], 2, 'say --cancelled or --not-cancelled'],
    [['confirm', 'asks-ajio', '--cancelled', '--not-cancelled'], 2, 'say --cancelled or --not-cancelled'],
    [['confirm', 'asks-ajio', '--cancelled', '--lines', '1,,2'], 2, '--lines: has an empty number in it'],
    [['confirm', 'asks-ajio', '--cancelled', '--lines', '1,3'], 1, '--lines: the order has no line 3; it has 1, 2'],
  ])('%j says what is wrong', async (args, code, words) => {
    const { err, ...said } = await cli(args);
    expect(said).toMatchObject({ code });
    expect(err).toContain(words);
  });
});
