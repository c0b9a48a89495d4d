import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

test('a newer value that arrives while a push is on the wire goes out after it', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('overtaken');
  stand.ajio.setFaults([{ kind: 'hold', times: 1, on: { account: tenant.slug } }]);
  const first = await send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 1 } });
  await eventually('the first push is on the wire', () => see.stockCalls(tenant)[0]);
  const second = await send.stock(tenant, { messageId: 'm2', stock: { V1: 2 }, publishedAt: '2025-01-10 10:00:01' });
  stand.ajio.clearFaults();
  await see.result(see.syncId(tenant));

  expect(see.stockCalls(tenant).map(({ stock }) => stock)).toEqual([{ V1: 1, V2: 1 }, { V1: 2 }]);
  expect(see.shownStock(tenant)).toEqual({ V1: 2, V2: 1 });
  expect(await see.level(tenant, 'V1')).toMatchObject({ state: 'clean', acknowledgedVersionId: 'm2' });
  expect(await see.submission(tenant, first.submissionId)).toMatchObject({ status: 'success', successCount: 2 });
  expect(await see.submission(tenant, second.submissionId)).toMatchObject({ status: 'success', successCount: 1 });
});

test('ten first deliveries of an event at once are one submission and one call', async () => {
  const { see, send } = scene;
  const tenant = await scene.tenants.add('crowd');
  const event = { messageId: 'm1', stock: { V1: 1, V2: 2 } };
  const answers = await Promise.all(Array.from({ length: 10 }, () => send.stock(tenant, event)));
  expect(new Set(answers.map(({ submissionId }) => submissionId)).size).toBe(1);
  expect(answers.map(({ status }) => status).sort()).toEqual(['accepted', ...Array(9).fill('duplicate')]);
  expect(await see.result(see.syncId(tenant))).toMatchObject({ accepted: 2 });
  expect(see.stockCalls(tenant)).toHaveLength(1);
});

test('an older event never brings an old number back', async () => {
  const { see, send } = scene;
  const tenant = await scene.tenants.add('old-news');
  await send.stock(tenant, { messageId: 'm2', stock: { V1: 5 }, publishedAt: '2025-01-10 12:00:00' });
  await see.untilState(tenant, 'V1', 'clean');
  const older = await send.stock(tenant, { messageId: 'm1', stock: { V1: 8 }, publishedAt: '2025-01-10 11:00:00' });
  expect(older.status).toBe('superseded');
  await see.result(see.syncId(tenant));
  expect(see.stockCalls(tenant).map(({ stock }) => stock)).toEqual([{ V1: 5 }]);
  expect(await see.lines(tenant, older.submissionId)).toEqual([
    { variant: 'V1', status: 'superseded', error: 'a newer value was already known' },
  ]);
});

test('a newer event with the same number is sent too, because the channel sells by itself', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('same-number');
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 4 } });
  await see.untilState(tenant, 'V1', 'clean');
  stand.ajio.setState({ stock: { [tenant.slug]: { [`${tenant.productId}/V1`]: 3 } } });
  await send.stock(tenant, { messageId: 'm2', stock: { V1: 4 }, publishedAt: '2025-01-10 10:30:00' });
  await eventually('Ajio shows four again', () => (see.shownStock(tenant).V1 === 4 ? true : undefined));
  expect(see.stockCalls(tenant)).toHaveLength(2);
});

test('what waits when a connection is paused is kept, and the newest value goes out when it is resumed', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('paused');
  await scene.tenants.setStatus(tenant, 'paused');
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
  await see.result(see.syncId(tenant));
  expect(await see.outcome(see.syncId(tenant))).toBe('paused');
  const newer = await send.stock(tenant, { messageId: 'm2', stock: { V1: 2 }, publishedAt: '2025-01-10 10:00:01' });
  expect(newer.status).toBe('accepted');
  expect(see.stockCalls(tenant)).toHaveLength(0);

  await scene.tenants.setStatus(tenant, 'active');
  await eventually('the newest is sent', async () => {
    // The run of the second event may have found the connection paused just before, and ends without what this one says.
    await stand.dispatch.pokeInventorySync(tenant.connectionId);
    return (await see.level(tenant, 'V1')).state === 'clean';
  });
  expect(see.stockCalls(tenant).map(({ stock }) => stock)).toEqual([{ V1: 2 }]);
});
