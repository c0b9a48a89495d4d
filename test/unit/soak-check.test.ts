import { checkAll } from '../../src/soak/check/all';
import type { Recorded, TwinCall } from '../../src/soak/check/recorded';
import { createSecretSearch } from '../../src/soak/check/secrets';
import type { Load } from '../../src/soak/load';
import { CONNECTIONS } from '../../src/soak/tenants';
import { cancelCall, GOOD, LOAD, ledgerRow, stockCall, withCalls, withTables } from './soak-recorded';

const check = (recorded: Recorded) => checkAll(recorded, LOAD, CONNECTIONS);
const violated = (recorded: Recorded) =>
  check(recorded)
    .filter(({ violationCount }) => violationCount > 0)
    .map(({ invariant }) => invariant);
const wordsOn = (recorded: Recorded, invariant: string) =>
  check(recorded).find((finding) => finding.invariant === invariant)?.violations;
const { tables } = GOOD;
const changed = <T>(rows: readonly T[], at: number, changes: Partial<T>): T[] =>
  rows.map((row, index) => (index === at ? { ...row, ...changes } : row));
const call = (calls: readonly TwinCall[], at: number, changes: Partial<TwinCall>) => changed(calls, at, changes);

test('a run without a fault violates nothing, and every check has looked at something', () => {
  const findings = check(GOOD);
  expect(findings.map(({ invariant }) => invariant)).toEqual(['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9']);
  expect(findings.filter(({ violationCount }) => violationCount > 0)).toEqual([]);
  expect(findings[0]?.figures).toMatchObject({
    lines: 4,
    delivered: 3,
    superseded: 1,
    'order lines cancelled': 2,
    parked: 1,
  });
  expect(findings[1]?.figures).toMatchObject({ 'lines applied': 4, 'ledger rows': 4 });
  expect(findings[4]?.figures).toMatchObject({ logins: 3, generations: 3 });
});

describe('I1 finds', () => {
  test.each([
    ['an event that was acknowledged and is not stored', withTables({ lines: tables.lines.slice(2) })],
    ['an event that is stored under another id', { ...GOOD, acks: changed(GOOD.acks, 4, { submissionId: 's9' }) }],
    ['a line that has no end', withTables({ lines: changed(tables.lines, 1, { status: 'pending' }) })],
    [
      'a newest line that counts as superseded',
      withTables({ lines: changed(tables.lines, 3, { status: 'superseded' }) }),
    ],
    [
      'a submission that was never closed',
      withTables({ submissions: changed(tables.submissions, 0, { status: 'pending' }) }),
    ],
    [
      'a level that wants an older value',
      withTables({ levels: changed(tables.levels, 0, { desiredQuantity: 1, versionId: 'm0' }) }),
    ],
    ['a level that is still to be sent', withTables({ levels: changed(tables.levels, 0, { state: 'dirty' }) })],
    ['an order that is half done', withTables({ orderLines: changed(tables.orderLines, 0, { wmsState: 'asked' }) })],
    ['an order that is not stored', withTables({ orderLines: [] })],
    ['an unusable event that is not kept', withTables({ parked: [] })],
    ['a refusal of what is good', { ...GOOD, acks: changed(GOOD.acks, 4, { httpStatus: 422 }) }],
    ['no rest', { ...GOOD, quietAfterMs: null }],
  ])('%s', (_what, recorded) => {
    expect(violated(recorded)).toEqual(['I1']);
  });

  test('a channel that does not show what it is said to have accepted', () => {
    const { ajio } = GOOD.twins;
    const recorded = {
      ...GOOD,
      twins: { ...GOOD.twins, ajio: { ...ajio, stock: { 'login-101': { 'P101/V0': 2, 'P101/V1': 1 } } } },
    };
    expect(wordsOn(recorded, 'I1')).toEqual(['P102/V5: ajio shows undefined, the newest is 5']);
  });

  test('nothing wrong with a newest line that the channel refused', () => {
    const recorded = withTables({
      lines: changed(tables.lines, 3, { status: 'error', error: 'no such product' }),
      levels: changed(tables.levels, 2, { state: 'rejected', lastError: 'no such product' }),
    });
    expect(violated(recorded)).toEqual([]);
  });
});

