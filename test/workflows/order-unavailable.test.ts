import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

/** What breaks for each tenant; all orders go out together in `beforeAll`, and each test looks at one of them. */
const CASES = ['ajio-down', 'wms-down', 'wms-silent', 'wms-token', 'ajio-throttled'] as const;
type Case = (typeof CASES)[number];

let scene: Scene;
const runs = {} as Record<Case, string>;

beforeAll(async () => {
  scene = await startScene();
  const { stand, send } = scene;
  const tenants = [];
  for (const name of CASES) tenants.push({ name, tenant: await scene.tenants.add(name) });
  stand.ajio.setFaults([
    { kind: 'status', status: 500, times: 3, on: { account: 'ajio-down' } },
    { kind: 'throttle', retryAfter: '1', times: 1, on: { account: 'ajio-throttled' } },
  ]);
  const refusal = { error: { code: 'CLOSED', message: 'Period is closed', errors: [] } };
  stand.eshopbox.setFaults([
    { kind: 'status', status: 400, body: refusal, times: 1, on: { account: 'ajio-down' } },
    { kind: 'status', status: 503, on: { account: 'wms-down' } },
    { kind: 'hang-after-applying', times: 1, on: { account: 'wms-silent' } },
    { kind: 'expire-token', times: 1, on: { account: 'wms-token' } },
  ]);
  await Promise.all(
    tenants.map(async ({ name, tenant }) => {
      runs[name] = (await send.order(tenant, { orderNumber: `O-${name}` })).workflowId;
    }),
  );
});
afterAll(() => scene.stop());

test('Ajio’s 5xx three times is exactly three calls, then Attention; once Ajio has accepted it is not asked again', async () => {
  const { see } = scene;
  const workflowId = runs['ajio-down'];
  await see.untilAttention(workflowId, 'ajio_unavailable');
  expect(see.cancels('O-ajio-down').map(({ status }) => status)).toEqual([500, 500, 500]);
  expect(see.wmsCancels('O-ajio-down')).toHaveLength(0);
  expect(await see.outcome(workflowId)).toBe('not_cancelled');

  await see.retry(workflowId);
  await see.untilAttention(workflowId, 'eshopbox_rejected');
  expect(await see.outcome(workflowId)).toBe('cancelled_at_marketplace_only');
  const details = await see.details(workflowId);
  expect(details).toContain('Period is closed');
  expect(details).toMatch(
    /Account `ajio-down` · Eshopbox, connection \d+ · waiting since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
  );
  expect(details).toMatch(/Ajio has cancelled line O-ajio-down-1 \(.* UTC\)/);
  expect(details).toContain('Eshopbox was asked and has not confirmed the cancel of line O-ajio-down-1.');
  expect(details).toContain('`giveUp` leaves line O-ajio-down-1 cancelled at Ajio and open in Eshopbox.');
  expect(details).toContain(`npm run cli -- give-up ${workflowId}`);
  expect(see.cancels('O-ajio-down')).toHaveLength(4);

  await see.retry(workflowId);
  expect(await see.result(workflowId)).toEqual({ outcome: 'cancelled', cancelled: ['O-ajio-down-1'] });
  expect(see.cancels('O-ajio-down')).toHaveLength(4);
  const wms = see.wmsCancels('O-ajio-down');
  expect(wms.map(({ status }) => status)).toEqual([400, 200]);
  expect(new Set(wms.map(({ cancellationTime }) => cancellationTime)).size).toBe(1);
  expect(await see.attention(workflowId)).toBeUndefined();
  expect(await see.outcome(workflowId)).toBe('cancelled');
});

test('an answer of Eshopbox that never came is asked for again, and its "already cancelled" is a yes', async () => {
  const { see, stand } = scene;
  expect(await see.result(runs['wms-silent'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.wmsCancels('O-wms-silent').map(({ status }) => status)).toEqual([null, 400]);
  const lines = stand.eshopbox.state().cancelled['wms-silent']?.['O-wms-silent'] ?? {};
  expect(Object.values(lines).map(({ effectiveCancels }) => effectiveCancels)).toEqual([1]);
});

test('a 401 of Eshopbox is one login and one more call', async () => {
  const { see } = scene;
  expect(await see.result(runs['wms-token'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.wmsCancels('O-wms-token').map(({ status }) => status)).toEqual([401, 200]);
  const tokens = scene.stand.eshopbox
    .log()
    .filter(({ path, account }) => path.endsWith('generateToken') && account === 'wms-token');
  expect(tokens).toHaveLength(1);
});

test('a 429 at an order is waited for as Ajio asked', async () => {
  const { see } = scene;
  expect(await see.result(runs['ajio-throttled'])).toMatchObject({ outcome: 'cancelled' });
  const calls = see.cancels('O-ajio-throttled');
  expect(calls.map(({ status }) => status)).toEqual([429, 200]);
  expect((calls[1]?.atMs ?? 0) - (calls[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
});

test('a login of Eshopbox that is away is tried again by itself, as the cancel is', async () => {
  const { see, send, stand, tenants } = scene;
  const tenant = await tenants.add('wms-login');
  stand.eshopbox.setFaults([
    { kind: 'status', status: 503, on: { account: 'wms-down' } },
    { kind: 'expire-token', times: 1, on: { account: tenant.slug } },
    { kind: 'status', status: 500, times: 4, on: { path: '/auth' } },
  ]);
  const { workflowId } = await send.order(tenant, { orderNumber: 'O-wms-login' });
  await see.untilAttention(workflowId, 'eshopbox_unavailable');
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(await see.attention(workflowId)).toBeUndefined();
  expect(see.cancels('O-wms-login')).toHaveLength(1);
  expect(see.wmsCancels('O-wms-login').at(-1)).toMatchObject({ status: 200 });
});

// The last one, because it takes all faults away.
test('while Eshopbox is away the outcome says that only the marketplace has cancelled; every try tells the same time', async () => {
  const { see, stand } = scene;
  const workflowId = runs['wms-down'];
  await eventually('Eshopbox has refused once', () => see.wmsCancels('O-wms-down')[0]?.status ?? undefined);
  expect(await see.outcome(workflowId)).toBe('cancelled_at_marketplace_only');
  expect(await see.attention(workflowId)).toBeUndefined();

  stand.eshopbox.clearFaults();
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  const wms = see.wmsCancels('O-wms-down');
  expect(wms.length).toBeGreaterThan(1);
  expect(wms.map(({ status }) => status)).toEqual([...wms.slice(1).map(() => 503), 200]);
  // The second try came seconds later.
  expect((wms[1]?.atMs ?? 0) - (wms[0]?.atMs ?? 0)).toBeGreaterThan(2_000);
  expect(new Set(wms.map(({ cancellationTime }) => cancellationTime)).size).toBe(1);
  expect(see.cancels('O-wms-down')).toHaveLength(1);
});
