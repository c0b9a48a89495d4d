import { newId } from '../../src/store/new-id';
import type { ClaimedLine } from '../../src/store/pushes';
import { leave, leaveAll } from './lanes';
import { draft, levelOf, linesOf, only, openTestStores, T0, type TestStores } from './open-store';

let stores: TestStores;
let connectionId = 2_000;

beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(() => {
  connectionId += 1;
});
/** Before a test: what lies so much behind it lies behind what the test does, however slow the machine. */
let beganMs: number;
beforeEach(() => {
  beganMs = Date.now();
});
afterAll(() => stores.close());

const storeLine = (listing: string, quantity: number, publishedAtMs = T0) =>
  stores.store(draft(linesOf([listing, quantity]), { connectionId, publishedAtMs }));
const level = (listing: string) => levelOf(stores, listing, connectionId);
const lateUntil = async (listing: string) =>
  only(
    await stores.db.select<{ lateUntilMs: number }>(
      'SELECT lateUntilMs FROM stock_levels WHERE connectionId = ? AND listing = ?',
      [connectionId, listing],
    ),
  ).lateUntilMs;

async function begin(pushId: string) {
  const push = await leave(stores.pushes, { connectionId, pushId });
  if (!push) throw new Error(`push ${pushId} is closed, or nothing is due`);
  return push;
}

const accept = (pushId: string, { attempt, lines }: { attempt: number; lines: ClaimedLine[] }) =>
  stores.pushes.settle(
    pushId,
    attempt,
    lines,
    lines.map(({ listing }) => ({ listing, verdict: 'accepted' })),
    Date.now(),
  );

/** The id of a push that nobody has tried to send. */
const openPush = async () => newId();

it('an attempt that another one has overtaken makes its lines go again, since its old value may stand at the channel', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const first = await begin(pushId);
  await storeLine('a', 2, T0 + 1);
  const second = await begin(pushId);
  await accept(pushId, second);
  await accept(pushId, first);
  expect(await level('a')).toMatchObject({ state: 'dirty', desiredQuantity: 2 });
  const again = await openPush();
  expect(only((await begin(again)).lines).quantity).toBe(2);
});

it('an overtaken attempt that settles first leaves the verdict to the one after it, and the line goes once more', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const first = await begin(pushId);
  const second = await begin(pushId);
  await accept(pushId, first);
  expect(await level('a')).toMatchObject({ state: 'claimed', sentAtMs: null });
  await accept(pushId, second);
  expect(await level('a')).toMatchObject({ state: 'dirty', acknowledgedQuantity: 1 });
});

it('an attempt whose process died with the request on the wire makes its lines go once more later', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  await begin(pushId);
  const second = await begin(pushId);
  await accept(pushId, second);
  const { state, notBeforeMs } = await level('a');
  expect(state).toBe('dirty');
  expect(notBeforeMs - beganMs).toBeGreaterThan(25_000);
  expect(await lateUntil('a')).toBe(notBeforeMs);
  expect(await leaveAll(stores.pushes, { connectionId })).toEqual([]);
  const { nextDueInMs } = await stores.pushes.findDue({ connectionId, batchSize: 20 }, 1);
  expect(nextDueInMs).toBeGreaterThan(0);
});

it('an attempt that failed before it left leaves nothing to repeat', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const first = await begin(pushId);
  await stores.pushes.recordFailure(pushId, first.attempt, first.lines, {
    type: 'ChannelUnavailable',
    message: 'refused',
    mayStillApply: false,
  });
  await accept(pushId, await begin(pushId));
  expect(await level('a')).toMatchObject({ state: 'clean' });
});

it('a request that may still arrive makes its lines go once more after that, but a newer value does not wait', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const first = await begin(pushId);
  await stores.pushes.recordFailure(pushId, first.attempt, first.lines, {
    type: 'ChannelUnavailable',
    message: 'timeout',
    mayStillApply: true,
  });
  await accept(pushId, await begin(pushId));
  const { state, notBeforeMs } = await level('a');
  expect([state, notBeforeMs > beganMs + 25_000]).toEqual(['dirty', true]);
  await storeLine('a', 2, T0 + 1);
  const next = await openPush();
  await accept(next, await begin(next));
  expect(await level('a')).toMatchObject({ state: 'dirty', acknowledgedQuantity: 2 });
  expect(await lateUntil('a')).toBeGreaterThan(beganMs + 25_000);
});

it('the repetition itself makes the level clean', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  await begin(pushId);
  await accept(pushId, await begin(pushId));
  await stores.db.change('UPDATE stock_levels SET lateUntilMs = 1, notBeforeMs = 1 WHERE connectionId = ?', [
    connectionId,
  ]);
  const again = await openPush();
  await accept(again, await begin(again));
  expect(await level('a')).toMatchObject({ state: 'clean' });
});

it('a failure that comes after its push was closed makes every line of the push go again', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const first = await begin(pushId);
  await accept(pushId, await begin(pushId));
  await stores.db.change(
    "UPDATE stock_levels SET state = 'clean', notBeforeMs = 0, lateUntilMs = 0 WHERE connectionId = ?",
    [connectionId],
  );
  await stores.pushes.recordFailure(pushId, first.attempt, first.lines, {
    type: 'ChannelUnavailable',
    message: 'timeout',
    mayStillApply: true,
  });
  const { state, notBeforeMs } = await level('a');
  expect([state, notBeforeMs > beganMs + 25_000]).toEqual(['dirty', true]);
});

