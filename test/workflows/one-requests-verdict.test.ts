import { ajioItem } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** What each tenant meets; all events go out together in `beforeAll`, and each test looks at one tenant. */
const CASES = [
  'forbidden',
  'refused-alone',
  'walled',
  'walled-order',
  'bought',
  'bought-part',
  'taken-part',
  'odd-life',
] as const;
type Case = (typeof CASES)[number];

const ORDERS = '/*/orders';
const WMS_CANCEL = '/*/api/cancel-order';

let scene: Scene;
const tenants = {} as Record<Case, Tenant>;
const runs = {} as Record<Case, string>;
const numberOf = (name: Case) => `O-${name}`;

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) {
    const hasToken = name !== 'walled' && name !== 'odd-life';
    tenants[name] = await scene.tenants.add(name, { tokens: hasToken ? 'live' : 'none' });
  }
  scene.stand.ajio.setFaults([
    { kind: 'status', status: 403, body: { message: 'Not this one' }, on: { account: 'forbidden', path: ORDERS } },
    { kind: 'status', status: 401, body: { message: 'Not you' }, on: { account: 'refused-alone', path: ORDERS } },
    // Others log in at Ajio only when this one has met it.
    { kind: 'firewall', times: 1, on: { path: '/authToken' } },
    { kind: 'firewall', by: 'big-ip', status: 200, times: 1, on: { account: 'walled' } },
    { kind: 'firewall', by: 'cloudflare', times: 1, on: { account: 'walled' } },
    { kind: 'firewall', by: 'akamai', times: 1, on: { account: 'walled-order' } },
    { kind: 'firewall', by: 'big-ip', status: 200, applies: true, times: 1, on: { account: 'walled-order' } },
    { kind: 'buyer-cancels', times: 1, on: { account: 'bought', method: 'POST' } },
    { kind: 'buyer-cancels', pieces: 1, times: 1, on: { account: 'bought-part', method: 'POST' } },
    { kind: 'takes-fewer', times: 1, on: { account: 'taken-part', method: 'POST' } },
  ]);
  // One piece more than the warehouse lacks: asked for once more, all of it would go.
  const number = numberOf('taken-part');
  scene.stand.ajio.setState({
    orders: { [number]: { username: 'taken-part', lines: { [ajioItem(number, '1')]: { quantity: 4 } } } },
  });
  scene.stand.eshopbox.setFaults([
    { kind: 'firewall', by: 'cloudflare', times: 1, on: { account: 'walled-order', path: WMS_CANCEL } },
    { kind: 'firewall', by: 'big-ip', status: 200, times: 1, on: { account: 'walled-order', path: WMS_CANCEL } },
    { kind: 'odd-life', expiresIn: 0, times: 1, on: { path: '/auth' } },
  ]);
  // Other calls of the connection get through with whatever token it has.
  await scene.stand.stores.workingTokens.note(tenants['refused-alone'].connectionId, 1_000);
  await scene.send.stock(tenants.walled, { messageId: 'm-walled', stock: { V1: 5 } });
  await eventually('its login met the firewall', () => scene.see.logins(tenants.walled)[0]);
  for (const name of CASES) {
    if (name === 'walled') continue;
    const pieces = name.endsWith('-part') ? 3 : 1;
    runs[name] = (await scene.send.order(tenants[name], { orderNumber: numberOf(name), pieces })).workflowId;
  }
});
afterAll(() => scene.stop());

test('a 403 is that order’s business: nobody logs in, and the connection’s stock goes on', async () => {
  const { see, send } = scene;
  const { forbidden } = tenants;
  await see.untilAttention(runs.forbidden, 'ajio_rejected');
  expect(await see.details(runs.forbidden)).toContain('Not this one');
  expect(see.cancels(numberOf('forbidden')).map(({ status }) => status)).toEqual([403]);
  await send.stock(forbidden, { messageId: 'm-forbidden', stock: { V1: 7 } });
  expect(await see.result(see.syncId(forbidden))).toMatchObject({ accepted: 1 });
  expect(see.shownStock(forbidden)).toEqual({ V1: 7 });
  expect(see.logins(forbidden)).toHaveLength(0);
  expect(await see.connectionStatus(forbidden.connectionId)).toBe('active');
});

