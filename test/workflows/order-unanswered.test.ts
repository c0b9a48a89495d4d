import { confirmCancelled } from '../../src/workflows/messages';
import { ajioItem } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** How Ajio's answer gets lost; all orders go out together in `beforeAll`, and each test looks at one of them. */
const CASES = [
  'hung',
  'cut',
  'garbled',
  'never-arrived',
  'garbled-unheard',
  'muted',
  'unlisted',
  'gateway-late',
  'slow',
  'slow-and-lost',
  'gateway-down',
  'gateway-lucky',
  'always-lost',
  'fails-around-it',
  'fails-and-given-up',
] as const;
type Case = (typeof CASES)[number];

/** Where Ajio has more pieces than the one that the warehouse lacks: a cancel that is sent twice takes a second one. */
const MANY: readonly Case[] = ['gateway-late', 'slow', 'slow-and-lost'];

let scene: Scene;
const runs = {} as Record<Case, string>;
const tenants = {} as Record<Case, Tenant>;
const numberOf = (name: Case) => `O-${name}`;

beforeAll(async () => {
  scene = await startScene();
  for (const name of CASES) tenants[name] = await scene.tenants.add(name);
  const open = (name: Case) => ({
    username: name,
    lines: { [ajioItem(numberOf(name), '1')]: { quantity: MANY.includes(name) ? 3 : 1 } },
  });
  scene.stand.ajio.setState({ orders: Object.fromEntries(CASES.map((name) => [numberOf(name), open(name)])) });
  const cancel = (account: Case) => ({ on: { account, method: 'POST' }, times: 1 });
  scene.stand.ajio.setFaults([
    { kind: 'hang-after-applying', ...cancel('hung') },
    { kind: 'reset-after-applying', ...cancel('cut') },
    { kind: 'garbage', ...cancel('garbled') },
    { kind: 'hang', ...cancel('never-arrived') },
    { kind: 'garbage', applies: false, ...cancel('garbled-unheard') },
    { kind: 'failed-without-list', ...cancel('muted') },
    { kind: 'reset-after-applying', ...cancel('unlisted') },
    { kind: 'omit-lines', on: { account: 'unlisted', method: 'GET' } },
    { kind: 'status', status: 504, applies: true, ...cancel('gateway-late') },
    // Longer than we wait for an answer; applied all the same.
    { kind: 'delay', ms: 12_000, ...cancel('slow') },
    { kind: 'reset', ...cancel('slow-and-lost') },
    { kind: 'status', status: 502, on: { account: 'gateway-down', method: 'POST' } },
    { kind: 'status', status: 502, on: { account: 'gateway-lucky', method: 'POST' }, times: 2 },
    { kind: 'status', status: 504, applies: true, ...cancel('gateway-lucky') },
    { kind: 'reset', on: { account: 'always-lost', method: 'POST' }, times: 3 },
    { kind: 'reset-after-applying', ...cancel('always-lost') },
    ...(['fails-around-it', 'fails-and-given-up'] as const).flatMap((name) => [
      { kind: 'status', status: 500, ...cancel(name) } as const,
      { kind: 'reset', ...cancel(name) } as const,
      { kind: 'status', status: 500, ...cancel(name), times: 2 } as const,
    ]),
  ]);
  await Promise.all(
    CASES.map(async (name) => {
      runs[name] = (await scene.send.order(tenants[name], { orderNumber: numberOf(name) })).workflowId;
    }),
  );
});
afterAll(() => scene.stop());

const effectsOf = (name: Case) => ({
  atAjio: scene.see.effectiveCancels(numberOf(name), ajioItem(numberOf(name), '1')),
  inWms: scene.see.wmsCancels(numberOf(name)).length,
});

const statusesOf = (name: Case) => scene.see.cancels(numberOf(name)).map(({ status }) => status);

test.each(['hung', 'cut', 'garbled', 'gateway-late'] as const)(
  'an applied cancel without a usable answer (%s) is read back, not repeated',
  async (name) => {
    const { see } = scene;
    expect(await see.result(runs[name])).toMatchObject({ outcome: 'cancelled' });
    expect(see.cancels(numberOf(name))).toHaveLength(1);
    expect(see.readBacks(numberOf(name))).toHaveLength(1);
    expect(effectsOf(name)).toEqual({ atAjio: 1, inWms: 1 });
  },
);

test.each(['never-arrived', 'garbled-unheard'] as const)(
  'a cancel that had no effect (%s) is asked for again after the order was read back as open',
  async (name) => {
    const { see } = scene;
    expect(await see.result(runs[name])).toMatchObject({ outcome: 'cancelled' });
    const [first, second] = see.cancels(numberOf(name));
    const [read] = see.readBacks(numberOf(name));
    expect(see.cancels(numberOf(name))).toHaveLength(2);
    expect(see.readBacks(numberOf(name))).toHaveLength(1);
    expect([first?.seq, read?.seq, second?.seq]).toEqual(
      [first?.seq, read?.seq, second?.seq].sort((a, b) => (a ?? 0) - (b ?? 0)),
    );
    expect(effectsOf(name)).toEqual({ atAjio: 1, inWms: 1 });
  },
);