it('a failure that comes after its push was given back makes its lines go again, though no attempt of the push was answered', async () => {
  await storeLine('a', 1);
  await storeLine('b', 5);
  const pushId = await openPush();
  const stopped = await begin(pushId);
  await stores.pushes.release(pushId);
  // The time within which its request was expected has passed.
  await stores.db.change('UPDATE stock_levels SET lateUntilMs = 0, notBeforeMs = 0 WHERE connectionId = ?', [
    connectionId,
  ]);
  await storeLine('a', 2, T0 + 1);
  const next = await openPush();
  await accept(next, await begin(next));
  expect([(await level('a')).state, (await level('b')).state]).toEqual(['clean', 'clean']);
  await stores.pushes.recordFailure(pushId, stopped.attempt, stopped.lines, {
    type: 'ChannelUnavailable',
    message: 'no answer',
    mayStillApply: true,
  });
  for (const listing of ['a', 'b']) {
    const { state, notBeforeMs } = await level(listing);
    expect([state, notBeforeMs > beganMs + 25_000]).toEqual(['dirty', true]);
  }
});

it('a closed push tells its result and takes no further attempt', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const only1 = await begin(pushId);
  await accept(pushId, only1);
  const departure = { pushId, connectionId, runId: 'run-1', batchSize: 20 };
  expect(await stores.pushes.depart(departure)).toEqual({
    open: false,
    result: { accepted: 1, rejected: 0, unknown: 0 },
  });
  expect(await stores.pushes.find(pushId)).toMatchObject({ isOpen: false, result: { accepted: 1 } });
  await stores.pushes.release(pushId);
  expect(await level('a')).toMatchObject({ state: 'clean' });
});

it('a released push gives its lines back with what they want by then', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  await begin(pushId);
  await storeLine('a', 2, T0 + 1);
  await stores.pushes.release(pushId);
  expect(await level('a')).toMatchObject({ state: 'dirty', pushId: null });
  expect(await leave(stores.pushes, { connectionId, pushId })).toBeUndefined();
  expect(only((await begin(await openPush())).lines).quantity).toBe(2);
});

it('a push that is released while an attempt never came back makes its lines go once more after the next one', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  await begin(pushId);
  await stores.pushes.release(pushId);
  const next = await openPush();
  await accept(next, await begin(next));
  const { state, notBeforeMs } = await level('a');
  expect([state, notBeforeMs > beganMs + 25_000]).toEqual(['dirty', true]);
});

it('a push that is released after its attempt failed leaves nothing to repeat', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const { attempt, lines } = await begin(pushId);
  await stores.pushes.recordFailure(pushId, attempt, lines, {
    type: 'ChannelUnavailable',
    message: 'refused',
    mayStillApply: false,
  });
  await stores.pushes.release(pushId);
  const next = await openPush();
  await accept(next, await begin(next));
  expect(await level('a')).toMatchObject({ state: 'clean' });
});

it('a push that finds nothing due leaves no trace; one that has failed before is closed', async () => {
  const unsent = await openPush();
  expect(await leave(stores.pushes, { connectionId, pushId: unsent })).toBeUndefined();
  expect(await stores.pushes.find(unsent)).toBeUndefined();
  await storeLine('a', 1);
  const pushId = await openPush();
  const { attempt, lines } = await begin(pushId);
  await stores.pushes.fail(pushId, attempt, lines, { type: 'ChannelAuthFailed', message: 'x', mayStillApply: false });
  const next = await openPush();
  await accept(next, await begin(next));
  expect(await leave(stores.pushes, { connectionId, pushId })).toBeUndefined();
  expect(await stores.pushes.find(pushId)).toMatchObject({ isOpen: false, result: { accepted: 0 } });
});

it('the ledger keeps every attempt, newest first, and marks the late ones', async () => {
  await storeLine('a', 1);
  const pushId = await openPush();
  const first = await begin(pushId);
  const second = await begin(pushId);
  const settle = (attempt: number, lines: ClaimedLine[], sentAtMs: number) =>
    stores.pushes.settle(
      pushId,
      attempt,
      lines,
      lines.map(({ listing }) => ({ listing, verdict: 'accepted' })),
      sentAtMs,
    );
  await settle(second.attempt, second.lines, 2_000);
  await settle(first.attempt, first.lines, 1_000);
  expect(await stores.pushes.recent(connectionId, 'a', 10)).toMatchObject([
    { attempt: 2, sentAtMs: 2_000, late: 0, verdict: 'accepted' },
    { attempt: 1, sentAtMs: 1_000, late: 1, verdict: 'accepted' },
  ]);
});

describe('a push that the database has forgotten, as after it was put back to an older copy', () => {
  async function forgotten() {
    await storeLine('a', 1);
    const pushId = await openPush();
    const start = await begin(pushId);
    await stores.db.change("UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE pushId = ?", [pushId]);
    await stores.db.change('DELETE FROM pushes WHERE id = ?', [pushId]);
    return { pushId, start };
  }
  const NOTHING = { accepted: 0, rejected: 0, unknown: 0 };

  it('is given back without an error, and its lines are due', async () => {
    const { pushId } = await forgotten();
    await stores.pushes.release(pushId);
    expect(await stores.pushes.find(pushId)).toBeUndefined();
    expect(only((await begin(await openPush())).lines).listing).toBe('a');
  });

  it('makes its lines go again when its answer comes, or when its request may still arrive', async () => {
    const answered = await forgotten();
    const next = await openPush();
    await accept(next, await begin(next));
    expect(await accept(answered.pushId, answered.start)).toMatchObject(NOTHING);
    expect(await level('a')).toMatchObject({ state: 'dirty', desiredQuantity: 1 });

    const last = await openPush();
    await accept(last, await begin(last));
    const failure = { type: 'OutcomeUnknown', message: 'cut off', mayStillApply: true } as const;
    await stores.pushes.recordFailure(answered.pushId, 1, answered.start.lines, failure);
    expect(await level('a')).toMatchObject({ state: 'dirty' });
  });
});
