import { z } from 'zod';
import { eventually } from '../stand/waiting';
import { type AttentionScene, startAttentionScene } from './attention-scene';

/** What docs/operations.md says of the words that no other test provokes: how they come about and what ends them. */

let scene: AttentionScene;
beforeAll(async () => {
  scene = await startAttentionScene();
});
afterAll(() => scene.stop());
beforeEach(() => scene.stand.ajio.clearFaults());

test('outcome_unknown: a cancel is never answered and the order stays open; a retry reads back before it asks', async () => {
  const tenant = await scene.tenants.add('unknown');
  const number = `O-${tenant.slug}`;
  const { ajio } = scene.stand;
  scene.makeKnown(number);
  ajio.setFaults([{ kind: 'reset', on: { account: tenant.slug, method: 'POST' } }]);
  const workflowId = await scene.sendOrder(tenant);
  await scene.see.untilAttention(workflowId, 'ajio_outcome_unknown');
  ajio.clearFaults();
  ajio.clearLog();
  await scene.retryAll('ajio_outcome_unknown');
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  const methods = ajio.log().map(({ method }) => method);
  expect(methods.indexOf('GET')).toBeLessThan(methods.indexOf('POST'));
  expect(methods).toContain('GET');
});

/** What `connections resume --json` prints of the runs that it told. */
const wokenBy = z.object({ woken: z.array(z.string()) });

test('paused: an order of a paused connection and a sync that was paused under way go on when it is resumed', async () => {
  const tenant = await scene.tenants.add('paused', { settings: { batchSize: 1, maxConcurrentPushes: 1 } });
  scene.stand.ajio.setFaults([{ kind: 'hold', on: { account: tenant.slug } }]);
  const sync = await scene.sendStock(tenant, { V1: 1, V2: 2, V3: 3, V4: 4, V5: 5, V6: 6 });
  await eventually('the first call', () => scene.see.stockCalls(tenant)[0]);
  const id = String(tenant.connectionId);
  expect((await scene.cli(['connections', 'pause', id])).code).toBe(0);
  // Which a worker knows within a minute.
  scene.stand.stores.cache.forget(tenant.connectionId);
  scene.stand.ajio.clearFaults();
  const order = await scene.sendOrder(tenant);
  await scene.see.untilAttention(order, 'ajio_paused');
  await eventually('the sync has ended', async () => ((await scene.see.outcome(sync)) === 'paused' ? true : undefined));
  // Temporal lists a run a moment after it asks.
  await eventually('the order is woken', async () => {
    const { out } = await scene.cli(['connections', 'resume', id, '--json']);
    return wokenBy.parse(JSON.parse(out)).woken.includes(order) ? true : undefined;
  });
  expect(await scene.see.result(order)).toMatchObject({ outcome: 'cancelled' });
  for (const variant of ['V1', 'V2', 'V3', 'V4', 'V5', 'V6']) await scene.see.untilState(tenant, variant, 'clean');
});

test('misconfigured: settings that do not fit hold stock up until they are corrected; an order whose connection is gone is given up', async () => {
  const { db } = scene.stand.stores;
  const setSettings = 'UPDATE connections SET settings = ? WHERE id = ?';
  const refused = { kind: 'status', status: 400 } as const;
  const stockTenant = await scene.tenants.add('bad-settings', { settings: { halvesRefusals: false } });
  scene.stand.ajio.setFaults([{ ...refused, times: 1, on: { account: stockTenant.slug } }]);
  const sync = await scene.sendStock(stockTenant);
  await scene.see.untilAttention(sync, 'ajio_rejected');
  await db.change(setSettings, ['{"batchSize":"many"}', stockTenant.connectionId]);
  scene.stand.stores.cache.forget(stockTenant.connectionId);
  await scene.see.retry(sync);
  await scene.see.untilAttention(sync, 'ajio_misconfigured');
  await db.change(setSettings, ['{}', stockTenant.connectionId]);
  scene.stand.stores.cache.forget(stockTenant.connectionId);
  await scene.retryAll('ajio_misconfigured');
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 1 });

  const orderTenant = await scene.tenants.add('gone');
  scene.stand.ajio.setFaults([{ ...refused, on: { account: orderTenant.slug } }]);
  const order = await scene.sendOrder(orderTenant);
  await scene.see.untilAttention(order, 'ajio_rejected');
  await db.change('DELETE FROM connections WHERE id = ?', [orderTenant.connectionId]);
  scene.stand.stores.cache.forget(orderTenant.connectionId);
  await scene.see.retry(order);
  await scene.see.untilAttention(order, 'ajio_misconfigured');
  await scene.see.giveUp(order);
  await expect(scene.see.result(order)).rejects.toThrow();
  expect(await scene.see.untilOrder(order, 'failed')).toMatchObject({ outcome: 'gave_up' });
});

test('internal_error: a table is not there; it waits for a retry', async () => {
  const tenant = await scene.tenants.add('broken');
  const { db } = scene.stand.stores;
  await db.change('RENAME TABLE gates TO gates_gone', []);
  let sync: string;
  try {
    sync = await scene.sendStock(tenant);
    await scene.see.untilAttention(sync, 'ajio_internal_error');
  } finally {
    await db.change('RENAME TABLE gates_gone TO gates', []);
  }
  expect(await scene.metricsText()).toMatch(
    /failures_total\{activity="\w+",type="InvariantBroken",channel="[\w-]+"\} \d+/,
  );
  expect(await scene.see.details(sync)).toContain('MySQL refused a statement (ER_NO_SUCH_TABLE)');
  await scene.retryAll('ajio_internal_error');
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 1 });
});

test('internal_error: the table is not there in which submissions are closed; it waits for a retry', async () => {
  const tenant = await scene.tenants.add('unclosed');
  const { db, connections, cache } = scene.stand.stores;
  // Stored while nothing is sent, so that the table is not needed before the end.
  await connections.setStatus(tenant.connectionId, 'paused', null);
  const sync = await scene.sendStock(tenant);
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
  await scene.retryAll('ajio_internal_error');
  expect(await scene.see.result(sync)).toMatchObject({ accepted: 1 });
});

test('an event of a connection that is not there is parked, and a redrive takes it when the connection is', async () => {
  const tenant = await scene.tenants.add('parked');
  const { db, cache } = scene.stand.stores;
  const move = 'UPDATE connections SET id = ? WHERE id = ?';
  await db.change(move, [9_999, tenant.connectionId]);
  cache.forget(tenant.connectionId);
  await expect(scene.sendStock(tenant)).rejects.toThrow('answered 404');
  expect(await scene.metricsText()).toMatch(/^stockbridge_parked_events 1$/m);
  await db.change(move, [tenant.connectionId, 9_999]);
  expect((await scene.cli(['redrive'])).code).toBe(0);
  expect(await scene.metricsText()).toMatch(/^stockbridge_parked_events 0$/m);
  // A command line leaves what Temporal does not take within 5 s to the sweep, which does not run here.
  await scene.stand.dispatch.pokeInventorySync(tenant.connectionId);
  expect(await scene.see.result(scene.see.syncId(tenant))).toMatchObject({ accepted: 1 });
});
