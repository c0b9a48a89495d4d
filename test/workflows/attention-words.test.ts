import { cliOn } from '../integration/cli-runner';
import { cuttableWay } from '../stand/cuttable-way';
import { ajioItem } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** What docs/operations.md says of the words that no other test provokes: how they come about and what ends them. */

const way = cuttableWay();
let scene: Scene;
let cli: ReturnType<typeof cliOn>;
beforeAll(async () => {
  scene = await startScene({ reachMysql: way.to });
  const { mysqlUrl, temporalAddress, namespace, ajio, metrics, stores } = scene.stand;
  metrics.watchParked(stores.parked.countParked);
  cli = cliOn({
    MYSQL_URL: mysqlUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
    AJIO_BASE_URL: ajio.url,
    OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    OUTBOUND_ALLOW_PRIVATE: 'true',
  });
});
afterAll(async () => {
  await scene.stop();
  way.close();
});
beforeEach(() => scene.stand.ajio.clearFaults());

/** `cli retry --attention <word>`, when the runs can be found by it. */
const retryAll = (word: string): Promise<string> =>
  eventually(`a retry of ${word}`, async () => {
    const { out } = await cli(['retry', '--attention', word]);
    return out.includes(' retried.') ? out : undefined;
  });

/** Ajio knows the order, with a line that is open. */
const makeKnown = (orderNumber: string): void =>
  scene.stand.ajio.setState({
    orders: { [orderNumber]: { lines: { [ajioItem(orderNumber, '1')]: { quantity: 1 } } } },
  });

const sendOrder = async (tenant: Tenant): Promise<string> =>
  (await scene.send.order(tenant, { orderNumber: `O-${tenant.slug}` })).workflowId;
/** A sample of what the gateway's and the worker's `/metrics` say. */
const metricsText = (): Promise<string> => scene.stand.metrics.text();

const sendStock = async (tenant: Tenant, stock: Record<string, number> = { V1: 1 }): Promise<string> => {
  await scene.send.stock(tenant, { messageId: `m-${tenant.slug}`, stock });
  return scene.see.syncId(tenant);
};

test('rate_limited: an order is asked to pause for more than a minute, says so, and goes on by itself', async () => {
  const tenant = await scene.tenants.add('limited');
  scene.stand.ajio.setFaults([{ kind: 'throttle', retryAfter: '61', times: 1, on: { account: tenant.slug } }]);
  const workflowId = await sendOrder(tenant);
  await scene.see.untilAttention(workflowId, 'ajio_rate_limited');
  expect(scene.see.cancels(`O-${tenant.slug}`).map(({ status }) => status)).toEqual([429]);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
});

test('outcome_unknown: a cancel is never answered and the order stays open; a retry reads back before it asks', async () => {
  const tenant = await scene.tenants.add('unknown');
  const number = `O-${tenant.slug}`;
  const { ajio } = scene.stand;
  makeKnown(number);
  ajio.setFaults([{ kind: 'reset', on: { account: tenant.slug, method: 'POST' } }]);
  const workflowId = await sendOrder(tenant);
  await scene.see.untilAttention(workflowId, 'ajio_outcome_unknown');
  ajio.clearFaults();
  ajio.clearLog();
  await retryAll('ajio_outcome_unknown');
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  const methods = ajio.log().map(({ method }) => method);
  expect(methods.indexOf('GET')).toBeLessThan(methods.indexOf('POST'));
  expect(methods).toContain('GET');
});

