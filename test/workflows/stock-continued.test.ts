import { CONNECTION_ID } from '../../src/contracts/search-attributes';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

// So many calls may take a busy machine longer than a test has.
jest.setTimeout(1_800_000);

/** One line a call, so that the history outgrows what Temporal lets a run have before it suggests a new one. */
const LINES = 1_600;

let scene: Scene;
let tenant: Tenant;
beforeAll(async () => {
  scene = await startScene();
  tenant = await scene.tenants.add('long', { settings: { batchSize: 1, maxConcurrentPushes: 10 } });
});
afterAll(() => scene.stop());

test('a sync that outgrows its history goes on in a new run, with its totals and without losing a line', async () => {
  const { see, send, stand } = scene;
  const stock = Object.fromEntries(Array.from({ length: LINES }, (_, index) => [`V${index}`, index + 1]));
  await send.stock(tenant, { messageId: 'm1', stock });
  const first = (await see.started(see.syncId(tenant))).runId;
  expect(await see.result(see.syncId(tenant))).toEqual({ pushes: LINES, accepted: LINES, rejected: 0, unknown: 0 });
  const last = await stand.client.workflow.getHandle(see.syncId(tenant)).describe();
  expect(last.runId).not.toBe(first);
  expect(last.status.name).toBe('COMPLETED');
  expect(last.typedSearchAttributes.get(CONNECTION_ID)).toBe(String(tenant.connectionId));
  expect(see.stockCalls(tenant)).toHaveLength(LINES);
  expect(see.shownStock(tenant)).toEqual(stock);
});
