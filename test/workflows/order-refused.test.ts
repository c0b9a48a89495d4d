import { ajioItem, lineNumber } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** What Ajio says to each tenant; all orders go out together in `beforeAll`, and each test looks at one of them. */
const CASES = ['refused', 'already', 'dispatched', 'partial', 'unknown'] as const;
type Case = (typeof CASES)[number];

let scene: Scene;
const tenants = {} as Record<Case, Tenant>;
const runs = {} as Record<Case, string>;
const numberOf = (name: Case) => `O-${name}`;
const itemOf = (name: Case, line = '1') => ajioItem(numberOf(name), line);

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) tenants[name] = await scene.tenants.add(name);
  scene.stand.ajio.setState({
    orders: {
      [numberOf('already')]: { username: 'already', lines: { [itemOf('already')]: { quantity: 1, cancelled: 1 } } },
      [numberOf('dispatched')]: {
        username: 'dispatched',
        status: 'DISPATCHED',
        lines: { [itemOf('dispatched')]: { quantity: 1 } },
      },
      [numberOf('partial')]: {
        username: 'partial',
        lines: { [itemOf('partial', '1')]: { quantity: 1 }, [itemOf('partial', '2')]: { quantity: 1 } },
      },
      [numberOf('unknown')]: { username: 'unknown', lines: { 'S-another': { quantity: 1 } } },
    },
  });
  scene.stand.ajio.setFaults([
    { kind: 'status', status: 400, body: { message: 'Order window is over' }, on: { account: 'refused' } },
    {
      kind: 'fail-lines',
      lines: [itemOf('partial', '2')],
      message: 'Line is locked',
      times: 1,
      on: { account: 'partial', method: 'POST' },
    },
  ]);
  await Promise.all(
    CASES.map(async (name) => {
      const lines = name === 'partial' ? ['1', '2'] : ['1'];
      runs[name] = (await scene.send.order(tenants[name], { orderNumber: numberOf(name), lines })).workflowId;
    }),
  );
});
afterAll(() => scene.stop());

test('a 400 is one call, Attention with Ajio’s words, and a visible failure when it is given up', async () => {
  const { see, stand } = scene;
  await see.untilAttention(runs.refused, 'ajio_rejected');
  expect(see.cancels(numberOf('refused')).map(({ status }) => status)).toEqual([400]);
  expect(await see.details(runs.refused)).toContain('Order window is over');
  expect(stand.failures).toContainEqual(
    expect.objectContaining({ type: 'ChannelRejected', message: expect.stringContaining('Order window is over') }),
  );
  await see.giveUp(runs.refused);
  await expect(see.result(runs.refused)).rejects.toMatchObject({
    cause: { type: 'ChannelRejected', message: 'given up: Order window is over' },
  });
  expect(see.cancels(numberOf('refused'))).toHaveLength(1);
  expect(see.wmsCancels(numberOf('refused'))).toHaveLength(0);
  expect(await see.untilOrder(runs.refused, 'failed')).toMatchObject({
    outcome: 'gave_up',
    error: 'Order window is over',
  });
});

test('an order that is cancelled at Ajio already goes on to Eshopbox', async () => {
  const { see } = scene;
  expect(await see.result(runs.already)).toEqual({
    outcome: 'cancelled',
    cancelled: [lineNumber(numberOf('already'), '1')],
  });
  expect(see.readBacks(numberOf('already'))).toHaveLength(1);
  expect(see.effectiveCancels(numberOf('already'), itemOf('already'))).toBe(0);
  expect(see.wmsCancels(numberOf('already'))).toHaveLength(1);
});

test.each(['dispatched', 'unknown'] as const)(
  'an order that is %s at Ajio is for a person to decide; Eshopbox is never called',
  async (name) => {
    const { see } = scene;
    await see.untilAttention(runs[name], 'ajio_rejected');
    expect(await see.details(runs[name])).toContain(name === 'dispatched' ? 'DISPATCHED' : 'does not know the line');
    await see.giveUp(runs[name]);
    await expect(see.result(runs[name])).rejects.toMatchObject({ cause: { type: 'ChannelRejected' } });
    expect(see.wmsCancels(numberOf(name))).toHaveLength(0);
  },
);

test('of a partial success Eshopbox gets only the accepted lines, and the others after Ajio accepts them', async () => {
  const { see } = scene;
  const [first, second] = [lineNumber(numberOf('partial'), '1'), lineNumber(numberOf('partial'), '2')];
  await see.untilAttention(runs.partial, 'ajio_rejected');
  // The question is to be seen while the WMS is asked.
  await eventually('the WMS has the other', async () => (await see.outcome(runs.partial)) === 'partially_cancelled');
  expect(await see.details(runs.partial)).toContain(`line ${second}: Line is locked`);
  expect(see.wmsCancels(numberOf('partial')).map(({ lines }) => lines)).toEqual([[first]]);

  await see.retry(runs.partial);
  expect(await see.result(runs.partial)).toEqual({ outcome: 'cancelled', cancelled: [first, second] });
  expect(see.cancels(numberOf('partial')).map(({ items }) => items)).toEqual([
    [itemOf('partial', '1'), itemOf('partial', '2')],
    [itemOf('partial', '2')],
  ]);
  expect(see.wmsCancels(numberOf('partial')).map(({ lines }) => lines)).toEqual([[first], [second]]);
  for (const line of ['1', '2']) expect(see.effectiveCancels(numberOf('partial'), itemOf('partial', line))).toBe(1);
});
