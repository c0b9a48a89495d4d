import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

const BATCH = 2;
const MAX_PUSHES = 10;

let scene: Scene;
beforeAll(async () => {
  // No worker yet: the tests play the one that died, and start a living one at the end.
  scene = await startScene({ worker: false });
});
afterAll(() => scene.stop());

const plan = (tenant: Tenant) => scene.stand.stores.pushes.plan(tenant.connectionId, BATCH, MAX_PUSHES);
const begin = async (pushId: string) => {
  const start = await scene.stand.stores.pushes.beginAttempt(pushId);
  if (!start.open) throw new Error(`push ${pushId} is closed`);
  return start;
};
type Attempt = Awaited<ReturnType<typeof begin>>;
const settle = (pushId: string, { attempt, lines }: Attempt) =>
  scene.stand.stores.pushes.settle(
    pushId,
    attempt,
    lines,
    lines.map(({ listing }) => ({ listing, verdict: 'accepted' })),
    Date.now(),
  );
const onePush = async (tenant: Tenant): Promise<string> => {
  const { pushes } = await plan(tenant);
  const [push] = pushes;
  if (!push || pushes.length > 1) throw new Error(`expected one push, got ${pushes.length}`);
  return push.pushId;
};

test('a claim whose answer was lost is handed out again, whole', async () => {
  const tenant = await scene.tenants.add('claimed');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 0, V3: 3, V4: 4, V5: 5 } });
  const first = await plan(tenant);
  expect(first.pushes.map(({ lineCount }) => lineCount)).toEqual([2, 2, 1]);
  expect(first.pushes.map(({ zeroCount }) => zeroCount)).toEqual([1, 0, 0]);
  const again = await plan(tenant);
  expect(again.pushes).toEqual(first.pushes);
});

test('an attempt that was overtaken makes its lines go again at once', async () => {
  const { see } = scene;
  const tenant = await scene.tenants.add('overtaken');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
  const pushId = await onePush(tenant);
  const slow = await begin(pushId);
  await scene.send.stock(tenant, { messageId: 'm2', stock: { V1: 2 }, publishedAt: '2025-01-10 11:00:00' });
  const fast = await begin(pushId);
  expect([slow.lines[0]?.quantity, fast.lines[0]?.quantity]).toEqual([1, 2]);

  const beforeMs = Date.now();
  await settle(pushId, fast);
  // The slow request may still be under way, so the line waits to be said once more.
  const waiting = await see.level(tenant, 'V1');
  expect(waiting).toMatchObject({ state: 'dirty', acknowledgedQuantity: 2 });
  expect(waiting.notBeforeMs).toBeGreaterThan(beforeMs + 10_000);

  await settle(pushId, slow);
  expect(await see.level(tenant, 'V1')).toMatchObject({ state: 'dirty', notBeforeMs: 0, acknowledgedQuantity: 2 });
  const ledger = await scene.stand.stores.pushes.recent(tenant.connectionId, `${tenant.productId}/V1`, 10);
  expect(ledger.map(({ attempt, quantity, late }) => ({ attempt, quantity, late }))).toEqual(
    expect.arrayContaining([
      { attempt: 1, quantity: 1, late: 1 },
      { attempt: 2, quantity: 2, late: 0 },
    ]),
  );
  const next = await begin(await onePush(tenant));
  expect(next.lines.map(({ quantity }) => quantity)).toEqual([2]);
});

test('an overtaken attempt that ends without an answer makes its lines go again, too', async () => {
  const { see, stand } = scene;
  const tenant = await scene.tenants.add('unheard');
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
  const pushId = await onePush(tenant);
  const slow = await begin(pushId);
  await settle(pushId, await begin(pushId));
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
  const pushId = await onePush(tenant);
  await settle(pushId, await begin(pushId));
  expect(await scene.stand.stores.pushes.beginAttempt(pushId)).toEqual({
    open: false,
    result: { accepted: 1, rejected: 0, unknown: 0 },
  });
});

describe('a worker that comes after one that died', () => {
  test('delivers what the dead one had claimed, and reads back the order it had asked for', async () => {
    const { see, stand } = scene;
    const tenant = await scene.tenants.add('orphan');
    const { submissionId } = await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 2, V3: 0 } });
    for (const { pushId } of (await plan(tenant)).pushes.slice(0, 1)) await begin(pushId);
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