test('contract_violated: stock goes on by itself after 30 s; an order of which nothing can be read waits as outcome_unknown', async () => {
  const stockTenant = await scene.tenants.add('garbled-stock');
  const orderTenant = await scene.tenants.add('garbled-order');
  makeKnown('O-garbled-order');
  scene.stand.ajio.setFaults([
    { kind: 'garbage', applies: false, times: 1, on: { account: stockTenant.slug } },
    { kind: 'garbage', applies: false, on: { account: orderTenant.slug } },
  ]);
  const [sync, order] = [await sendStock(stockTenant), await sendOrder(orderTenant)];
  await scene.see.untilAttention(sync, 'ajio_contract_violated');
  await scene.see.untilAttention(order, 'ajio_outcome_unknown');
  scene.stand.ajio.clearFaults();
  await eventually('stock is shown', () => scene.see.shownStock(stockTenant).V1);
  expect(await scene.see.attention(order)).toBe('ajio_outcome_unknown');
  expect(await metricsText()).toMatch(
    /failures_total\{activity="pushChunk",type="ChannelContractViolated",channel="ajio"\} 1\b/,
  );
  await retryAll('ajio_outcome_unknown');
  expect(await scene.see.result(order)).toMatchObject({ outcome: 'cancelled' });
});

test('paused: an order of a paused connection and a sync that was paused under way go on when it is resumed', async () => {
  const tenant = await scene.tenants.add('paused', { settings: { batchSize: 1, maxConcurrentPushes: 1 } });
  scene.stand.ajio.setFaults([{ kind: 'hold', on: { account: tenant.slug } }]);
  const sync = await sendStock(tenant, { V1: 1, V2: 2, V3: 3, V4: 4, V5: 5, V6: 6 });
  await eventually('the first call', () => scene.see.stockCalls(tenant)[0]);
  const id = String(tenant.connectionId);
  expect((await cli(['connections', 'pause', id])).code).toBe(0);
  // Which a worker knows within a minute.
  scene.stand.stores.cache.forget(tenant.connectionId);
  scene.stand.ajio.clearFaults();
  const order = await sendOrder(tenant);
  await scene.see.untilAttention(order, 'ajio_paused');
  await scene.see.untilAttention(sync, 'ajio_paused');
  expect((await cli(['connections', 'resume', id])).code).toBe(0);
  expect(await scene.see.result(order)).toMatchObject({ outcome: 'cancelled' });
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 6 });
});

test('misconfigured: settings that do not fit hold stock up until they are corrected; an order whose connection is gone is given up', async () => {
  const { db } = scene.stand.stores;
  const setSettings = 'UPDATE ie_appinstall_connection SET settings = ? WHERE id = ?';
  const refused = { kind: 'status', status: 400 } as const;
  const stockTenant = await scene.tenants.add('bad-settings');
  scene.stand.ajio.setFaults([{ ...refused, times: 1, on: { account: stockTenant.slug } }]);
  const sync = await sendStock(stockTenant);
  await scene.see.untilAttention(sync, 'ajio_rejected');
  await db.change(setSettings, ['{"batchSize":"many"}', stockTenant.connectionId]);
  scene.stand.stores.cache.forget(stockTenant.connectionId);
  await scene.see.retry(sync);
  await scene.see.untilAttention(sync, 'ajio_misconfigured');
  await db.change(setSettings, ['{}', stockTenant.connectionId]);
  scene.stand.stores.cache.forget(stockTenant.connectionId);
  await retryAll('ajio_misconfigured');
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 1 });

  const orderTenant = await scene.tenants.add('gone');
  scene.stand.ajio.setFaults([{ ...refused, on: { account: orderTenant.slug } }]);
  const order = await sendOrder(orderTenant);
  await scene.see.untilAttention(order, 'ajio_rejected');
  await db.change('DELETE FROM ie_appinstall_connection WHERE id = ?', [orderTenant.connectionId]);
  scene.stand.stores.cache.forget(orderTenant.connectionId);
  await scene.see.retry(order);
  await scene.see.untilAttention(order, 'ajio_misconfigured');
  await scene.see.giveUp(order);
  await expect(scene.see.result(order)).rejects.toThrow();
  expect(await scene.see.untilOrder(order, 'failed')).toMatchObject({ outcome: 'gave_up' });
});

