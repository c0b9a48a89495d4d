import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { leave } from '../store/lanes';

const BATCH = 2;

let scene: Scene;
beforeAll(async () => {
  // No worker yet: the tests play the one that died, and start a living one at the end.
  scene = await startScene({ worker: false });
});
afterAll(() => scene.stop());

/** One attempt of a push, the first one or one after it, with what is due for the tenant. */
const begin = async (tenant: Tenant, pushId?: string) => {
  const { connectionId } = tenant;
  const push = await leave(scene.stand.stores.pushes, {
    connectionId,
    batchSize: BATCH,
    ...(pushId === undefined ? {} : { pushId }),
  });
  if (!push) throw new Error('nothing is due, or the push is closed');
  return push;
};
type Attempt = Awaited<ReturnType<typeof begin>>;
const settle = ({ pushId, attempt, lines }: Attempt) =>
  scene.stand.stores.pushes.settle(
    pushId,
    attempt,
    lines,
    lines.map(({ listing }) => ({ listing, verdict: 'accepted' })),
    Date.now(),
  );

test('a claim whose attempt was lost is given back to the next one, which takes what is most urgent by then', async () => {
  const tenant = await scene.tenants.add('claimed');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 0, V3: 3 } });
  const first = await begin(tenant);
  expect(first.lines.map(({ quantity }) => quantity)).toEqual([0, 1]);
  await scene.send.stock(tenant, { messageId: 'm2', stock: { V3: 0 }, publishedAt: '2025-01-10 11:00:00' });
  const again = await begin(tenant, first.pushId);
  expect(again.lines.map(({ quantity }) => quantity)).toEqual([0, 0]);
});

test('an attempt that was overtaken makes its lines go again at once', async () => {
  const { see } = scene;
  const tenant = await scene.tenants.add('overtaken');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
  const slow = await begin(tenant);
  const { pushId } = slow;
  await scene.send.stock(tenant, { messageId: 'm2', stock: { V1: 2 }, publishedAt: '2025-01-10 11:00:00' });
  const fast = await begin(tenant, pushId);
  expect([slow.lines[0]?.quantity, fast.lines[0]?.quantity]).toEqual([1, 2]);

  const beforeMs = Date.now();
  await settle(fast);
  // The slow request may still be under way, so the line waits to be said once more.
  const waiting = await see.level(tenant, 'V1');
  expect(waiting).toMatchObject({ state: 'dirty', acknowledgedQuantity: 2 });
  expect(waiting.notBeforeMs).toBeGreaterThan(beforeMs + 10_000);

  await settle(slow);
  expect(await see.level(tenant, 'V1')).toMatchObject({ state: 'dirty', notBeforeMs: 0, acknowledgedQuantity: 2 });
  const ledger = await scene.stand.stores.pushes.recent(tenant.connectionId, `${tenant.productId}/V1`, 10);
  expect(ledger.map(({ attempt, quantity, late }) => ({ attempt, quantity, late }))).toEqual(
    expect.arrayContaining([
      { attempt: 1, quantity: 1, late: 1 },
      { attempt: 2, quantity: 2, late: 0 },
    ]),
  );
  const next = await begin(tenant);
  expect(next.lines.map(({ quantity }) => quantity)).toEqual([2]);
});

test('an overtaken attempt that ends without an answer makes its lines go again, too', async () => {
  const { see, stand } = scene;
  const tenant = await scene.tenants.add('unheard');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
  const slow = await begin(tenant);
  const { pushId } = slow;
  await settle(await begin(tenant, pushId));
  const beforeMs = Date.now();
  const failure = { type: 'ChannelUnavailable', message: 'no answer', mayStillApply: true } as const;
  await stand.stores.pushes.recordFailure(pushId, slow.attempt, slow.lines, failure);
  const level = await see.level(tenant, 'V1');
  expect(level.state).toBe('dirty');
  expect(level.notBeforeMs).toBeGreaterThan(beforeMs + 10_000);
});

test('a verdict is stored once, however often its answer is lost', async () => {
  const tenant = await scene.tenants.add('settled');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
  const attempt = await begin(tenant);
  await settle(attempt);
  const departure = { pushId: attempt.pushId, connectionId: tenant.connectionId, runId: 'run-1', batchSize: BATCH };
  expect(await scene.stand.stores.pushes.depart(departure)).toEqual({
    open: false,
    result: { accepted: 1, rejected: 0, unknown: 0 },
  });
});

describe('a worker that comes after one that died', () => {
  test('delivers what the dead one had claimed, and reads back the order it had asked for', async () => {
    const { see, stand } = scene;
    const tenant = await scene.tenants.add('orphan');
    const { submissionId } = await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 2, V3: 0 } });
    await begin(tenant);
    const { workflowId } = await scene.send.order(tenant, { orderNumber: 'O-orphan' });
    const [row] = await stand.stores.db.select<{ id: string }>('SELECT id FROM orders WHERE workflowId = ?', [
      workflowId,
    ]);
    const order = await stand.stores.orders.find(row?.id ?? '');
    if (!order) throw new Error('the order was not stored');
    await stand.stores.orders.markAsked(order.id, 'marketplace', order.lines);
    const item = order.lines[0]?.marketplaceItemId ?? '';
    stand.ajio.setState({
      orders: { 'O-orphan': { lines: { [item]: { quantity: 1, cancelled: 1, effectiveCancels: 1 } } } },
    });

    await stand.startWorkers();
    expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
    expect(see.cancels('O-orphan')).toHaveLength(0);
    expect(see.readBacks('O-orphan')).toHaveLength(1);
    expect(see.wmsCancels('O-orphan')).toHaveLength(1);

    await see.untilState(tenant, 'V2', 'clean');
    expect(see.shownStock(tenant)).toEqual({ V1: 1, V2: 2, V3: 0 });
    expect(await see.submission(tenant, submissionId)).toMatchObject({ successCount: 3, errorCount: 0 });
  });
});
