import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** What Ajio says to each tenant; all events but one go out together in `beforeAll`, and each test looks at one tenant. */
const CASES = [
  'refused',
  'partial',
  'failed',
  'listed',
  'silent',
  'garbled',
  'html',
  'corrected',
  'beside',
  'pressing',
] as const;
type Case = (typeof CASES)[number];

const STOCK = { V1: 1, V2: 2, V3: 3 };
const ALL = Object.keys(STOCK);

let scene: Scene;
const tenants = {} as Record<Case, Tenant>;
const submissions = {} as Record<Case, string>;

async function sendFirst(name: Case): Promise<void> {
  const { submissionId } = await scene.send.stock(tenants[name], { messageId: `m-${name}`, stock: STOCK });
  submissions[name] = submissionId;
}

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) {
    // What is refused as a whole is a person's business here, and not halved.
    const settings = { halvesRefusals: false, ...(name === 'beside' ? { batchSize: 1, maxConcurrentPushes: 1 } : {}) };
    tenants[name] = await scene.tenants.add(name, { settings });
  }
  const words = { status: 'FAILED', failedProductList: [], message: 'Seller is blocked' };
  const oneNamed = {
    status: 'FAILED',
    failedProductList: [{ productId: 'P-silent', variantId: 'V2', message: 'Product not found' }],
  };
  scene.stand.ajio.setFaults([
    { kind: 'status', status: 400, body: words, times: 1, on: { account: 'refused' } },
    { kind: 'status', status: 400, body: words, times: 1, on: { account: 'corrected' } },
    { kind: 'fail-lines', lines: ['P-partial/V2'], message: 'No such variant', on: { account: 'partial' } },
    { kind: 'failed-without-list', times: 1, on: { account: 'failed' } },
    { kind: 'fail-lines', message: 'Catalogue is closed', on: { account: 'listed' } },
    { kind: 'status', status: 200, body: oneNamed, times: 1, on: { account: 'silent' } },
    { kind: 'garbage', times: 1, on: { account: 'garbled' } },
    { kind: 'html', times: 1, on: { account: 'html' } },
    { kind: 'status', status: 400, body: words, times: 1, on: { account: 'beside' } },
    { kind: 'garbage', applies: false, times: 1, on: { account: 'beside' } },
    { kind: 'garbage', applies: false, times: 1, on: { account: 'pressing' } },
    { kind: 'status', status: 400, body: words, times: 1, on: { account: 'pressing' } },
  ]);
  // Before the other events, so that its second one finds the run in the wait after the first answer.
  await scene.send.stock(tenants.pressing, { messageId: 'm-pressing-1', stock: { V1: 1 } });
  await eventually('nobody understood it', () => scene.see.stockCalls(tenants.pressing)[0]);
  await Promise.all(
    // The question about an answer that is none lasts until the line is due again, so that its test sends it.
    CASES.filter((name) => name !== 'garbled').map(sendFirst),
  );
});
afterAll(() => scene.stop());

/** The question is taken back and asked again when lines fall due: a signal in between counts for nothing. */
const retryUntilDone = (workflowId: string) =>
  eventually('the run is done', async () => {
    const run = scene.stand.client.workflow.getHandle(workflowId);
    if ((await run.describe()).status.name !== 'RUNNING') return true;
    await scene.see.retry(workflowId).catch(() => undefined);
    return undefined;
  });

const linesOf = async (name: Case) =>
  (await scene.see.lines(tenants[name], submissions[name])).map(({ variant, ...line }) => [variant, line]);

test('a 400 is one call, Ajio’s words on every line, and Attention; after retry the lines go again', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.refused);
  await see.untilAttention(workflowId, 'ajio_rejected');
  expect(see.stockCalls(tenants.refused).map(({ status }) => status)).toEqual([400]);
  expect(await linesOf('refused')).toEqual(
    ALL.map((variant) => [variant, { status: 'error', error: 'Seller is blocked' }]),
  );
  expect(await see.details(workflowId)).toContain('Seller is blocked');

  await see.retry(workflowId);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 3 });
  expect(see.stockCalls(tenants.refused).map(({ status }) => status)).toEqual([400, 200]);
  expect(see.shownStock(tenants.refused)).toEqual(STOCK);
  expect(await see.attention(workflowId)).toBeUndefined();
});

test('a newer value for a refused line goes out without anybody’s help; the question about the others stays', async () => {
  const { see, send } = scene;
  const workflowId = see.syncId(tenants.corrected);
  await see.untilAttention(workflowId, 'ajio_rejected');
  await send.stock(tenants.corrected, { messageId: 'm2', stock: { V1: 9 }, publishedAt: '2025-01-10 11:00:00' });
  await see.untilState(tenants.corrected, 'V1', 'clean');
  expect(see.stockCalls(tenants.corrected).map(({ stock }) => stock)).toEqual([STOCK, { V1: 9 }]);
  expect((await see.level(tenants.corrected, 'V2')).state).toBe('rejected');
  expect(await see.attention(workflowId)).toBe('ajio_rejected');
  await see.giveUp(workflowId);
  await expect(see.result(workflowId)).rejects.toMatchObject({ cause: { type: 'ChannelRejected' } });
});

