import { z } from 'zod';
import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { eventually } from '../stand/waiting';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

const withdrawal = z.object({ withdrawnRows: z.array(z.number()), sentRows: z.array(z.number()) });
const LATER = '2025-01-10 11:00:00';
const stockOf = (count: number, quantity = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, quantity]));

test('a listing that sells out while calls are under way goes before everything that has not left', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('sold-out', { settings: { batchSize: 2, maxConcurrentPushes: 2 } });
  stand.ajio.setFaults([{ kind: 'hold', times: 2, on: { account: tenant.slug } }]);
  await send.stock(tenant, { messageId: 'm1', stock: stockOf(20) });
  await eventually('the first call is on the wire', () => see.stockCalls(tenant)[0]);
  await send.stock(tenant, { messageId: 'm2', stock: { V19: 0 }, publishedAt: LATER });
  // The news opens the second lane, although the first one has told nothing yet, or the zero goes with the next call.
  const calls = () => see.stockCalls(tenant).map(({ stock }) => stock);
  stand.ajio.clearFaults();
  await see.result(see.syncId(tenant));
  expect(calls()[1]).toMatchObject({ V19: 0 });
  expect(see.shownStock(tenant)).toEqual({ ...stockOf(20), V19: 0 });
  expect(calls().flatMap((stock) => (stock.V19 === undefined ? [] : [stock.V19]))).toEqual([0]);
});

test('an abort takes back every line that has not left: nothing of the file goes out after it', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('wrong-file', { settings: { batchSize: 20, maxConcurrentPushes: 4 } });
  stand.ajio.setFaults([{ kind: 'hold', on: { account: tenant.slug } }]);
  const { submissionId } = await send.stock(tenant, { messageId: 'm1', stock: stockOf(200) });
  await eventually('the first call is on the wire', () => see.stockCalls(tenant)[0]);
  const { body } = await stand.post(`/submissions/${submissionId}/abort`, tenant.key, {});
  const { withdrawnRows, sentRows } = withdrawal.parse(body);
  const left = see.stockCalls(tenant).flatMap(({ stock }) => Object.keys(stock));
  expect(sentRows).toHaveLength(left.length);
  expect(withdrawnRows).toHaveLength(200 - left.length);
  stand.ajio.clearFaults();
  await see.result(see.syncId(tenant));
  expect(see.stockCalls(tenant).flatMap(({ stock }) => Object.keys(stock))).toEqual(left);
  expect(Object.keys(see.shownStock(tenant)).sort()).toEqual(left.toSorted());
});

test('a listing that sells out waits for no job: a lane is kept for zero stock', async () => {
  const { shiphero } = scene.stand;
  const hero = await addShiphero(scene.stand, 3_301, { batchSize: 40, maxConcurrentPushes: 3 });
  // So slowly that nothing ends before the test says so.
  shiphero.setState({ rowsPerSecond: 0.01 });
  await hero.send(stockOf(90));
  await eventually('two jobs are under way', () => hero.syncs().length === 2 || undefined);
  await hero.send({ V88: 0 });
  const zeros = await eventually('a third one has fetched its file', () =>
    hero.syncs()[2]?.items.length ? hero.syncs()[2] : undefined,
  );
  expect(zeros.items.map(({ sku, quantity }) => [sku, quantity])).toEqual([['V88', 0]]);
  await hero.send({ V87: 5 });
  shiphero.setState({ rowsPerSecond: 1_000 });
  await hero.settled();
  expect(hero.shown()).toEqual({ ...stockOf(90), V88: 0, V87: 5 });
  // News without zeros opens no lane of its own; it goes with what is left.
  expect(hero.syncs().map(({ items }) => items.length)).toEqual([40, 40, 1, expect.any(Number)]);
  await scene.see.result(inventorySyncWorkflowId(3_301));
});

test('a question about refused stock stays until that stock is settled, whatever else arrives', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('stays', { settings: { halvesRefusals: false } });
  const workflowId = see.syncId(tenant);
  stand.ajio.setFaults([{ kind: 'status', status: 400, times: 1, on: { account: tenant.slug } }]);
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 2, V2: 0 } });
  await see.untilAttention(workflowId, 'ajio_rejected');
  await send.stock(tenant, { messageId: 'm2', stock: { V3: 5 }, publishedAt: LATER });
  await see.untilState(tenant, 'V3', 'clean');
  expect(await see.attention(workflowId)).toBe('ajio_rejected');
  await send.stock(tenant, { messageId: 'm3', stock: { V1: 3 }, publishedAt: LATER });
  await see.untilState(tenant, 'V1', 'clean');
  expect(await see.attention(workflowId)).toBe('ajio_rejected');
  await send.stock(tenant, { messageId: 'm4', stock: { V2: 0 }, publishedAt: LATER });
  // Newer values took the place of all that was refused: nobody has to decide any more.
  await see.result(workflowId);
  expect(await see.attention(workflowId)).toBeUndefined();
  expect(await see.outcome(workflowId)).toBe('delivered');
  expect(see.shownStock(tenant)).toEqual({ V1: 3, V2: 0, V3: 5 });
});

test('a run that delivered everything in the end says so, also after a refusal', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('in-the-end', { settings: { halvesRefusals: false } });
  const workflowId = see.syncId(tenant);
  stand.ajio.setFaults([{ kind: 'status', status: 400, times: 1, on: { account: tenant.slug } }]);
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 2 } });
  await see.untilAttention(workflowId, 'ajio_rejected');
  await see.retry(workflowId);
  expect(await see.result(workflowId)).toEqual({ pushes: 2, accepted: 1, rejected: 1, unknown: 0 });
  expect(await see.outcome(workflowId)).toBe('delivered');
});