test('store_unavailable: MySQL goes away during calls; an order goes on by itself when it is back', async () => {
  const tenant = await scene.tenants.add('no-store');
  scene.stand.ajio.setFaults([{ kind: 'hold', on: { account: tenant.slug } }]);
  const order = await sendOrder(tenant);
  await eventually('the cancel is on the wire', () => scene.see.cancels(`O-${tenant.slug}`)[0]);
  way.cut();
  scene.stand.ajio.clearFaults();
  try {
    await scene.see.untilAttention(order, 'ajio_store_unavailable');
    const body = { account_slug: tenant.slug, publishedAt: '2025-01-10 10:00:00', message_id: 'm', connectionId: 1 };
    const item = { productId: 'P', variantId: 'V', locationInventory: 1 };
    const answer = await scene.stand.post('/events/inventory', tenant.key, { ...body, inventoryList: [item] });
    expect(answer.status).toBe(503);
    expect(await metricsText()).toMatch(
      /gateway_answer_seconds_count\{method="POST",route="\/events\/inventory",status="503"\} 1\b/,
    );
  } finally {
    way.open();
  }
  expect(await scene.see.result(order)).toMatchObject({ outcome: 'cancelled' });
});

test('internal_error: a table is not there; it waits for a retry', async () => {
  const tenant = await scene.tenants.add('broken');
  const { db } = scene.stand.stores;
  await db.change('RENAME TABLE gates TO gates_gone', []);
  let sync: string;
  try {
    sync = await sendStock(tenant);
    await scene.see.untilAttention(sync, 'ajio_internal_error');
  } finally {
    await db.change('RENAME TABLE gates_gone TO gates', []);
  }
  expect(await metricsText()).toMatch(/failures_total\{activity="\w+",type="InvariantBroken",channel="[\w-]+"\} \d+/);
  expect(await scene.see.details(sync)).toContain('MySQL refused a statement (ER_NO_SUCH_TABLE)');
  await retryAll('ajio_internal_error');
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 1 });
});

test('internal_error: the table is not there in which submissions are closed; it waits for a retry', async () => {
  const tenant = await scene.tenants.add('unclosed');
  const { db, connections, cache } = scene.stand.stores;
  // Stored while nothing is sent, so that the table is not needed before the end.
  await connections.setStatus(tenant.connectionId, 'paused', null);
  const sync = await sendStock(tenant);
  await scene.see.result(sync);
  await db.change('RENAME TABLE submissions TO submissions_gone', []);
  try {
    await connections.setStatus(tenant.connectionId, 'active', null);
    cache.forget(tenant.connectionId);
    await scene.stand.dispatch.pokeInventorySync(tenant.connectionId);
    await scene.see.untilAttention(sync, 'ajio_internal_error');
    expect(scene.see.shownStock(tenant)).toEqual({ V1: 1 });
  } finally {
    await db.change('RENAME TABLE submissions_gone TO submissions', []);
  }
  await retryAll('ajio_internal_error');
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 1 });
});

test('an event of a connection that is not there is parked, and a redrive takes it when the connection is', async () => {
  const tenant = await scene.tenants.add('parked');
  const { db, cache } = scene.stand.stores;
  const move = 'UPDATE ie_appinstall_connection SET id = ? WHERE id = ?';
  await db.change(move, [9_999, tenant.connectionId]);
  cache.forget(tenant.connectionId);
  await expect(sendStock(tenant)).rejects.toThrow('answered 404');
  expect(await metricsText()).toMatch(/^stockbridge_parked_events 1$/m);
  await db.change(move, [tenant.connectionId, 9_999]);
  expect((await cli(['redrive'])).code).toBe(0);
  expect(await metricsText()).toMatch(/^stockbridge_parked_events 0$/m);
  expect(await scene.see.result(scene.see.syncId(tenant))).toMatchObject({ accepted: 1 });
});
