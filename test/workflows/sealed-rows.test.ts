import { keyIdOf } from '../../src/store/secret-box';
import { openStores } from '../../src/store/stores';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

/** Seals a row with one key, as a process would that has both. */
async function sealWith(connectionId: number, current: Buffer, other: Buffer): Promise<void> {
  const process = openStores({
    mysqlUrl: scene.stand.mysqlUrl,
    credentialsKey: current,
    credentialsReadKeys: [other],
  });
  await process.seals.renew(connectionId, { sealPlain: true, dryRun: false });
  await process.close();
}

test('a row under a key that nobody here has asks for a person, holds up no other, and goes on when it can be opened', async () => {
  const { send, see, tenants } = scene;
  const closed = await tenants.add('closed');
  const other = await tenants.add('other');
  await sealWith(closed.connectionId, OTHER, KEY);

  await send.stock(closed, { messageId: 'm1', stock: { V1: 3 } });
  const order = await send.order(closed, { orderNumber: 'O-closed' });
  await send.stock(other, { messageId: 'm2', stock: { V1: 4 } });
  await see.result(see.syncId(other));
  expect(see.shownStock(other)).toEqual({ V1: 4 });

  for (const workflowId of [see.syncId(closed), order.workflowId]) {
    await see.untilAttention(workflowId, 'ajio_misconfigured');
    expect(await see.details(workflowId)).toContain(
      `ajio, connection ${closed.connectionId}: inputFields is sealed with key ${keyIdOf(OTHER)}, and this process does not have that key`,
    );
  }
  expect(see.stockCalls(closed)).toEqual([]);
  expect(see.logins(closed)).toEqual([]);

  await sealWith(closed.connectionId, KEY, OTHER);
  for (const workflowId of [see.syncId(closed), order.workflowId]) await see.retry(workflowId);
  await eventually('delivery', () => (see.shownStock(closed).V1 === 3 ? true : undefined));
  await see.untilOrder(order.workflowId, 'done');
});
