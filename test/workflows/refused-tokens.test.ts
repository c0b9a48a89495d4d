import { fetchHistory, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** What becomes of each tenant's token; all events go out together in `beforeAll`, and each test looks at one tenant. */
const CASES = [
  'fresh',
  'blink',
  'expired',
  'crowd',
  'hopeless',
  'locked-out',
  'known',
  'order',
  'order-fresh',
  'order-hopeless',
  'shared',
] as const;
type Case = (typeof CASES)[number];

const ORDERS = '/*/orders';
const ORDER_CASES: readonly Case[] = ['order', 'order-fresh', 'order-hopeless', 'shared'];

let scene: Scene;
const tenants = {} as Record<Case, Tenant>;
const submissions = {} as Record<Case, string>;
const orderRuns = {} as Record<Case, string>;

beforeAll(async () => {
  scene = await startScene();
  tenants.fresh = await scene.tenants.add('fresh', { tokens: 'none' });
  tenants.blink = await scene.tenants.add('blink', { tokens: 'none' });
  tenants.expired = await scene.tenants.add('expired');
  tenants.crowd = await scene.tenants.add('crowd', { settings: { batchSize: 1, maxConcurrentPushes: 10 } });
  tenants.hopeless = await scene.tenants.add('hopeless');
  tenants['locked-out'] = await scene.tenants.add('locked-out', { tokens: 'none', isLoginRefused: true });
  tenants['order-fresh'] = await scene.tenants.add('order-fresh', { tokens: 'none' });
  tenants.known = await scene.tenants.add('known');
  const { db, cache } = scene.stand.stores;
  await db.change('UPDATE connections SET tokenExpiresAt = UTC_TIMESTAMP(3) WHERE id = ?', [
    tenants.known.connectionId,
  ]);
  cache.forget(tenants.known.connectionId);
  tenants.order = await scene.tenants.add('order');
  tenants['order-hopeless'] = await scene.tenants.add('order-hopeless');
  tenants.shared = await scene.tenants.add('shared');
  scene.stand.ajio.setFaults([
    { kind: 'expire-token', times: 1, on: { account: 'blink' } },
    { kind: 'expire-token', times: 1, on: { account: 'expired' } },
    // The first answer opens all lanes; then nine requests carry the token that the first of them kills.
    { kind: 'hold', after: 1, until: 9, on: { account: 'crowd' } },
    { kind: 'expire-token', after: 1, times: 9, on: { account: 'crowd' } },
    { kind: 'expire-token', times: 3, on: { account: 'hopeless' } },
    { kind: 'expire-token', times: 1, on: { account: 'order' } },
    { kind: 'expire-token', times: 3, on: { account: 'order-hopeless' } },
    { kind: 'expire-token', times: 1, on: { account: 'shared', path: ORDERS } },
    { kind: 'expire-token', times: 1, after: 3, on: { account: 'shared', path: ORDERS } },
    // The second call stands until another one has used the new token; it dies two calls later.
    { kind: 'hold', after: 1, until: 2, on: { account: 'shared' } },
    { kind: 'status', status: 503, times: 2, after: 1, on: { account: 'shared', path: ORDERS } },
  ]);
  await Promise.all(
    CASES.map(async (name) => {
      if (ORDER_CASES.includes(name)) {
        orderRuns[name] = (await scene.send.order(tenants[name], { orderNumber: `O-${name}` })).workflowId;
        return;
      }
      const variants = Array.from({ length: name === 'crowd' ? 10 : 1 }, (_, index) => [`V${index + 1}`, 5]);
      const event = { messageId: `m-${name}`, stock: Object.fromEntries(variants) };
      submissions[name] = (await scene.send.stock(tenants[name], event)).submissionId;
    }),
  );
  const { see, send } = scene;
  await eventually('the second call of the order', () => (see.cancels('O-shared').length > 1 ? true : undefined));
  await send.stock(tenants.shared, { messageId: 'm-shared', stock: { V1: 5 } });
});
afterAll(() => scene.stop());

test('without a token there is one login and one call', async () => {
  const { see } = scene;
  expect(await see.result(see.syncId(tenants.fresh))).toMatchObject({ accepted: 1 });
  expect(see.logins(tenants.fresh)).toHaveLength(1);
  expect(see.stockCalls(tenants.fresh).map(({ status }) => status)).toEqual([200]);
});

test.each([
  ['stock', () => scene.see.syncId(tenants.fresh)],
  ['an order, at the marketplace and in the WMS,', () => orderRuns['order-fresh']],
])('without a token no activity of %s fails: the login comes first', async (_whose, runOf) => {
  const workflowId = runOf();
  await scene.see.result(workflowId);
  const events = (await fetchHistory(scene.stand.client, workflowId)).events.map(({ eventType }) => eventType);
  expect(events.filter((type) => /ACTIVITY_TASK_(FAILED|TIMED_OUT)/.test(type))).toEqual([]);
  expect(events).toContain('EVENT_TYPE_ACTIVITY_TASK_COMPLETED');
});

test('a token that is known to have expired is replaced before it is used', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.known);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 1 });
  expect(see.logins(tenants.known)).toHaveLength(1);
  expect(see.stockCalls(tenants.known).map(({ status }) => status)).toEqual([200]);
  expect(textOf(await fetchHistory(scene.stand.client, workflowId))).not.toContain('ACTIVITY_TASK_FAILED');
});

test('a login that comes first counts as no failure', async () => {
  expect(scene.stand.failures.filter(({ message }) => /no usable token|known to have expired/.test(message))).toEqual(
    [],
  );
});