test('a gateway that answers in the place of Ajio three times: the order is read back each time, and then a person is asked', async () => {
  const { see } = scene;
  await see.untilAttention(runs['gateway-down'], 'ajio_unavailable');
  expect(statusesOf('gateway-down')).toEqual([502, 502, 502]);
  expect(see.readBacks(numberOf('gateway-down'))).toHaveLength(3);
  expect(effectsOf('gateway-down')).toEqual({ atAjio: 0, inWms: 0 });
});

test.each(['gateway-lucky', 'always-lost'] as const)(
  'the last cancel that the law allows is read back, too (%s), before a person is asked',
  async (name) => {
    const { see } = scene;
    expect(await see.result(runs[name])).toMatchObject({ outcome: 'cancelled' });
    expect(statusesOf(name)).toEqual(name === 'gateway-lucky' ? [502, 502, 504] : [null, null, null, null]);
    expect(effectsOf(name)).toEqual({ atAjio: 1, inWms: 1 });
  },
);

test('three failures are three, also when the order was read back between them', async () => {
  const { see } = scene;
  await see.untilAttention(runs['fails-around-it'], 'ajio_unavailable');
  expect(statusesOf('fails-around-it')).toEqual([500, null, 500, 500]);
  expect(see.readBacks(numberOf('fails-around-it'))).toHaveLength(1);
  // The request without an answer may have arrived since then.
  await see.retry(runs['fails-around-it']);
  expect(await see.result(runs['fails-around-it'])).toMatchObject({ outcome: 'cancelled' });
  expect(see.readBacks(numberOf('fails-around-it'))).toHaveLength(2);
  expect(statusesOf('fails-around-it')).toEqual([500, null, 500, 500, 200]);
});

test('a request without an answer is read back by the next run, too', async () => {
  const { see, send } = scene;
  const name = 'fails-and-given-up';
  await see.untilAttention(runs[name], 'ajio_unavailable');
  await see.giveUp(runs[name]);
  await see.untilOrder(runs[name], 'failed');
  await send.order(tenants[name], { orderNumber: numberOf(name) });
  await see.untilOrder(runs[name], 'done');
  expect(see.readBacks(numberOf(name))).toHaveLength(2);
  expect(statusesOf(name)).toEqual([500, null, 500, 500, 200]);
  expect(effectsOf(name)).toEqual({ atAjio: 1, inWms: 1 });
});

test('a cancel that Ajio applies after we stopped waiting is not repeated while it may be on its way', async () => {
  const { see } = scene;
  expect(await see.result(runs.slow)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(numberOf('slow'))).toHaveLength(1);
  expect(effectsOf('slow')).toEqual({ atAjio: 1, inWms: 1 });
});

test('one that never arrived is asked for again when it was read back twice', async () => {
  const { see } = scene;
  expect(await see.result(runs['slow-and-lost'])).toMatchObject({ outcome: 'cancelled' });
  expect(statusesOf('slow-and-lost')).toEqual([null, 200]);
  expect(see.readBacks(numberOf('slow-and-lost'))).toHaveLength(2);
  expect(effectsOf('slow-and-lost')).toEqual({ atAjio: 1, inWms: 1 });
});

test('HTTP 200 that mentions no line is not a yes: the order is read back and a person is asked', async () => {
  const { see } = scene;
  await see.untilAttention(runs.muted, 'ajio_rejected');
  expect(see.readBacks(numberOf('muted'))).toHaveLength(1);
  expect(effectsOf('muted')).toEqual({ atAjio: 0, inWms: 0 });
  await see.retry(runs.muted);
  expect(await see.result(runs.muted)).toMatchObject({ outcome: 'cancelled' });
  expect(effectsOf('muted')).toEqual({ atAjio: 1, inWms: 1 });
});

test('an order that Ajio does not show after a cancel without an answer is not asked for again: a person says what they saw', async () => {
  const { see, stand } = scene;
  const number = numberOf('unlisted');
  await see.untilAttention(runs.unlisted, 'ajio_outcome_unknown');
  expect(await see.details(runs.unlisted)).toContain('Ajio does not know the line');
  await see.retry(runs.unlisted);
  await eventually('it is read back again', () => (see.readBacks(number).length === 2 ? true : undefined));
  await see.untilAttention(runs.unlisted, 'ajio_outcome_unknown');
  expect(see.cancels(number)).toHaveLength(1);
  await stand.client.workflow.getHandle(runs.unlisted).signal(confirmCancelled);
  expect(await see.result(runs.unlisted)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(number)).toHaveLength(1);
  expect(effectsOf('unlisted')).toEqual({ atAjio: 1, inWms: 1 });
});
