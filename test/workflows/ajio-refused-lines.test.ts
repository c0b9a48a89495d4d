import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

/** What became of a message's lines. */
const linesOf = async (tenant: Tenant, submissionId: string) =>
  Object.fromEntries(
    (await scene.see.lines(tenant, submissionId)).map(({ variant, status, error }) => [variant, { status, error }]),
  );

test('a 400 that names a line rejects that line, and the others are shown without anybody’s help', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('named');
  await send.stock(tenant, { messageId: 'm1', stock: { good: 7 }, publishedAt: '2025-01-10 10:00:00' });
  await see.result(see.syncId(tenant));
  stand.ajio.setState({ refusesWhole: true, knownProducts: [`${tenant.productId}/good`] });
  const { submissionId } = await send.stock(tenant, {
    messageId: 'm2',
    stock: { bad: 2, good: 0 },
    publishedAt: '2025-01-10 11:00:00',
  });
  const done = await see.result(see.syncId(tenant));
  stand.ajio.setState({ refusesWhole: false, knownProducts: null });

  expect(done).toEqual({ pushes: 2, accepted: 1, rejected: 1, unknown: 0 });
  expect(see.shownStock(tenant)).toEqual({ good: 0 });
  expect(see.stockCalls(tenant).map(({ status, stock }) => [status, stock])).toEqual([
    [200, { good: 7 }],
    [400, { bad: 2, good: 0 }],
    [200, { good: 0 }],
  ]);
  expect(await linesOf(tenant, submissionId)).toEqual({
    bad: { status: 'error', error: 'Product not found' },
    good: { status: 'success', error: null },
  });
  expect(await see.attention(see.syncId(tenant))).toBeUndefined();
  expect(await see.outcome(see.syncId(tenant))).toBe('partial');
});

test('a line that makes every request with it a 400 is found, and the others get through', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('bundle');
  await send.stock(tenant, { messageId: 'm1', stock: { x: 7 }, publishedAt: '2025-01-10 10:00:00' });
  await see.result(see.syncId(tenant));
  stand.ajio.setState({ poison: [`${tenant.productId}/BUNDLE`] });
  const others = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`V${index}`, index + 1]));
  const { submissionId } = await send.stock(tenant, {
    messageId: 'm2',
    stock: { BUNDLE: 2, x: 0, ...others },
    publishedAt: '2025-01-10 11:00:00',
  });
  const done = await see.result(see.syncId(tenant));

  expect(done).toMatchObject({ accepted: 18, rejected: 1, unknown: 0 });
  expect(see.shownStock(tenant)).toEqual({ x: 0, ...others });
  const { BUNDLE, ...rest } = await linesOf(tenant, submissionId);
  expect(BUNDLE).toEqual({ status: 'error', error: 'Invalid product in request' });
  expect(new Set(Object.values(rest).map(({ status }) => status))).toEqual(new Set(['success']));
  // Two before it, one whole, then zero stock apart, and two at each halving of the other 18.
  expect(see.stockCalls(tenant).length).toBeLessThanOrEqual(2 + 2 + 2 * Math.ceil(Math.log2(18)));
});