describe('I2', () => {
  test('finds an old last word', () => {
    const recorded = withCalls('ajio', (calls) => [...calls, stockCall(8, 'login-101', { 'P101/V0': 1 })]);
    expect(wordsOn(recorded, 'I2')).toContain('101 P101/V0: the last word is of m0, the newest is m1');
  });

  test('counts an old word that was corrected, when its request had been made in time', () => {
    const recorded = withCalls('ajio', (calls) => [
      ...calls.slice(0, 4),
      { ...stockCall(5, 'login-101', { 'P101/V0': 2 }), effectSeq: 5 },
      { ...stockCall(6, 'login-101', { 'P101/V0': 1 }), atMs: 4_500 },
      stockCall(7, 'login-101', { 'P101/V0': 2 }),
      ...calls.slice(5).map((one) => ({ ...one, effectSeq: 9 })),
    ]);
    expect(violated(recorded)).toEqual([]);
    expect(check(recorded)[1]?.figures).toMatchObject({ 'late, corrected': 1, 'shown wrong for at most, ms': 2_500 });
  });

  test('finds a request that was made with a value long replaced, though it was corrected', () => {
    const recorded = withCalls('ajio', (calls) => [
      ...calls,
      stockCall(18, 'login-101', { 'P101/V0': 1 }),
      stockCall(19, 'login-101', { 'P101/V0': 2 }),
    ]);
    expect(wordsOn(recorded, 'I2')).toEqual([
      '101 P101/V0: request 18 carried m0, which had been replaced 10000 ms before',
    ]);
  });

  test('excuses what a process held while it was stopped', () => {
    const recorded = withCalls('ajio', (calls) => [
      ...calls,
      stockCall(8, 'login-101', { 'P101/V0': 1 }),
      stockCall(9, 'login-101', { 'P101/V0': 2 }),
    ]);
    const freeze = { kind: 'freeze', program: 'worker-1', atMs: 3_000, untilMs: 7_900 } as const;
    expect(violated({ ...recorded, disturbances: [freeze] })).toEqual([]);
  });

  test('finds a ledger that goes back, but not a late row in it', () => {
    const back = ledgerRow(0, 101, 'P101/V0', 10, 6_000);
    expect(violated(withTables({ ledger: [...tables.ledger, back] }))).toEqual(['I2']);
    expect(violated(withTables({ ledger: [...tables.ledger, { ...back, late: 1 }] }))).toEqual([]);
  });

  test('finds a quantity that nobody gave', () => {
    const recorded = withCalls('ajio', (calls) => [...calls, stockCall(8, 'login-102', { 'P102/V5': 77 })]);
    expect(wordsOn(recorded, 'I2')).toEqual(['102 P102/V5 was set to 77, which no event said']);
  });
});

describe('I3 finds', () => {
  test('a line that is cancelled twice', () => {
    expect(violated(withCalls('ajio', (calls) => [...calls, cancelCall('ajio', 8, ['O1.1-1'])]))).toEqual(['I3']);
    expect(violated(withCalls('eshopbox', (calls) => [...calls, cancelCall('eshopbox', 8, ['O1-1'])]))).toEqual(['I3']);
  });

  test('a WMS that is asked first, even in vain', () => {
    expect(violated(withCalls('eshopbox', (calls) => call(calls, 1, { atMs: 5_500 })))).toEqual(['I3']);
    const inVain = cancelCall('eshopbox', 4, ['O1-1'], { applied: [], effectSeq: null });
    expect(violated(withCalls('eshopbox', (calls) => [...calls, inVain]))).toEqual(['I3']);
  });

  const refused = cancelCall('ajio', 5, ['O1.1-1', 'O1.2-1'], { status: 400, applied: [], effectSeq: null });
  const askedAgain = withCalls('ajio', (calls) => [...calls.slice(0, 5), refused, ...calls.slice(5)]);
  const failures = [{ pid: 7, type: 'ChannelRejected', channel: 'ajio' }];
  const logged: Recorded = { ...askedAgain, failures, failureMetrics: { 7: 1 } };

  test('a request that is repeated after a refusal', () => {
    expect(violated(logged)).toEqual(['I3']);
  });

  test('nothing wrong when a person said so, or when the refusal was forgotten with its process', () => {
    const workflowId = 'unfulfillable-order/soak-a/channel-a/O1/abc';
    for (const signal of ['retry', 'cancel', 'terminate'] as const)
      expect(violated({ ...logged, signals: [{ atMs: 5_500, workflowId, signal }] })).toEqual([]);
    expect(violated({ ...logged, signals: [{ atMs: 5_500, workflowId, signal: 'giveUp' }] })).not.toEqual([]);
    const kill = { kind: 'kill', program: 'worker-1', atMs: 5_100, untilMs: 6_000 } as const;
    expect(violated({ ...logged, disturbances: [kill] })).toEqual([]);
  });
});

describe('I4 finds', () => {
  const quantities = Object.fromEntries(Array.from({ length: 21 }, (_, number) => [`P101/V${number + 2}`, 1]));
  test.each([
    ['too many lines', stockCall(8, 'login-101', quantities), /has 21 lines, 20 are allowed/],
    ['two connections in one', stockCall(8, 'login-101', { 'P101/V1': 1, 'P102/V5': 5 }), /mixes connections/],
    ['the token of another', stockCall(8, 'login-102', { 'P101/V1': 1 }), /carries the token of login-102/],
  ])('a request with %s', (_what, extra, words) => {
    expect(
      wordsOn(
        withCalls('ajio', (calls) => [...calls, extra]),
        'I4',
      )?.[0],
    ).toMatch(words);
  });

  test('what a twin has counted, and a log with holes', () => {
    const { ajio } = GOOD.twins;
    const violations = { ...GOOD, twins: { ...GOOD.twins, ajio: { ...ajio, violations: { overlappingSync: 1 } } } };
    expect(violated(violations)).toEqual(['I4']);
    expect(violated({ ...GOOD, twins: { ...GOOD.twins, ajio: { ...ajio, dropped: 1 } } })).toEqual(['I4']);
  });
});

