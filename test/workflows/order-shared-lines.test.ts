import { confirmCancelled, confirmNotCancelled } from '../../src/workflows/messages';
import { ajioItem, lineNumber } from '../stand/events';
import { fetchHistory, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

const known = (name: string, lines: string[], quantity: number) =>
  scene.stand.ajio.setState({
    orders: {
      [`O-${name}`]: {
        username: name,
        lines: Object.fromEntries(lines.map((line) => [ajioItem(`O-${name}`, line), { quantity }])),
      },
    },
  });

test('two orders for one line of the marketplace ask one after the other, so that its count says whose request was applied', async () => {
  const { see, send, stand, tenants } = scene;
  const tenant = await tenants.add('two-for-one');
  const orderNumber = 'O-two-for-one';
  known('two-for-one', ['1'], 2);
  // The first request gets lost, and nobody can look until the second order has come.
  stand.ajio.setFaults([
    { kind: 'reset', times: 1, on: { account: tenant.slug, method: 'POST' } },
    { kind: 'hold', on: { account: tenant.slug, method: 'GET' } },
  ]);
  const first = await send.order(tenant, { orderNumber });
  await eventually('it is to be read back', () => see.readBacks(orderNumber)[0]);
  const second = await send.order(tenant, { orderNumber, pieces: 2 });
  await eventually('the second order waits for the first', async () => {
    // Its run may not have begun.
    const history = await fetchHistory(stand.client, second.workflowId).catch(() => undefined);
    return history && textOf(history).includes('another order asks for the same line');
  });
  expect(see.cancels(orderNumber)).toHaveLength(1);
  stand.ajio.clearFaults();
  // The first one may have asked a person by now.
  await eventually('both are done', async () => {
    await see.retry(first.workflowId).catch(() => undefined);
    const { rows } = await ordersOf(orderNumber);
    return rows.every(({ status }) => status === 'done');
  });
  expect(see.cancels(orderNumber).map(({ status }) => status)).toEqual([null, 200, 200]);
  expect(see.effectiveCancels(orderNumber, ajioItem(orderNumber, '1'))).toBe(2);
  expect(see.wmsCancels(orderNumber).map(({ pieces }) => pieces)).toEqual([[1], [1]]);
});

async function ordersOf(orderNumber: string) {
  const rows = await scene.stand.stores.db.select<{ status: string }>(
    'SELECT status FROM orders WHERE orderNumber = ?',
    [orderNumber],
  );
  return { rows };
}

test('a line that was refused takes no piece that another order has cancelled while it was read back', async () => {
  const { see, send, stand, tenants } = scene;
  const tenant = await tenants.add('overtaken');
  const orderNumber = 'O-overtaken';
  known('overtaken', ['1'], 2);
  stand.ajio.setFaults([
    { kind: 'fail-lines', lines: [ajioItem(orderNumber, '1')], times: 1, on: { account: tenant.slug, method: 'POST' } },
    { kind: 'hold', times: 1, on: { account: tenant.slug, method: 'GET' } },
  ]);
  const first = await send.order(tenant, { orderNumber });
  await eventually('it is being read back', () => see.readBacks(orderNumber)[0]);
  const second = await send.order(tenant, { orderNumber, pieces: 2 });
  await see.untilOrder(second.workflowId, 'done');
  stand.ajio.clearFaults();
  await see.untilAttention(first.workflowId, 'ajio_rejected');
  await see.retry(first.workflowId);
  expect(await see.result(first.workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(orderNumber).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(see.effectiveCancels(orderNumber, ajioItem(orderNumber, '1'))).toBe(2);
  expect(see.wmsCancels(orderNumber).map(({ pieces }) => pieces)).toEqual([[1], [1]]);
});

test('a line that the marketplace does not show holds up no other line of its order', async () => {
  const { see, send, stand, tenants } = scene;
  const tenant = await tenants.add('one-not-shown');
  const orderNumber = 'O-one-not-shown';
  known('one-not-shown', ['1', '2', '3'], 1);
  stand.ajio.setFaults([
    { kind: 'fail-lines', lines: [ajioItem(orderNumber, '2')], times: 1, on: { account: tenant.slug, method: 'POST' } },
    { kind: 'reset-after-applying', times: 1, on: { account: tenant.slug, method: 'POST' } },
    { kind: 'omit-lines', lines: [ajioItem(orderNumber, '3')], on: { account: tenant.slug, method: 'GET' } },
  ]);
  const { workflowId } = await send.order(tenant, { orderNumber, lines: ['1', '2', '3'] });
  await see.untilAttention(workflowId, 'ajio_outcome_unknown');
  expect(await see.details(workflowId)).toContain(`line ${lineNumber(orderNumber, '3')}: `);
  expect(await see.details(workflowId)).not.toContain(`line ${lineNumber(orderNumber, '2')}: `);
  const inWms = () => see.wmsCancels(orderNumber).map(({ lines }) => lines);
  const numbers = (...lines: string[]) => lines.map((line) => lineNumber(orderNumber, line));
  // The question is to be seen while the WMS is asked.
  await eventually('the WMS has the others', () => inWms().flat().length > 1);
  // Accepted at two times, so told one by one.
  expect(inWms()).toEqual([numbers('1'), numbers('2')]);
  await stand.client.workflow.getHandle(workflowId).signal(confirmCancelled, { lines: numbers('3') });
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(inWms()).toEqual([numbers('1'), numbers('2'), numbers('3')]);
  for (const line of ['1', '2', '3']) expect(see.effectiveCancels(orderNumber, ajioItem(orderNumber, line))).toBe(1);
});

test('two people answer at once, this of one line and that of the other, where nothing can be read back', async () => {
  const { see, send, stand, tenants } = scene;
  const tenant = await tenants.add('two-answers');
  const orderNumber = 'O-two-answers';
  known('two-answers', ['1', '2'], 1);
  stand.ajio.setFaults([
    { kind: 'reset', times: 1, on: { account: tenant.slug, method: 'POST' } },
    { kind: 'status', status: 404, on: { account: tenant.slug, method: 'GET' } },
  ]);
  const { workflowId } = await send.order(tenant, { orderNumber, lines: ['1', '2'] });
  await see.untilAttention(workflowId, 'ajio_outcome_unknown');
  const handle = stand.client.workflow.getHandle(workflowId);
  // Both answers are there before the run sees one of them.
  await stand.stopWorkers();
  await handle.signal(confirmCancelled, { lines: [lineNumber(orderNumber, '1')] });
  await handle.signal(confirmNotCancelled, { lines: [lineNumber(orderNumber, '2')] });
  await stand.startWorkers();
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(orderNumber).map(({ items }) => items.length)).toEqual([2, 1]);
  expect(see.effectiveCancels(orderNumber, ajioItem(orderNumber, '2'))).toBe(1);
});
