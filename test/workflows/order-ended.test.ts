import type { WorkflowHandle } from '@temporalio/client';
import { WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import type { SweepWorkflow } from '../../src/workflows';
import { confirmCancelled, confirmNotCancelled } from '../../src/workflows/messages';
import { ajioItem, lineNumber } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** How each order's run ends, or who helps it; all orders but one go out together in `beforeAll`, and each test looks at one of them. */
const CASES = [
  'asking',
  'half-done',
  'on-the-wire',
  'given-up',
  'unreadable',
  'unreadable-open',
  'packed',
  'terminated',
] as const;
type Case = (typeof CASES)[number];

let scene: Scene;
const runs = {} as Record<Case, string>;
const tenants = {} as Record<Case, Tenant>;
const numberOf = (name: Case) => `O-${name}`;
const sendOrder = (name: Case) => scene.send.order(tenants[name], { orderNumber: numberOf(name) });
const handleOf = (name: Case): WorkflowHandle => scene.stand.client.workflow.getHandle(runs[name]);

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) tenants[name] = await scene.tenants.add(name);
  const open = (name: Case) => ({ username: name, lines: { [ajioItem(numberOf(name), '1')]: { quantity: 1 } } });
  scene.stand.ajio.setState({ orders: Object.fromEntries(CASES.map((name) => [numberOf(name), open(name)])) });
  const no = { kind: 'status', status: 400, body: { message: 'Order window is over' } } as const;
  const cancelOf = (account: Case) => ({ account, method: 'POST' });
  const unreadable = (account: Case) => ({ kind: 'status', status: 404, on: { account, method: 'GET' } }) as const;
  scene.stand.ajio.setFaults([
    { ...no, times: 1, on: cancelOf('asking') },
    { ...no, on: cancelOf('given-up') },
    { ...no, times: 1, on: cancelOf('terminated') },
    { kind: 'hang-after-applying', times: 1, on: cancelOf('on-the-wire') },
    { kind: 'reset-after-applying', times: 1, on: cancelOf('unreadable') },
    unreadable('unreadable'),
    { kind: 'reset', times: 1, on: cancelOf('unreadable-open') },
    unreadable('unreadable-open'),
    {
      kind: 'fail-lines',
      lines: [ajioItem(numberOf('packed'), '1')],
      message: 'PACKED_ALREADY',
      on: cancelOf('packed'),
    },
    unreadable('packed'),
  ]);
  scene.stand.eshopbox.setFaults([
    {
      kind: 'status',
      status: 400,
      body: { error: { message: 'Period is closed' } },
      times: 1,
      on: { account: 'half-done' },
    },
  ]);
  for (const name of CASES) {
    // The request that hangs is given up after ten seconds, so that its test sends it.
    if (name !== 'on-the-wire') runs[name] = (await sendOrder(name)).workflowId;
  }
});
afterAll(() => scene.stop());

