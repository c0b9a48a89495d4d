import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually, ROUNDING_MS } from '../stand/waiting';

/** What Ajio does to each tenant; each test looks at one tenant. */
const CASES = ['down', 'abandoned', 'shaky', 'hung'] as const;
type Case = (typeof CASES)[number];

let scene: Scene;
const tenants = {} as Record<Case, Tenant>;
const submissions = {} as Record<Case, string>;

async function send(name: Case): Promise<void> {
  const { submissionId } = await scene.send.stock(tenants[name], { messageId: `m-${name}`, stock: { V1: 7 } });
  submissions[name] = submissionId;
}

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) {
    tenants[name] = await scene.tenants.add(name);
  }
  scene.stand.ajio.setFaults([
    { kind: 'status', status: 500, times: 3, on: { account: 'down' } },
    { kind: 'status', status: 500, on: { account: 'abandoned' } },
    { kind: 'status', status: 500, times: 2, on: { account: 'shaky' } },
    { kind: 'hang-after-applying', times: 1, on: { account: 'hung' } },
  ]);
  // The two whose question lasts until the channel is asked again by itself are sent by their tests.
  await Promise.all([send('shaky'), send('hung')]);
});
afterAll(() => scene.stop());

// The first one, because the line goes out once more when its time has come.
test('a request without an answer may arrive late: its line is accepted and goes out once more', async () => {
  const { see, stand } = scene;
  const level = await eventually('the hung line is answered', async () => {
    const found = await see.level(tenants.hung, 'V1');
    return found.acknowledgedQuantity === 7 ? found : undefined;
  });
  expect(level.state).toBe('dirty');
  expect(level.notBeforeMs).toBeGreaterThan((see.stockCalls(tenants.hung)[0]?.atMs ?? Number.NaN) + 10_000);
  expect(see.stockCalls(tenants.hung).map(({ status }) => status)).toEqual([null, 200]);

  await stand.stores.db.change('UPDATE stock_levels SET notBeforeMs = 0, lateUntilMs = 0 WHERE connectionId = ?', [
    tenants.hung.connectionId,
  ]);
  await stand.dispatch.pokeInventorySync(tenants.hung.connectionId);
  await see.result(see.syncId(tenants.hung));
  expect(see.stockCalls(tenants.hung).map(({ stock }) => stock)).toEqual([{ V1: 7 }, { V1: 7 }, { V1: 7 }]);
  expect((await see.level(tenants.hung, 'V1')).state).toBe('clean');
});

test('a 5xx three times is exactly three calls, then Attention with nothing lost; after retry it completes', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.down);
  await send('down');
  await see.untilAttention(workflowId, 'ajio_unavailable');
  expect(see.stockCalls(tenants.down).map(({ status }) => status)).toEqual([500, 500, 500]);
  expect(await see.level(tenants.down, 'V1')).toMatchObject({ state: 'dirty', desiredQuantity: 7, pushId: null });
  expect(await see.submission(tenants.down, submissions.down)).toMatchObject({ status: 'pending', finishedCount: 0 });
  expect(await see.details(workflowId)).toContain('`retry`');

  await see.retry(workflowId);
  expect(await see.result(workflowId)).toEqual({ pushes: 1, accepted: 1, rejected: 0, unknown: 0 });
  expect(see.stockCalls(tenants.down)).toHaveLength(4);
  expect(see.shownStock(tenants.down)).toEqual({ V1: 7 });
  expect(await see.attention(workflowId)).toBeUndefined();
  expect(await see.submission(tenants.down, submissions.down)).toMatchObject({ status: 'success', successCount: 1 });
});

test('giving up fails the run with its cause and says so on the lines', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.abandoned);
  await send('abandoned');
  await see.untilAttention(workflowId, 'ajio_unavailable');
  await see.giveUp(workflowId);
  await expect(see.result(workflowId)).rejects.toMatchObject({
    cause: { type: 'ChannelUnavailable', message: expect.stringContaining('given up') },
  });
  expect(await see.outcome(workflowId)).toBe('gave_up');
  expect(await see.lines(tenants.abandoned, submissions.abandoned)).toEqual([
    { variant: 'V1', status: 'error', error: expect.stringContaining('given up') },
  ]);
  expect(await see.submission(tenants.abandoned, submissions.abandoned)).toMatchObject({ status: 'error' });
});

test('a 5xx twice is three calls and no question', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.shaky);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 1, rejected: 0 });
  expect(see.stockCalls(tenants.shaky).map(({ status }) => status)).toEqual([500, 500, 200]);
  const { events } = await scene.stand.client.workflow.getHandle(workflowId).fetchHistory();
  const attributes = (events ?? []).map((event) => event.upsertWorkflowSearchAttributesEventAttributes);
  expect(JSON.stringify(attributes)).not.toContain('Attention');
});

// The last one, because it takes the other faults away.
test('a 429 stops the whole connection until Retry-After has passed, and nobody is asked', async () => {
  const { see, send, stand } = scene;
  // Four chunks of one line: the whole connection has to wait, not one chunk.
  const tenant = await scene.tenants.add('throttled', { settings: { batchSize: 1, maxConcurrentPushes: 2 } });
  const on = { account: tenant.slug };
  stand.ajio.setFaults([
    // The first answer opens the second lane. Both are on their way when the next one comes, and the second one stands until the worker has read it.
    { kind: 'hold', after: 1, until: 2, on },
    { kind: 'hold', after: 2, on },
    { kind: 'throttle', after: 1, retryAfter: '2', times: 1, on },
  ]);
  await send.stock(tenant, { messageId: 'm-throttled', stock: { V1: 1, V2: 2, V3: 3, V4: 4 } });
  const heldUntilMs = await eventually('the gate is shut', () => see.heldUntilMs(tenant));
  stand.ajio.clearFaults();
  const workflowId = see.syncId(tenant);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 4, unknown: 0 });
  const [first, throttled, onItsWay, ...later] = see.stockCalls(tenant);
  expect([first, throttled, onItsWay, ...later].map((call) => call?.status)).toEqual([200, 429, 200, 200, 200]);
  expect(heldUntilMs - (throttled?.atMs ?? Number.NaN)).toBeGreaterThanOrEqual(2_000);
  expect(later.filter(({ atMs }) => atMs < heldUntilMs - ROUNDING_MS)).toEqual([]);
  expect(await see.attention(workflowId)).toBeUndefined();
});