test('the first token of a connection that dies before its first use is another login', async () => {
  const { see } = scene;
  const { blink } = tenants;
  expect(await see.result(see.syncId(blink))).toMatchObject({ accepted: 1 });
  expect(see.logins(blink).map(({ status }) => status)).toEqual([200, 200]);
  expect(see.stockCalls(blink).map(({ status }) => status)).toEqual([401, 200]);
  expect(await see.connectionStatus(blink.connectionId)).toBe('active');
});

test('a 401 is one login and one more call', async () => {
  const { see } = scene;
  expect(await see.result(see.syncId(tenants.expired))).toMatchObject({ accepted: 1 });
  expect(see.logins(tenants.expired)).toHaveLength(1);
  expect(see.stockCalls(tenants.expired).map(({ status }) => status)).toEqual([401, 200]);
  expect(await see.attention(see.syncId(tenants.expired))).toBeUndefined();
});

test('calls that meet 401 together log in once', async () => {
  const { see } = scene;
  expect(await see.result(see.syncId(tenants.crowd))).toMatchObject({ accepted: 10 });
  expect(see.stockCalls(tenants.crowd).filter(({ status }) => status === 401).length).toBeGreaterThan(1);
  expect(see.logins(tenants.crowd)).toHaveLength(1);
});

test('a second new token that is refused too is needs_reauth: nothing is lost, and it resumes when it is restored', async () => {
  const { see } = scene;
  const tenant = tenants.hopeless;
  const workflowId = see.syncId(tenant);
  await see.untilAttention(workflowId, 'ajio_needs_reauth');
  expect(await see.connectionStatus(tenant.connectionId)).toBe('needs_reauth');
  expect(see.logins(tenant)).toHaveLength(2);
  expect(see.stockCalls(tenant).map(({ status }) => status)).toEqual([401, 401, 401]);
  expect((await see.level(tenant, 'V1')).state).toBe('dirty');
  expect(await see.submission(tenant, submissions.hopeless)).toMatchObject({ status: 'pending' });

  await scene.send.stock(tenant, { messageId: 'm2', stock: { V1: 6 }, publishedAt: '2025-01-10 11:00:00' });
  expect(see.stockCalls(tenant)).toHaveLength(3);

  await scene.tenants.setStatus(tenant, 'active');
  await see.retry(workflowId);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 1 });
  expect(see.stockCalls(tenant).at(-1)?.stock).toEqual({ V1: 6 });
  expect(see.shownStock(tenant)).toEqual({ V1: 6 });
  expect(await see.attention(workflowId)).toBeUndefined();
});

test('a refused login is asked for once, then needs_reauth; a retry alone does not ask again', async () => {
  const { see } = scene;
  const tenant = tenants['locked-out'];
  const workflowId = see.syncId(tenant);
  await see.untilAttention(workflowId, 'ajio_needs_reauth');
  expect(await see.connectionStatus(tenant.connectionId)).toBe('needs_reauth');
  // The question of before is to be seen until the run has met the signal.
  const questions = async () =>
    textOf(await fetchHistory(scene.stand.client, workflowId)).split('waits for retry or giveUp').length - 1;
  const asked = await questions();
  await see.retry(workflowId);
  // Once more when the timer of the question is cancelled, and once when the next one starts.
  await eventually('it asks again', async () => (await questions()) > asked + 1);
  expect(see.logins(tenant).map(({ status }) => status)).toEqual([401]);
  expect(see.stockCalls(tenant)).toHaveLength(0);

  scene.tenants.correctLogin(tenant);
  await scene.tenants.setStatus(tenant, 'active');
  await see.retry(workflowId);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 1 });
  expect(see.logins(tenant).map(({ status }) => status)).toEqual([401, 200]);
});

test('a 401 at an order is one login and one more call', async () => {
  const { see } = scene;
  expect(await see.result(orderRuns.order)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels('O-order').map(({ status }) => status)).toEqual([401, 200]);
  expect(see.logins(tenants.order)).toHaveLength(1);
  expect(see.wmsCancels('O-order')).toHaveLength(1);
});

test('an order whose token stays refused waits, and goes on when the connection is restored', async () => {
  const { see } = scene;
  const tenant = tenants['order-hopeless'];
  const workflowId = orderRuns['order-hopeless'];
  await see.untilAttention(workflowId, 'ajio_needs_reauth');
  expect(await see.connectionStatus(tenant.connectionId)).toBe('needs_reauth');
  expect(see.cancels('O-order-hopeless').map(({ status }) => status)).toEqual([401, 401, 401]);
  expect(see.wmsCancels('O-order-hopeless')).toHaveLength(0);

  await scene.tenants.setStatus(tenant, 'active');
  await see.retry(workflowId);
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.effectiveCancels('O-order-hopeless', 'S-O-order-hopeless.1-1')).toBe(1);
  expect(see.wmsCancels('O-order-hopeless')).toHaveLength(1);
});

test('a new token that dies after others have used it is another login, and no question of credentials', async () => {
  const { see } = scene;
  const { shared } = tenants;
  expect(await see.result(orderRuns.shared)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels('O-shared').map(({ status }) => status)).toEqual([401, 503, 503, 401, 200]);
  expect(see.stockCalls(shared).map(({ status }) => status)).toEqual([200]);
  expect(see.logins(shared)).toHaveLength(2);
  expect(await see.connectionStatus(shared.connectionId)).toBe('active');
});
