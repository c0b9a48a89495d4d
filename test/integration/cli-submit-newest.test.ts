import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

let scene: Scene;
let tenant: Tenant;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;

beforeAll(async () => {
  scene = await startScene();
  const { stand } = scene;
  tenant = await scene.tenants.add('csv-newest');
  cli = cliOn({
    MYSQL_URL: stand.mysqlUrl,
    TEMPORAL_ADDRESS: stand.temporalAddress,
    TEMPORAL_NAMESPACE: stand.namespace,
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
});
afterAll(() => scene.stop());
afterEach(() => scene.stand.ajio.clearFaults());

const shown = (variant: string) => scene.stand.ajio.state().stock[tenant.slug]?.[`${tenant.productId}/${variant}`];
const submit = (quantity: number, variant: string) =>
  cli(
    ['submit', '-', '--connection', String(tenant.connectionId), '--json'],
    `sku,quantity\n${tenant.productId}/${variant},${quantity}\n`,
  );
const inUtc = (ms: number) => new Date(ms).toISOString();

it('is newer than an event from the future', async () => {
  const publishedAt = inUtc(Date.now() + 20 * 3_600_000);
  await scene.send.stock(tenant, { messageId: 'ahead', stock: { V1: 9 }, publishedAt });
  await eventually('the event is shown', () => shown('V1') === 9);
  const run = await submit(0, 'V1');
  expect(run.code).toBe(0);
  expect(jsonOf(run)).toMatchObject({ counts: { total: 1, accepted: 1, superseded: 0 } });
  expect(shown('V1')).toBe(0);
});

it('says so and fails when newer values of every row came while it waited', async () => {
  scene.stand.ajio.setFaults([{ on: { account: tenant.slug, path: '/updateInventory' }, kind: 'status', status: 503 }]);
  const running = submit(5, 'V2');
  const known = () => scene.stand.stores.levels.find(tenant.connectionId, `${tenant.productId}/V2`);
  await eventually('the file is stored', async () => (await known()).length > 0);
  await scene.send.stock(tenant, { messageId: 'later', stock: { V2: 3 }, publishedAt: inUtc(Date.now() + 60_000) });
  scene.stand.ajio.clearFaults();
  const run = await running;
  expect(jsonOf(run)).toMatchObject({ counts: { total: 1, accepted: 0, superseded: 1, open: 0 } });
  expect(run.code).toBe(1);
  await eventually('the event is shown', () => shown('V2') === 3);
});
