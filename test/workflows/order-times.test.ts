import { ajioItem, lineNumber } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

/** `cancellationTime`: what the WMS is told of when the marketplace accepted the cancel. */

const CASES = ['later', 'unread', 'confirmed', 'two-runs'] as const;
type Case = (typeof CASES)[number];

let scene: Scene;
const tenants = {} as Record<Case, Tenant>;
const runs = {} as Record<Case, string>;
const numberOf = (name: Case) => `O-${name}`;
const send = (name: Case) => {
  const lines = name === 'two-runs' ? ['1', '2'] : ['1'];
  return scene.send.order(tenants[name], { orderNumber: numberOf(name), lines });
};

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) tenants[name] = await scene.tenants.add(name);
  const cancels = (account: Case) => ({ account, method: 'POST' });
  scene.stand.ajio.setFaults([
    // The second try follows seconds later.
    { kind: 'status', status: 500, times: 1, on: cancels('later') },
    { kind: 'reset-after-applying', times: 1, on: cancels('unread') },
    // Read back in vain at first, so that it is read seconds after it was asked.
    { kind: 'status', status: 503, times: 1, on: { account: 'unread', method: 'GET' } },
    { kind: 'reset-after-applying', times: 1, on: cancels('confirmed') },
    { kind: 'status', status: 404, on: { account: 'confirmed', method: 'GET' } },
    { kind: 'fail-lines', lines: [ajioItem(numberOf('two-runs'), '2')], times: 1, on: cancels('two-runs') },
  ]);
  scene.stand.eshopbox.setFaults([
    { kind: 'status', status: 503, times: 1, on: { account: 'later' } },
    { kind: 'status-failed', times: 1, on: { account: 'two-runs' } },
  ]);
  await Promise.all(
    CASES.map(async (name) => {
      runs[name] = (await send(name)).workflowId;
    }),
  );
});
afterAll(() => scene.stop());

/** The moment that a request told the WMS, which knows whole seconds and the time of Kolkata. */
const toldMs = ({ cancellationTime }: { cancellationTime: string }): number =>
  Date.parse(`${cancellationTime.replace(' ', 'T')}+05:30`);
const wholeSecond = (ms: number): number => Math.floor(ms / 1_000) * 1_000;

/** When the tables say that the marketplace accepted a line. */
async function acceptedMs(name: Case, line = '1'): Promise<number> {
  const order = await scene.stand.stores.orders.findByWorkflow(runs[name]);
  const stored = order?.lines.find((one) => one.lineItemSequenceNumber === lineNumber(numberOf(name), line));
  if (!stored?.marketplaceCancelledAt) throw new Error(`line ${line} of ${name} is not accepted`);
  return stored.marketplaceCancelledAt.getTime();
}

test('the time is that of the answer, not that of the event or of the call to the WMS, and the same in every try', async () => {
  const { see } = scene;
  expect(await see.result(runs.later)).toMatchObject({ outcome: 'cancelled' });
  const [failed, accepted] = see.cancels(numberOf('later'));
  const tries = see.wmsCancels(numberOf('later'));
  expect(tries.map(({ status }) => status)).toEqual([503, 200]);
  expect(tries.map(toldMs)).toEqual(tries.map(() => wholeSecond(toldMs(tries[0] ?? { cancellationTime: '' }))));
  expect(tries.map(toldMs)).toEqual(Array(2).fill(wholeSecond(await acceptedMs('later'))));
  expect(await acceptedMs('later')).toBeGreaterThanOrEqual(accepted?.atMs ?? Number.NaN);
  // The policy waits two seconds between the two.
  expect(toldMs(tries[0] ?? { cancellationTime: '' })).toBeGreaterThan(failed?.atMs ?? Number.NaN);
});

test('where the answer was lost and the order read back, it is when the marketplace was asked', async () => {
  const { see } = scene;
  expect(await see.result(runs.unread)).toMatchObject({ outcome: 'cancelled' });
  const [asked] = see.cancels(numberOf('unread'));
  expect(await acceptedMs('unread')).toBeLessThanOrEqual(asked?.atMs ?? Number.NaN);
  expect(see.wmsCancels(numberOf('unread')).map(toldMs)).toEqual([wholeSecond(await acceptedMs('unread'))]);
});

test('where a person says that it is cancelled, it is when the marketplace was asked last', async () => {
  const { see, stand } = scene;
  await see.untilAttention(runs.confirmed, 'ajio_outcome_unknown');
  await stand.client.workflow.getHandle(runs.confirmed).signal('confirmCancelled');
  expect(await see.result(runs.confirmed)).toMatchObject({ outcome: 'cancelled' });
  const [asked] = see.cancels(numberOf('confirmed'));
  expect(await acceptedMs('confirmed')).toBeLessThanOrEqual(asked?.atMs ?? Number.NaN);
  expect(see.wmsCancels(numberOf('confirmed')).map(toldMs)).toEqual([wholeSecond(await acceptedMs('confirmed'))]);
});

test('a line keeps its time in the next run, beside a line that is accepted only then', async () => {
  const { see } = scene;
  await see.untilAttention(runs['two-runs'], 'eshopbox_rejected');
  await see.giveUp(runs['two-runs']);
  await see.untilOrder(runs['two-runs'], 'failed');
  const first = await acceptedMs('two-runs', '1');
  await send('two-runs');
  await see.untilOrder(runs['two-runs'], 'done');
  expect(await acceptedMs('two-runs', '1')).toBe(first);
  const [refused, ...tries] = see.wmsCancels(numberOf('two-runs'));
  expect(refused && toldMs(refused)).toBe(wholeSecond(first));
  expect(tries.map(({ lines, ...told }) => [lines, toldMs(told)])).toEqual([
    [[lineNumber(numberOf('two-runs'), '1')], wholeSecond(first)],
    [[lineNumber(numberOf('two-runs'), '2')], wholeSecond(await acceptedMs('two-runs', '2'))],
  ]);
});
