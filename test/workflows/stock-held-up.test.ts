import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

const BATCH = 20;
/** More calls than one plan holds, so that the rest is still to be planned when the first is refused. */
const LINES = 45 * BATCH;

let scene: Scene;
let tenant: Tenant;
beforeAll(async () => {
  scene = await startScene();
  tenant = await scene.tenants.add('held-up', { settings: { batchSize: BATCH, halvesRefusals: false } });
});
afterAll(() => scene.stop());

test('a refused request holds up no other: everything else is delivered before a person is asked', async () => {
  const { see, send, stand } = scene;
  const body = { status: 'FAILED', failedProductList: [], message: 'Seller is blocked' };
  stand.ajio.setFaults([{ kind: 'status', status: 400, body, times: 1, on: { account: tenant.slug } }]);
  const stock = Object.fromEntries(Array.from({ length: LINES }, (_, index) => [`V${index}`, index + 1]));
  await send.stock(tenant, { messageId: 'm1', stock });
  await see.untilAttention(see.syncId(tenant), 'ajio_rejected');
  expect(see.stockCalls(tenant)).toHaveLength(LINES / BATCH);
  expect(Object.keys(see.shownStock(tenant))).toHaveLength(LINES - BATCH);

  await see.retry(see.syncId(tenant));
  expect(await see.result(see.syncId(tenant))).toMatchObject({ accepted: LINES, rejected: BATCH });
  expect(see.shownStock(tenant)).toEqual(stock);
});
