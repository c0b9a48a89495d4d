import { CONNECTION_ID } from '../../src/contracts/search-attributes';
import { type Scene, startScene } from '../stand/scene';
import { startTalkativeTemporal } from '../stand/talkative-temporal';
import type { Tenant } from '../stand/tenants';

/** One line a call makes some nine events: enough of them for several runs in a row. */
const LINES = 120;
const SUGGESTED_EVENTS = 200;

let temporal: Awaited<ReturnType<typeof startTalkativeTemporal>>;
let scene: Scene;
let tenant: Tenant;
beforeAll(async () => {
  temporal = await startTalkativeTemporal(SUGGESTED_EVENTS);
  const { address, namespace } = temporal;
  scene = await startScene({ temporal: { address, namespace } });
  tenant = await scene.tenants.add('long', { settings: { batchSize: 1, maxConcurrentPushes: 10 } });
});
afterAll(async () => {
  await scene.stop();
  await temporal.stop();
});

test('a sync that outgrows its history goes on in a new run, with its totals and without losing a line', async () => {
  const { see, send, stand } = scene;
  const stock = Object.fromEntries(Array.from({ length: LINES }, (_, index) => [`V${index}`, index + 1]));
  await send.stock(tenant, { messageId: 'm1', stock });
  expect(await see.result(see.syncId(tenant))).toEqual({ pushes: LINES, accepted: LINES, rejected: 0, unknown: 0 });
  const last = await stand.client.workflow.getHandle(see.syncId(tenant)).describe();
  const first = last.raw.workflowExecutionInfo?.firstRunId;
  expect(first).toBeTruthy();
  expect(last.runId).not.toBe(first);
  expect(last.historyLength).toBeLessThan(2 * SUGGESTED_EVENTS);
  expect(last.status.name).toBe('COMPLETED');
  expect(last.typedSearchAttributes.get(CONNECTION_ID)).toBe(String(tenant.connectionId));
  expect(see.stockCalls(tenant)).toHaveLength(LINES);
  expect(see.shownStock(tenant)).toEqual(stock);
});
