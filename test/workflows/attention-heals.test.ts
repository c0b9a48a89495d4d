import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';
import { type AttentionScene, startAttentionScene } from './attention-scene';

/** The words of `Attention` in docs/operations.md that end by themselves, with the waits that are real. */

let scene: AttentionScene;
let stockTenant: Tenant;
let limited: string;
let sync: string;
let order: string;
// The waits begin together, and the faults last until all were seen: the longest wait is over a minute.
beforeAll(async () => {
  scene = await startAttentionScene();
  const limitedTenant = await scene.tenants.add('limited');
  stockTenant = await scene.tenants.add('garbled-stock');
  const orderTenant = await scene.tenants.add('garbled-order');
  scene.makeKnown('O-garbled-order');
  scene.stand.ajio.setFaults([
    { kind: 'throttle', retryAfter: '61', on: { account: limitedTenant.slug } },
    { kind: 'garbage', applies: false, on: { account: stockTenant.slug } },
    { kind: 'garbage', applies: false, on: { account: orderTenant.slug } },
  ]);
  limited = await scene.sendOrder(limitedTenant);
  sync = await scene.sendStock(stockTenant);
  order = await scene.sendOrder(orderTenant);
});
afterAll(() => scene.stop());

test('rate_limited: an order that is asked to pause for more than a minute says so', async () => {
  await scene.see.untilAttention(limited, 'ajio_rate_limited');
  expect(scene.see.cancels('O-limited').map(({ status }) => status)).toEqual([429]);
});

test('contract_violated: stock goes on by itself after 30 s; an order of which nothing can be read waits as outcome_unknown', async () => {
  await scene.see.untilAttention(sync, 'ajio_contract_violated');
  await scene.see.untilAttention(order, 'ajio_outcome_unknown');
  scene.stand.ajio.clearFaults();
  await eventually('stock is shown', () => scene.see.shownStock(stockTenant).V1);
  expect(await scene.see.attention(order)).toBe('ajio_outcome_unknown');
  expect(await scene.metricsText()).toMatch(
    /failures_total\{activity="pushChunk",type="ChannelContractViolated",channel="ajio"\} [1-9]/,
  );
  await scene.retryAll('ajio_outcome_unknown');
  expect(await scene.see.result(order)).toMatchObject({ outcome: 'cancelled' });
});

test('rate_limited: the order goes on by itself', async () => {
  expect(await scene.see.result(limited)).toMatchObject({ outcome: 'cancelled' });
});

test('store_unavailable: MySQL goes away during calls; an order goes on by itself when it is back', async () => {
  const tenant = await scene.tenants.add('no-store');
  scene.stand.ajio.setFaults([{ kind: 'hold', on: { account: tenant.slug } }]);
  const order = await scene.sendOrder(tenant);
  await eventually('the cancel is on the wire', () => scene.see.cancels(`O-${tenant.slug}`)[0]);
  scene.way.cut();
  scene.stand.ajio.clearFaults();
  try {
    await scene.see.untilAttention(order, 'ajio_store_unavailable');
    const body = { account_slug: tenant.slug, publishedAt: '2025-01-10 10:00:00', message_id: 'm', connectionId: 1 };
    const item = { productId: 'P', variantId: 'V', locationInventory: 1 };
    const answer = await scene.stand.post('/events/inventory', tenant.key, { ...body, inventoryList: [item] });
    expect(answer.status).toBe(503);
    expect(await scene.metricsText()).toMatch(
      /gateway_answer_seconds_count\{method="POST",route="\/events\/inventory",status="503"\} 1\b/,
    );
  } finally {
    scene.way.open();
  }
  expect(await scene.see.result(order)).toMatchObject({ outcome: 'cancelled' });
});
