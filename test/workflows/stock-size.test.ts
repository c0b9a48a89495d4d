import type { Stock } from '../stand/events';
import { fetchHistory, type HistoryJson, payloadsOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

const BATCH = 20;
const ZEROS = 200;
const LINES = 3_000;
const MAX_PAYLOAD_BYTES = 4_096;

let scene: Scene;
let tenant: Tenant;
let large: HistoryJson;
let small: HistoryJson;

/** `count` variants; every so many of them is sold out, spread over the whole event. */
const stockOf = (count: number, zeros: number): Stock =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `V${index}`,
      zeros > 0 && index % (count / zeros) === 7 ? 0 : 1 + (index % 9),
    ]),
  );

beforeAll(async () => {
  scene = await startScene();
  const { send, see, stand } = scene;
  tenant = await scene.tenants.add('large');
  const little = await scene.tenants.add('small');
  await send.stock(little, { messageId: 'm1', stock: stockOf(50, 0) });
  await see.result(see.syncId(little));
  small = await fetchHistory(stand.client, see.syncId(little));
  await send.stock(tenant, { messageId: 'm1', stock: stockOf(LINES, ZEROS) });
  await see.result(see.syncId(tenant));
  large = await fetchHistory(stand.client, see.syncId(tenant));
});
afterAll(() => scene.stop());

test('an event of 3,000 lines is one call per full batch, and every number arrives', () => {
  expect(scene.see.stockCalls(tenant)).toHaveLength(Math.ceil(LINES / BATCH));
  expect(scene.see.shownStock(tenant)).toEqual(stockOf(LINES, ZEROS));
});

test('what is sold out goes first', () => {
  const calls = scene.see.stockCalls(tenant);
  const first = calls.slice(0, ZEROS / BATCH).flatMap(({ stock }) => Object.values(stock));
  expect(first).toEqual(Array.from({ length: ZEROS }, () => 0));
});

test('a call costs no more history than with 50 lines', () => {
  const perCall = (history: HistoryJson, lines: number) => history.events.length / Math.ceil(lines / BATCH);
  expect(perCall(large, LINES)).toBeLessThanOrEqual(perCall(small, 50));
});

test.each([
  ['3,000', () => large],
  ['50', () => small],
])('no payload of the run of %s lines is larger than a few kB', (_lines, historyOf) => {
  const sizes = payloadsOf(historyOf()).map((payload) => payload.length);
  expect(sizes.length).toBeGreaterThan(0);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
});