describe('I5', () => {
  const twice = withCalls('ajio', (calls) => [...calls, ...calls.slice(0, 1).map((one) => ({ ...one, seq: 9 }))]);
  test('finds a second login for one token', () => {
    expect(violated(twice)).toEqual(['I5']);
  });
  test('excuses a login whose process died', () => {
    const kill = { kind: 'kill', program: 'worker-1', atMs: 1_200, untilMs: 2_000 } as const;
    expect(violated({ ...twice, disturbances: [kill] })).toEqual([]);
  });
});

test.each([
  ['a rejected line without a reason', withTables({ lines: changed(tables.lines, 1, { status: 'error' }) })],
  ['a rejected level without a reason', withTables({ levels: changed(tables.levels, 1, { state: 'rejected' }) })],
  ['a verdict without a reason', withTables({ ledger: changed(tables.ledger, 0, { verdict: 'unknown' }) })],
  ['a parked event without a reason', withTables({ parked: changed(tables.parked, 0, { message: '' }) })],
  [
    'a submission that hides its errors',
    withTables({ submissions: changed(tables.submissions, 0, { errorCount: 1 }) }),
  ],
  ['a bad answer that nobody logged', withCalls('increff', () => [{ ...stockCall(8, 'login-202', {}), status: 500 }])],
  ['metrics that count something else', { ...GOOD, failureMetrics: { 7: 1 } }],
])('I6 finds %s', (_what, recorded) => {
  expect(violated(recorded)).toEqual(['I6']);
});

test('I6 excuses a call that was cut off before its answer', () => {
  const calls = () => [{ ...stockCall(8, 'login-202', {}), status: null }];
  expect(violated(withCalls('increff', calls))).toEqual([]);
});

test('an order that was given up is no loss only where the marketplace has packed it, and only with a reason', () => {
  const givenUp = (error: string | null) =>
    withTables({ orderLines: tables.orderLines.map((line) => ({ ...line, status: 'failed', error })) });
  const packed = LOAD.events.map((event) => (event.kind === 'order' ? { ...event, isPacked: true } : event));
  const violatedBy = (recorded: Recorded, load: Load = { ...LOAD, events: packed }) =>
    checkAll(recorded, load, CONNECTIONS).flatMap(({ invariant, violationCount }) =>
      violationCount > 0 ? [invariant] : [],
    );
  expect(violatedBy(givenUp('already packed'))).toEqual([]);
  expect(violatedBy(givenUp('already packed'), LOAD)).toEqual(['I1']);
  expect(violatedBy(givenUp(null))).toEqual(['I6']);
  const silent = withTables({
    orderLines: tables.orderLines.map((line) => ({
      ...line,
      status: 'failed',
      error: 'no',
      marketplaceState: 'refused',
    })),
  });
  expect(violatedBy(silent)).toEqual(['I6']);
});

test('I7 finds the canary and every secret, and does not repeat them', () => {
  const search = createSecretSearch(['s3cret-token-of-somebody', 'short']);
  search.look('logs', '{"msg":"nothing, short"}');
  expect(search.found).toEqual([]);
  search.look('logs', '{"msg":"opened with s3cret-token-of-somebody"}');
  search.look('histories', 'to canary.7@example.com');
  expect(search.found).toEqual([
    'logs: a token or a secret after “{"msg":"opened with ”',
    'histories: a canary after “to ”',
  ]);
  expect(violated({ ...GOOD, secrets: search })).toEqual(['I7']);
});

test('I8 finds a process that is large, or grows', () => {
  const sample = (atMs: number, rssMb: number) => ({ program: 'worker-1', pid: 7, atMs, rssMb, sockets: 9 });
  const run = (mbAt: (index: number) => number) =>
    Array.from({ length: 90 }, (_, index) => sample(index * 2_000, mbAt(index)));
  expect(violated({ ...GOOD, samples: run(() => 200) })).toEqual([]);
  expect(violated({ ...GOOD, samples: run(() => 900) })).toEqual(['I8']);
  expect(violated({ ...GOOD, samples: run((index) => 100 + index * 3) })).toEqual(['I8']);
  expect(violated({ ...GOOD, samples: [{ ...sample(0, 100), sockets: 400 }] })).toEqual(['I8']);
});

test('I9 finds a history that does not replay, and a run without one', () => {
  expect(violated({ ...GOOD, replay: { replayed: 1, histories: 1, diverged: ['order: Nondeterminism'] } })).toEqual([
    'I9',
  ]);
  expect(violated({ ...GOOD, replay: { replayed: 0, histories: 0, diverged: [] } })).toEqual(['I9']);
});