test('a list of failures is a verdict per line', async () => {
  const { see } = scene;
  expect(await see.result(see.syncId(tenants.partial))).toEqual({ pushes: 1, accepted: 2, rejected: 1, unknown: 0 });
  expect(await linesOf('partial')).toEqual([
    ['V1', { status: 'success', error: null }],
    ['V2', { status: 'error', error: 'No such variant' }],
    ['V3', { status: 'success', error: null }],
  ]);
  expect(see.stockCalls(tenants.partial)).toHaveLength(1);
  expect(see.shownStock(tenants.partial)).toEqual({ V1: 1, V3: 3 });
  expect(await see.outcome(see.syncId(tenants.partial))).toBe('partial');
  expect((await see.level(tenants.partial, 'V2')).state).toBe('rejected');
});

test('HTTP 200 with FAILED and an empty list is a no to every line', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.failed);
  await see.untilAttention(workflowId, 'ajio_rejected');
  expect(see.stockCalls(tenants.failed).map(({ status }) => status)).toEqual([200]);
  const error = expect.stringContaining('FAILED');
  expect(await linesOf('failed')).toEqual(ALL.map((variant) => [variant, { status: 'error', error }]));
  await see.giveUp(workflowId);
  await expect(see.result(workflowId)).rejects.toMatchObject({ cause: { type: 'ChannelRejected' } });
});

test('FAILED that names every line is a verdict per line, and nothing is sent again', async () => {
  const { see } = scene;
  expect(await see.result(see.syncId(tenants.listed))).toMatchObject({ accepted: 0, rejected: 3 });
  const error = 'Catalogue is closed';
  expect(await linesOf('listed')).toEqual(ALL.map((variant) => [variant, { status: 'error', error }]));
  expect(see.stockCalls(tenants.listed)).toHaveLength(1);
});

test('FAILED that names one line rejects that one and sends the others again', async () => {
  const { see } = scene;
  expect(await see.result(see.syncId(tenants.silent))).toEqual({ pushes: 2, accepted: 2, rejected: 1, unknown: 2 });
  expect(see.stockCalls(tenants.silent).map(({ stock }) => Object.keys(stock).sort())).toEqual([ALL, ['V1', 'V3']]);
  expect(await linesOf('silent')).toEqual([
    ['V1', { status: 'success', error: null }],
    ['V2', { status: 'error', error: 'Product not found' }],
    ['V3', { status: 'success', error: null }],
  ]);
});

test.each(['garbled'] as const)(
  'an answer that is no answer (%s) decides nothing: the current value goes',
  async (name) => {
    const { see, send } = scene;
    const tenant = tenants[name];
    const workflowId = see.syncId(tenant);
    await sendFirst(name);
    await see.untilAttention(workflowId, 'ajio_contract_violated');
    expect(see.stockCalls(tenant).map(({ status }) => status)).toEqual([200]);
    expect(await linesOf(name)).toEqual(ALL.map((variant) => [variant, { status: 'pending', error: null }]));

    const newer = { messageId: `n-${name}`, stock: { V1: 9 }, publishedAt: '2025-01-10 11:00:00' };
    await send.stock(tenant, newer);
    await see.retry(workflowId);
    await eventually(`${name} goes again`, () =>
      see.shownStock(tenant).V2 === 2 && see.shownStock(tenant).V1 === 9 ? true : undefined,
    );
    expect(await see.result(workflowId)).toMatchObject({ rejected: 0 });
    expect(see.stockCalls(tenant).flatMap(({ stock }) => stock.V1 ?? [])).toEqual([1, 9]);
    expect((await linesOf(name)).map(([, line]) => line)).toEqual([
      { status: 'superseded', error: null },
      { status: 'success', error: null },
      { status: 'success', error: null },
    ]);
  },
);

test('a page in the place of an answer is a channel that is away: it goes again by itself', async () => {
  const { see } = scene;
  await eventually('it is shown', () => see.shownStock(tenants.html).V2);
  expect(await see.result(see.syncId(tenants.html))).toMatchObject({ rejected: 0, unknown: 0 });
  expect(await see.attention(see.syncId(tenants.html))).toBeUndefined();
  // Once for the page, and once for what may have been applied behind it.
  expect(see.stockCalls(tenants.html).flatMap(({ stock }) => stock.V1 ?? [])).toEqual([1, 1, 1]);
});

test('lines that are due later go out while a person is asked about refused ones, and the question stays', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.beside);
  await eventually('the two others are shown', () => Object.keys(see.shownStock(tenants.beside)).length === 2);
  await eventually('both are stored as accepted', async () => {
    const { clean = 0 } = await scene.stand.stores.levels.countByState(tenants.beside.connectionId);
    return clean === 2;
  });
  await see.untilAttention(workflowId, 'ajio_rejected');
  expect(see.stockCalls(tenants.beside)).toHaveLength(4);
  await retryUntilDone(workflowId);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 3 });
  expect(see.shownStock(tenants.beside)).toEqual(STOCK);
});

test('what only a person can end is asked for, also when something came before it that heals by itself', async () => {
  const { see } = scene;
  const workflowId = see.syncId(tenants.pressing);
  await see.untilAttention(workflowId, 'ajio_rejected');
  await retryUntilDone(workflowId);
  expect(await see.result(workflowId)).toMatchObject({ accepted: 3 });
  expect(see.shownStock(tenants.pressing)).toEqual(STOCK);
});
