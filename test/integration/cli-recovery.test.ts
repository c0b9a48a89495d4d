import { Client, Connection } from '@temporalio/client';
import { inventorySyncWorkflowId, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { ACCOUNT_SLUG, ATTENTION, CONNECTION_ID } from '../../src/contracts/search-attributes';
import { storeSubmissions } from '../../src/store/intake';
import { openStores, type Stores } from '../../src/store/stores';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { eventually } from '../stand/waiting';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

const { address, namespace } = freshNamespace();
const AJIO = { username: 'u', password: 'p' };
const ESHOPBOX = { client_id: 'c', client_secret: 's', refresh_token: 'r' };
const NOWHERE = { externalChannelId: null, externalWarehouseId: null, locationId: null, settings: {} };

let database: Awaited<ReturnType<typeof freshDatabase>>;
let stores: Stores;
let temporal: Connection;
let client: Client;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;

beforeAll(async () => {
  database = await freshDatabase();
  temporal = await Connection.connect({ address });
  client = new Client({ connection: temporal, namespace });
  stores = openStores({ mysqlUrl: database.url, credentialsKey: undefined });
  cli = cliOn({ MYSQL_URL: database.url, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  expect((await cli(['setup'])).code).toBe(0);
  const raymond = { ...NOWHERE, accountSlug: 'raymond' };
  await stores.connections.insert({ ...NOWHERE, id: 294, channel: 'ajio', accountSlug: 'spykar', credentials: AJIO });
  await stores.connections.insert({ ...raymond, id: 300, channel: 'eshopbox', credentials: ESHOPBOX });
});

afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([stores.close(), temporal.close()]);
  await database.drop();
});

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

/** Temporal's index is a moment behind. */
const untilListed = (query: string, count: number): Promise<boolean> =>
  eventually(`${count} runs of ${query}`, async () =>
    (await client.workflow.count(query)).count < count ? undefined : true,
  );

async function signalsOf(workflowId: string): Promise<string[]> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  return (history.events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
}

/** Three lines at version `publishedAtMs`. */
const storeStock = (messageId: string, publishedAtMs: number, quantity: number) =>
  storeSubmissions(stores.db, [
    {
      connectionId: 294,
      accountSlug: 'spykar',
      source: 'wms',
      messageId,
      publishedAtMs,
      levelLocationId: '',
      sumLocations: false,
      lines: ['P/1', 'P/2', 'P_2/3'].map((listing, index) => ({ row: index + 1, listing, locationId: '', quantity })),
    },
  ]);

describe('runs that wait for a person', () => {
  beforeAll(async () => {
    await openWaitingRun('paused-294', 'ajio_paused', 294, 'spykar');
    await openWaitingRun('paused-295', 'ajio_paused', 295, 'raymond');
    await openWaitingRun('reauth-294', 'ajio_needs_reauth', 294, 'spykar');
    await openWaitingRun('wms-reauth', 'eshopbox_needs_reauth', 295, 'raymond');
    await untilListed('Attention IS NOT NULL', 4);
  });

  it('resume ends a pause and wakes only the runs of this connection', async () => {
    expect((await cli(['connections', 'pause', '294', '--reason', 'stocktaking'])).code).toBe(0);
    expect(await stores.connections.find(294)).toMatchObject({ status: 'paused', statusReason: 'stocktaking' });
    const resumed = await cli(['connections', 'resume', '294', '--json']);
    expect(jsonOf(resumed)).toMatchObject({ status: 'active', woken: expect.arrayContaining(['paused-294']) });
    expect(await stores.connections.find(294)).toMatchObject({ status: 'active', statusReason: null });
    expect(await signalsOf('paused-294')).toEqual(['retry']);
    expect(await signalsOf('paused-295')).toEqual([]);
    expect(await signalsOf(inventorySyncWorkflowId(294))).toEqual(['stockChanged']);
  });

  it('restore takes new credentials, checks them first, and wakes what waited for them', async () => {
    await stores.connections.setStatus(294, 'needs_reauth', 'refused');
    expect((await cli(['connections', 'resume', '294'])).err).toContain('use `connections restore 294`');
    const bad = await cli(['connections', 'restore', '294', '--credentials', '{"username":"new"}']);
    expect(bad).toMatchObject({ code: 1 });
    expect(await stores.connections.find(294)).toMatchObject({ status: 'needs_reauth', credentials: AJIO });

    const good = await cli(
      ['connections', 'restore', '294', '--credentials-stdin'],
      '{"username":"new","password":"x"}',
    );
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toContain('  reauth-294\n');
    expect(await stores.connections.find(294)).toMatchObject({
      status: 'active',
      statusReason: null,
      credentials: { username: 'new', password: 'x' },
    });
  });

  it('restore of a WMS wakes the orders of its account, which run under the marketplace’s connection', async () => {
    const restored = await cli(['connections', 'restore', '300', '--json']);
    expect(jsonOf(restored)).toEqual({ id: 300, status: 'active', woken: ['wms-reauth'] });
    expect(await signalsOf('wms-reauth')).toEqual(['retry']);
  });
});

describe('stock', () => {
  beforeAll(async () => {
    await storeStock('message-1', 1_000, 5);
    await storeStock('message-2', 2_000, 9);
  });

  it('why tells what is desired, where it came from, and whether a sync is open', async () => {
    const { code, out } = await cli(['why', '294', 'P/1']);
    expect(code).toBe(0);
    expect(out).toMatch(/^desired +9 +1970-01-01T00:00:02\.000Z \/ message-2/m);
    expect(out).toContain('state     dirty: to be sent');
    expect(out).toContain('It was never sent.');
    expect(out).toContain('inventory-sync/294 is open');
    expect(out).toMatch(/wms +message-1 +5 +pending/);
    expect(jsonOf(await cli(['why', '294', 'P/1', '--json']))).toMatchObject({
      connection: { id: 294, status: 'active' },
      levels: [{ state: 'dirty', desired: { quantity: 9 }, sent: null, nextTryAt: null, timeline: [] }],
      submissions: [{ messageId: 'message-2' }, { messageId: 'message-1' }],
      sync: { status: 'RUNNING', attention: null },
    });
  });

  it('why offers listings that contain the text, and takes no wildcard for one', async () => {
    const { code, out } = await cli(['why', '294', 'P_', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { similar: ['P_2/3'] } });
    expect((await cli(['why', '294', '%'])).err).toBe('✗ connection 294 has never heard of listing %\n');
  });

  it('redrive --rejected revives what was refused, resync everything', async () => {
    await stores.db.change("UPDATE stock_levels SET state = IF(listing = 'P/1', 'rejected', 'clean')");
    const revived = await cli(['redrive', '--rejected', '--connection', '294', '--json']);
    expect(jsonOf(revived)).toEqual({ connectionId: 294, lines: 1, poked: true });
    expect(await stores.levels.countByState(294)).toEqual({ dirty: 1, clean: 2 });
    const resynced = await cli(['resync', '294']);
    expect(resynced.out).toContain('3 lines of connection 294 will go out.');
    expect(await stores.levels.countByState(294)).toEqual({ dirty: 3 });
    expect((await cli(['resync', '300'])).err).toBe('✗ connection 300: Eshopbox takes no stock\n');
  });
});

describe('redrive', () => {
  const order = {
    externalChannelId: 'CH2261',
    externalWarehouseId: 'ACCU',
    orderNumber: 'ORDER-1',
    vendorOrderNumber: null,
    lines: [{ lineItemSequenceNumber: '1', orderItemId: 'o', itemId: 'i', marketplaceItemId: 'm', quantity: 1 }],
  };
  const event = { message_id: 'late', publishedAt: '2026-01-01 00:00:00', connectionId: 777 };
  const inventory = { ...event, inventoryList: [{ productId: 'P', variantId: 'V', locationInventory: 4 }] };
  const parkOrder = (status: 'parked' | 'ignored') =>
    stores.parked.park({
      ...{ accountSlug: 'raymond', kind: 'order', status, reason: 'channel_not_served', message: 'old', body: order },
      identity: JSON.stringify(order),
    });

  it('leaves what still cannot be used, with its reason, and runs the rest', async () => {
    const ignoredId = await parkOrder('ignored');
    const parked = { accountSlug: 'spykar', kind: 'inventory', status: 'parked', reason: 'x', message: 'old' } as const;
    const stockId = await stores.parked.park({ ...parked, identity: '777/late', body: inventory });
    const brokenId = await stores.parked.park({ ...parked, identity: 'broken', body: { message_id: '' } });

    const first = await cli(['redrive', '--json']);
    expect(jsonOf(first)).toMatchObject({
      redriven: 0,
      left: 2,
      events: [
        { id: stockId, result: 'parked', words: 'the account has no connection 777' },
        {
          id: brokenId,
          result: 'parked',
          words: expect.stringContaining('the stored event cannot be read: message_id'),
        },
      ],
    });

    await stores.connections.insert({ ...NOWHERE, id: 777, channel: 'ajio', accountSlug: 'spykar', credentials: AJIO });
    const marketplace = { ...NOWHERE, accountSlug: 'raymond', externalChannelId: 'CH2261', credentials: AJIO };
    await stores.connections.insert({ ...marketplace, id: 295, channel: 'ajio' });
    const second = await cli(['redrive', '--ignored']);
    expect(second.out).toContain('2 events redriven, 1 left.');
    const redriven = await stores.parked.list({ status: 'redriven', limit: 10 });
    expect(redriven.map(({ id }) => id).sort()).toEqual([ignoredId, stockId].sort());
    expect(await stores.parked.list({ status: 'parked', limit: 10 })).toMatchObject([
      { id: brokenId, reason: 'not_readable' },
    ]);
    expect((await stores.levels.find(777, 'P/V')).map((level) => level.desiredQuantity)).toEqual([4]);
    expect(await signalsOf(inventorySyncWorkflowId(777))).toEqual(['stockChanged']);
    await untilListed('OrderNumber = "ORDER-1" AND ExecutionStatus = "Running"', 1);
  });

  it('finds nothing to do the next time, for the account that has nothing', async () => {
    expect((await cli(['redrive', '--account', 'raymond', '--ignored'])).out).toBe('No event is parked.\n');
  });
});