async function cancelled(name: Case): Promise<void> {
  await handleOf(name).cancel();
  await expect(handleOf(name).result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
}

const effectsOf = (name: Case) => ({
  atAjio: scene.see.effectiveCancels(numberOf(name), ajioItem(numberOf(name), '1')),
  inWms: scene.see.wmsCancels(numberOf(name)).filter(({ status }) => status === 200).length,
});

/** What the run, the list of those that wait, and the order's row say once the run has ended. */
async function saidOf(name: Case) {
  const { see, stand } = scene;
  const [row] = await stand.stores.db.select<{ status: string; outcome: string | null }>(
    'SELECT status, outcome FROM orders WHERE workflowId = ?',
    [runs[name]],
  );
  const attention = await see.attention(runs[name]);
  return { attention, outcome: await see.outcome(runs[name]), row: { ...row } };
}

test('a cancelled run that asks a person takes its question back, and the same event is a new try', async () => {
  const { see } = scene;
  await see.untilAttention(runs.asking, 'ajio_rejected');
  await cancelled('asking');
  expect(await saidOf('asking')).toEqual({
    attention: undefined,
    outcome: 'gave_up',
    row: { status: 'failed', outcome: 'gave_up' },
  });
  expect(await see.details(runs.asking)).toContain('the run was cancelled');
  expect(await sendOrder('asking')).toEqual({ workflowId: runs.asking, status: 'accepted' });
  await see.untilOrder(runs.asking, 'done');
  expect(effectsOf('asking')).toEqual({ atAjio: 1, inWms: 1 });
});

test('a run that is cancelled between the two systems says so, and the same event tells the WMS without asking Ajio again', async () => {
  const { see } = scene;
  await see.untilAttention(runs['half-done'], 'eshopbox_rejected');
  await cancelled('half-done');
  expect(await saidOf('half-done')).toEqual({
    attention: undefined,
    outcome: 'cancelled_at_marketplace_only',
    row: { status: 'failed', outcome: 'cancelled_at_marketplace_only' },
  });
  await sendOrder('half-done');
  await see.untilOrder(runs['half-done'], 'done');
  expect(see.cancels(numberOf('half-done'))).toHaveLength(1);
  expect(effectsOf('half-done')).toEqual({ atAjio: 1, inWms: 1 });
});

test('a request that is on the wire when the run is cancelled is read back by the next run, not sent again', async () => {
  const { see } = scene;
  runs['on-the-wire'] = (await sendOrder('on-the-wire')).workflowId;
  await eventually('Ajio has applied it and says nothing', () => effectsOf('on-the-wire').atAjio || undefined);
  await cancelled('on-the-wire');
  expect(await saidOf('on-the-wire')).toMatchObject({ attention: undefined, row: { status: 'failed' } });
  await sendOrder('on-the-wire');
  await see.untilOrder(runs['on-the-wire'], 'done');
  expect(see.cancels(numberOf('on-the-wire'))).toHaveLength(1);
  expect(see.readBacks(numberOf('on-the-wire')).length).toBeGreaterThanOrEqual(1);
  expect(effectsOf('on-the-wire')).toEqual({ atAjio: 1, inWms: 1 });
});

test('a run that was given up asks nobody any more and says that it was given up', async () => {
  const { see } = scene;
  await see.untilAttention(runs['given-up'], 'ajio_rejected');
  await see.giveUp(runs['given-up']);
  await expect(see.result(runs['given-up'])).rejects.toMatchObject({ cause: { type: 'ChannelRejected' } });
  expect(await saidOf('given-up')).toEqual({
    attention: undefined,
    outcome: 'gave_up',
    row: { status: 'failed', outcome: 'gave_up' },
  });
  expect(await see.details(runs['given-up'])).toContain('Order window is over');
});

test('where an order cannot be read back a person can say that it is cancelled, and the WMS is told', async () => {
  const { see } = scene;
  await see.untilAttention(runs.unreadable, 'ajio_outcome_unknown');
  expect(await see.details(runs.unreadable)).toContain('could not be read back');
  await handleOf('unreadable').signal(confirmCancelled);
  expect(await see.result(runs.unreadable)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(numberOf('unreadable'))).toHaveLength(1);
  expect(effectsOf('unreadable')).toEqual({ atAjio: 1, inWms: 1 });
});

test('a person who saw that a line is not cancelled makes it be asked for again', async () => {
  const { see } = scene;
  await see.untilAttention(runs['unreadable-open'], 'ajio_outcome_unknown');
  const line = lineNumber(numberOf('unreadable-open'), '1');
  // A slip of the pen counts for nothing.
  await handleOf('unreadable-open').signal('confirmCancelled', { line: [line] });
  await eventually('the run says so', async () =>
    (await see.details(runs['unreadable-open'])).includes('line: is not known') ? true : undefined,
  );
  await handleOf('unreadable-open').signal(confirmNotCancelled, { lines: [line] });
  expect(await see.result(runs['unreadable-open'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(numberOf('unreadable-open'))).toHaveLength(2);
  expect(effectsOf('unreadable-open')).toEqual({ atAjio: 1, inWms: 1 });
});

test('a clear refusal stays the reason that a person is told, also where the order cannot be read back', async () => {
  await scene.see.untilAttention(runs.packed, 'ajio_rejected');
  expect(await scene.see.details(runs.packed)).toContain('PACKED_ALREADY');
});

test('an order whose row forgot that its run is done is settled by the same event, and nothing is asked again', async () => {
  const { see, stand } = scene;
  const workflowId = runs.unreadable;
  await see.untilOrder(workflowId, 'done');
  await stand.stores.db.change("UPDATE orders SET status = 'stored', outcome = NULL WHERE workflowId = ?", [
    workflowId,
  ]);
  await sendOrder('unreadable');
  expect(await see.untilOrder(workflowId, 'done')).toMatchObject({ outcome: 'cancelled' });
  expect(effectsOf('unreadable')).toEqual({ atAjio: 1, inWms: 1 });
});

test('the sweep takes over an order whose run was terminated, and leaves alone the ones whose runs are open', async () => {
  const { see, stand } = scene;
  await see.untilAttention(runs.terminated, 'ajio_rejected');
  await see.untilAttention(runs.packed, 'ajio_rejected');
  await handleOf('terminated').terminate('pressed by a person');
  await stand.stores.db.change('UPDATE orders SET updatedAt = updatedAt - INTERVAL 5 MINUTE', []);
  const sweep = () =>
    stand.client.workflow.execute<typeof SweepWorkflow>('SweepWorkflow', {
      args: [{ once: true }],
      workflowId: 'sweep-by-hand',
      taskQueue: WORKFLOW_TASK_QUEUE,
    });
  // What is listed as open follows a moment later.
  await eventually('the takeover', async () => ((await sweep()).startedOrders === 1 ? true : undefined));
  expect(await see.result(runs.terminated)).toMatchObject({ outcome: 'cancelled' });
  await see.untilOrder(runs.terminated, 'done');
  expect(effectsOf('terminated')).toEqual({ atAjio: 1, inWms: 1 });
  expect(await see.attention(runs.packed)).toBe('ajio_rejected');
});