test('a 401 that only one order gets, whatever token it brings, is its refusal too, and stops nobody else', async () => {
  const { see, send } = scene;
  const alone = tenants['refused-alone'];
  await see.untilAttention(runs['refused-alone'], 'ajio_rejected');
  expect(await see.details(runs['refused-alone'])).toContain('it takes the same token for other requests');
  expect(see.cancels(numberOf('refused-alone')).map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect(see.logins(alone)).toHaveLength(3);
  await send.stock(alone, { messageId: 'm-alone', stock: { V1: 7 } });
  expect(await see.result(see.syncId(alone))).toMatchObject({ accepted: 1 });
  expect(await see.connectionStatus(alone.connectionId)).toBe('active');
});

test('a firewall’s page is tried again, at the login as well, and is never taken for delivered', async () => {
  const { see } = scene;
  const { walled } = tenants;
  // A page with 200 may hide that the call was applied, so the line goes out once more after its success.
  expect(await see.result(see.syncId(walled))).toMatchObject({ rejected: 0, unknown: 0 });
  expect(see.logins(walled).map(({ status }) => status)).toEqual([403, 200]);
  const calls = see.stockCalls(walled);
  expect(calls.slice(0, 3).map(({ status, applied }) => [status, applied.length])).toEqual([
    [200, 0],
    [403, 0],
    [200, 1],
  ]);
  expect(see.shownStock(walled)).toEqual({ V1: 5 });
  expect(await see.connectionStatus(walled.connectionId)).toBe('active');
});

test('an order behind a firewall is cancelled once on both sides, also when the page hid that it had been', async () => {
  const { see } = scene;
  const number = numberOf('walled-order');
  expect(await see.result(runs['walled-order'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(number).slice(0, 2)).toMatchObject([
    { status: 403, applied: [] },
    { status: 200, faults: ['firewall'], applied: [{ what: 'cancel' }] },
  ]);
  expect(see.effectiveCancels(number, ajioItem(number, '1'))).toBe(1);
  expect(see.wmsCancels(number).map(({ status }) => status)).toEqual([403, 200, 200]);
});

test('a line that the buyer cancelled meanwhile is cancelled in the WMS', async () => {
  const { see } = scene;
  const number = numberOf('bought');
  expect(await see.result(runs.bought)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(number)).toHaveLength(1);
  expect(see.effectiveCancels(number, ajioItem(number, '1'))).toBe(0);
  expect(see.readBacks(number)).toHaveLength(1);
  expect(see.wmsCancels(number)).toHaveLength(1);
});

test('of a line that the buyer cancelled in part the rest is cancelled at the marketplace, and all of it in the WMS', async () => {
  const { see } = scene;
  const number = numberOf('bought-part');
  expect(await see.result(runs['bought-part'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(number).map(({ pieces }) => pieces)).toEqual([[3], [2]]);
  expect(see.effectiveCancels(number, ajioItem(number, '1'))).toBe(1);
  expect(see.readBacks(number)).toHaveLength(1);
  expect(see.wmsCancels(number).map(({ pieces }) => pieces)).toEqual([[3]]);
});

test('of a line that the marketplace cancelled in part only the rest is asked for again', async () => {
  const { see } = scene;
  const number = numberOf('taken-part');
  expect(await see.result(runs['taken-part'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(number).map(({ pieces }) => pieces)).toEqual([[3], [2]]);
  expect(see.cancels(number).flatMap(({ applied }) => applied.map(({ quantity }) => quantity))).toEqual([1, 2]);
  expect(see.readBacks(number)).toHaveLength(1);
  expect(see.wmsCancels(number).map(({ pieces }) => pieces)).toEqual([[3]]);
});

test('a token whose life is told as nothing is used until it is refused', async () => {
  const { see, send } = scene;
  const tenant = tenants['odd-life'];
  expect(await see.result(runs['odd-life'])).toMatchObject({ outcome: 'cancelled' });
  const { workflowId } = await send.order(tenant, { orderNumber: 'O-odd-life-2' });
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.wmsLogins(tenant)).toHaveLength(1);
});
