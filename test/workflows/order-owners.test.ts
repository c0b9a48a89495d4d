import { ajioItem, type OrderEventOptions } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

const NO = { kind: 'status', status: 400, body: { message: 'Order window is over' } } as const;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

/** An order that the marketplace knows with these lines, of `pieces` each, and a tenant whose order it is. */
async function orderOf(name: string, lines: string[], pieces = 1) {
  const tenant = await scene.tenants.add(name);
  const orderNumber = `O-${name}`;
  const known = Object.fromEntries(lines.map((line) => [ajioItem(orderNumber, line), { quantity: pieces }]));
  scene.stand.ajio.setState({ orders: { [orderNumber]: { username: name, lines: known } } });
  const send = (event: Omit<OrderEventOptions, 'orderNumber'>) => scene.send.order(tenant, { orderNumber, ...event });
  return { tenant, orderNumber, send };
}

/** What happened to each line: effective cancels at the marketplace, and accepted ones in the WMS. */
function effectsOf(orderNumber: string, lines: string[]) {
  const inWms = scene.see.wmsCancels(orderNumber).filter(({ status }) => status === 200);
  return lines.map((line) => [
    scene.see.effectiveCancels(orderNumber, ajioItem(orderNumber, line)),
    inWms.filter((call) => call.lines.includes(`${orderNumber}-${line}`)).length,
  ]);
}

/** Sends an event whose run then waits for a person, and ends that run without a word. */
async function terminateAsking({ slug }: Tenant, send: () => Promise<{ workflowId: string }>): Promise<string> {
  scene.stand.ajio.setFaults([{ ...NO, times: 1, on: { account: slug, method: 'POST' } }]);
  const { workflowId } = await send();
  await scene.see.untilAttention(workflowId, 'ajio_rejected');
  await scene.stand.client.workflow.getHandle(workflowId).terminate('pressed by a person');
  return workflowId;
}

test('lines whose run is gone are cancelled when the order comes with another line', async () => {
  const { tenant, orderNumber, send } = await orderOf('grown', ['1', '2', '3']);
  const first = await terminateAsking(tenant, () => send({ lines: ['1', '2'] }));
  const second = await send({ lines: ['1', '2', '3'] });
  expect(second.status).toBe('accepted');
  await scene.see.untilOrder(first, 'done');
  await scene.see.untilOrder(second.workflowId, 'done');
  expect(effectsOf(orderNumber, ['1', '2', '3'])).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
});

test('lines whose run is gone are cancelled when the order comes with fewer of them', async () => {
  const { tenant, orderNumber, send } = await orderOf('shrunk', ['1', '2', '3']);
  const first = await terminateAsking(tenant, () => send({ lines: ['1', '2', '3'] }));
  expect(await send({ lines: ['1'] })).toEqual({ workflowId: first, status: 'duplicate' });
  await scene.see.untilOrder(first, 'done');
  expect(effectsOf(orderNumber, ['1', '2', '3'])).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
});

test('a second piece of a line that comes later is cancelled on both sides, and read back where the answer is lost', async () => {
  const { tenant, orderNumber, send } = await orderOf('pieces', ['1'], 3);
  const first = await send({ pieces: 2 });
  await scene.see.untilOrder(first.workflowId, 'done');
  // Lost before it was applied: the pieces that were cancelled before must not be taken for these.
  scene.stand.ajio.setFaults([{ kind: 'reset', times: 1, on: { account: tenant.slug, method: 'POST' } }]);
  const second = await send({ pieces: 3 });
  expect(second.status).toBe('accepted');
  expect(second.workflowId).not.toBe(first.workflowId);
  await scene.see.untilOrder(second.workflowId, 'done');
  expect(await send({ pieces: 3 })).toMatchObject({ status: 'duplicate' });
  const line = scene.stand.ajio.state().orders[orderNumber]?.lines[ajioItem(orderNumber, '1')];
  expect(line).toMatchObject({ cancelled: 3, effectiveCancels: 2 });
  expect(scene.see.wmsCancels(orderNumber)).toHaveLength(2);
});
