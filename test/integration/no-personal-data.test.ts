import { fetchHistory, payloadsOf, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';

/** Stands in every name, address, e-mail, password and secret of the tests, and nowhere else. */
const canaryIn = (text: string): string | undefined => /.{0,60}canary.{0,60}/is.exec(text)?.[0];

let scene: Scene;
const runs: string[] = [];

beforeAll(async () => {
  scene = await startScene();
  const { send, see, stand } = scene;
  const tenant = await scene.tenants.add('private', { tokens: 'none' });
  const refused = await scene.tenants.add('refused', { tokens: 'none' });
  stand.ajio.setFaults([
    {
      kind: 'status',
      status: 400,
      body: { message: `No order for canary@example.com with CANARY-password-refused` },
      on: { account: 'refused' },
    },
  ]);
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 0 } });
  const done = await send.order(tenant, { orderNumber: 'O-private' });
  const asked = await send.order(refused, { orderNumber: 'O-refused' });
  await see.result(see.syncId(tenant));
  await see.result(done.workflowId);
  await see.untilAttention(asked.workflowId, 'ajio_rejected');
  // An event that cannot be used is kept, without the customer.
  await stand.post('/events/order', tenant.key, {
    resource_type: 'order.unfulfillable',
    response_data: {
      externalChannelID: tenant.externalChannelId,
      customerOrderNumber: 'O-nothing',
      shippingAddress: { customerName: 'CANARY NAME' },
      items: [{ status: 'CONFIRMED', remark: 'CANARY' }],
    },
  });
  runs.push(see.syncId(tenant), done.workflowId, asked.workflowId);
});
afterAll(() => scene.stop());

test('no history holds a name, an address, an e-mail, a token or a secret', async () => {
  const logins = [scene.stand.ajio, scene.stand.eshopbox].flatMap((twin) =>
    twin.log().filter(({ path }) => /token/i.test(path)),
  );
  expect(logins.length).toBeGreaterThanOrEqual(3);
  const connections = await scene.stand.stores.connections.list();
  const tokens = connections.flatMap(({ accessToken }) => accessToken ?? []);
  expect(tokens.length).toBeGreaterThanOrEqual(3);
  for (const workflowId of runs) {
    const history = await fetchHistory(scene.stand.client, workflowId);
    expect(payloadsOf(history).length).toBeGreaterThan(0);
    expect(canaryIn(textOf(history))).toBeUndefined();
    for (const token of tokens) expect(textOf(history).includes(token)).toBe(false);
  }
});

test('what ops read of a refused order is cleaned of secrets and e-mails too', async () => {
  const details = await scene.see.details(runs[2] ?? '');
  expect(details).toContain('No order for [e-mail] with [redacted]');
});

test('no table holds them', async () => {
  const { db } = scene.stand.stores;
  const tables = await db.select<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()',
    [],
  );
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['orders', 'order_lines', 'parked_events', 'push_lines']),
  );
  let rows = 0;
  for (const { name } of tables) {
    const dump = await db.select(`SELECT * FROM \`${name}\``, []);
    rows += dump.length;
    expect(canaryIn(JSON.stringify(dump))).toBeUndefined();
  }
  expect(rows).toBeGreaterThan(20);
});

test('no metric and no failure that is logged holds them', async () => {
  const metrics = await (await fetch(`${scene.stand.gatewayUrl}/metrics`)).text();
  expect(metrics).toContain(
    'stockbridge_failures_total{activity="cancelOnMarketplace",type="ChannelRejected",channel="ajio"} 1',
  );
  expect(canaryIn(metrics)).toBeUndefined();
  expect(scene.stand.failures.length).toBeGreaterThan(0);
  expect(canaryIn(JSON.stringify(scene.stand.failures))).toBeUndefined();
});

test('no error body repeats what came in', async () => {
  const { body, status } = await scene.stand.post('/events/order', (await scene.tenants.add('clumsy')).key, {
    resource_type: 'order.unfulfillable',
    response_data: { customerOrderNumber: { name: 'CANARY' }, items: 'canary@example.com' },
  });
  expect(status).toBe(422);
  expect(canaryIn(JSON.stringify(body))).toBeUndefined();
});
