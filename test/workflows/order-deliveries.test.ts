import { ajioItem, lineNumber } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterEach(() => {
  scene.stand.ajio.clearFaults();
  scene.stand.eshopbox.clearFaults();
});
afterAll(() => scene.stop());

test('a second delivery is a duplicate while the run is open or done, and a new try after it failed', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('twice');
  const event = { orderNumber: 'O-twice' };
  stand.ajio.setFaults([{ kind: 'status', status: 400, body: { message: 'No' }, times: 1 }]);
  const { workflowId, status } = await send.order(tenant, event);
  expect(status).toBe('accepted');
  await see.untilAttention(workflowId, 'ajio_rejected');
  expect(await send.order(tenant, event)).toEqual({ workflowId, status: 'duplicate' });
  expect(see.cancels('O-twice')).toHaveLength(1);

  // What the duplicate wakes must not come after the run has ended: it would start the next one.
  await stand.drainPokes();
  await see.giveUp(workflowId);
  await expect(see.result(workflowId)).rejects.toThrow();
  expect(await send.order(tenant, event)).toEqual({ workflowId, status: 'accepted' });
  await see.untilOrder(workflowId, 'done');
  expect(see.cancels('O-twice').map(({ status: code }) => code)).toEqual([400, 200]);

  expect(await send.order(tenant, event)).toEqual({ workflowId, status: 'duplicate' });
  expect(see.cancels('O-twice')).toHaveLength(2);
  expect(see.wmsCancels('O-twice')).toHaveLength(1);
});

test('ten first deliveries at once are one run and nine duplicates', async () => {
  const { see, send } = scene;
  const tenant = await scene.tenants.add('crowd');
  const answers = await Promise.all(Array.from({ length: 10 }, () => send.order(tenant, { orderNumber: 'O-crowd' })));
  expect(new Set(answers.map(({ workflowId }) => workflowId)).size).toBe(1);
  expect(answers.map(({ status }) => status).sort()).toEqual(['accepted', ...Array(9).fill('duplicate')]);
  await see.untilOrder(answers[0]?.workflowId ?? '', 'done');
  expect(see.cancels('O-crowd')).toHaveLength(1);
  expect(see.wmsCancels('O-crowd')).toHaveLength(1);
});

test('a new try of an order that Ajio has cancelled asks Eshopbox only', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('half');
  stand.eshopbox.setFaults([{ kind: 'status-failed', times: 1, on: { account: tenant.slug } }]);
  const { workflowId } = await send.order(tenant, { orderNumber: 'O-half' });
  await see.untilAttention(workflowId, 'eshopbox_rejected');
  await see.giveUp(workflowId);
  await expect(see.result(workflowId)).rejects.toThrow();
  expect(await see.untilOrder(workflowId, 'failed')).toMatchObject({ outcome: 'cancelled_at_marketplace_only' });

  expect((await send.order(tenant, { orderNumber: 'O-half' })).status).toBe('accepted');
  expect(await see.untilOrder(workflowId, 'done')).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels('O-half')).toHaveLength(1);
  expect(see.wmsCancels('O-half')).toHaveLength(2);
});

test('a line that two events name is cancelled once', async () => {
  const { see, send } = scene;
  const tenant = await scene.tenants.add('shared');
  const [first, second] = await Promise.all([
    send.order(tenant, { orderNumber: 'O-shared', lines: ['1', '2'] }),
    send.order(tenant, { orderNumber: 'O-shared', lines: ['2', '3'] }),
  ]);
  expect(second.workflowId).not.toBe(first.workflowId);
  expect([first.status, second.status]).toEqual(['accepted', 'accepted']);
  await Promise.all([see.untilOrder(first.workflowId, 'done'), see.untilOrder(second.workflowId, 'done')]);
  for (const line of ['1', '2', '3']) expect(see.effectiveCancels('O-shared', ajioItem('O-shared', line))).toBe(1);
  const asked = see.wmsCancels('O-shared').flatMap(({ lines }) => lines);
  expect(asked.sort()).toEqual(['1', '2', '3'].map((line) => lineNumber('O-shared', line)));

  expect((await send.order(tenant, { orderNumber: 'O-shared', lines: ['1', '3'] })).status).toBe('duplicate');
});

test('an event of other lines of the order is a run of its own', async () => {
  const { see, send } = scene;
  const tenant = await scene.tenants.add('later');
  const first = await send.order(tenant, { orderNumber: 'O-later', lines: ['1'] });
  await see.untilOrder(first.workflowId, 'done');
  const second = await send.order(tenant, { orderNumber: 'O-later', lines: ['2'] });
  expect(second).toMatchObject({ status: 'accepted' });
  await see.untilOrder(second.workflowId, 'done');
  expect(see.cancels('O-later').map(({ items }) => items)).toEqual([
    [ajioItem('O-later', '1')],
    [ajioItem('O-later', '2')],
  ]);
});
