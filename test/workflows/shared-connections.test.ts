import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

/** A connection whose row in the shared table another program fills, on a real Temporal and MariaDB. */

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

/** A tenant whose own token is dead; its credentials stand where the other program keeps them. */
async function add(slug: string): Promise<Tenant> {
  const tenant = await scene.tenants.add(slug, { tokens: 'none' });
  const { db } = scene.stand.stores;
  await db.change('UPDATE ie_appinstall_connection SET inputFields = ? WHERE id = ?', [
    JSON.stringify({ username: slug, password: `CANARY-password-${slug}` }),
    tenant.connectionId,
  ]);
  await db.change("UPDATE connections SET inputFields = NULL, accessToken = 'dead' WHERE id = ?", [
    tenant.connectionId,
  ]);
  return tenant;
}
const puts = (tenant: Tenant, token: string) =>
  scene.stand.stores.db.change('UPDATE ie_appinstall_connection SET accessToken = ? WHERE id = ?', [
    token,
    tenant.connectionId,
  ]);
const statuses = (tenant: Tenant) => scene.see.stockCalls(tenant).map(({ status }) => status);

test('a token that another program has put there is used instead of a login', async () => {
  const { see, send, stand } = scene;
  const tenant = await add('theirs');
  await puts(tenant, stand.ajio.issueToken('theirs'));
  await send.stock(tenant, { messageId: 'm-theirs', stock: { V1: 5 } });
  expect(await see.result(see.syncId(tenant))).toMatchObject({ accepted: 1 });
  expect(statuses(tenant)).toEqual([401, 200]);
  expect(see.logins(tenant)).toEqual([]);

  const { workflowId } = await send.order(tenant, { orderNumber: 'O-theirs' });
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.logins(tenant)).toEqual([]);
});

test('dead ones, written all the time, cost one call and one login', async () => {
  const { see, send } = scene;
  const tenant = await add('dead-writer');
  let isOver = false;
  const writing = (async () => {
    for (let count = 1; !isOver; count++) await puts(tenant, `dead-${count}`);
  })();
  await send.stock(tenant, { messageId: 'm-dead', stock: { V1: 5 } });
  expect(await see.result(see.syncId(tenant))).toMatchObject({ accepted: 1 });
  isOver = true;
  await writing;
  expect(statuses(tenant)).toEqual([401, 401, 200]);
  expect(see.logins(tenant)).toHaveLength(1);
  expect(await see.connectionStatus(tenant.connectionId)).toBe('active');
});

test('without any token the credentials of the row are logged in with, once, and the row stays as it is', async () => {
  const { see, send, stand } = scene;
  const tenant = await add('login');
  const row = () =>
    stand.stores.db.select('SELECT * FROM ie_appinstall_connection WHERE id = ?', [tenant.connectionId]);
  const before = await row();
  await send.stock(tenant, { messageId: 'm-login', stock: { V1: 5 } });
  expect(await see.result(see.syncId(tenant))).toMatchObject({ accepted: 1 });
  expect(see.logins(tenant)).toHaveLength(1);
  expect(await row()).toEqual(before);
});
