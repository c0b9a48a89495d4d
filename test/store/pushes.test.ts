import type { Verdict } from '../../src/contracts/stock';
import type { ClaimedLine } from '../../src/store/pushes';
import { leave, leaveAll, type OpenPush } from './lanes';
import {
  draft,
  levelOf,
  linesOf,
  only,
  openTestStores,
  submissionLines,
  T0,
  type TestLine,
  type TestStores,
} from './open-store';

let stores: TestStores;
let connectionId = 1_000;

beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(() => {
  // Every test has a connection of its own: levels of another one are never planned.
  connectionId += 1;
});
afterAll(() => stores.close());

const storeLines = async (...lines: TestLine[]) => storeAt(T0, ...lines);
const storeAt = async (publishedAtMs: number, ...lines: TestLine[]) =>
  only(await stores.store(draft(linesOf(...lines), { connectionId, publishedAtMs })));
const level = (listing: string) => levelOf(stores, listing, connectionId);
const go = (leaving: Partial<Parameters<typeof leave>[1]> = {}) => leave(stores.pushes, { connectionId, ...leaving });
const goAll = (batchSize = 20, most = 40) => leaveAll(stores.pushes, { connectionId, batchSize }, most);

/** Leaves with what is due, which something is. */
async function begin(pushId?: string): Promise<OpenPush> {
  const push = await go(pushId === undefined ? {} : { pushId });
  if (!push) throw new Error('nothing is due, or the push is closed');
  return push;
}

const all = (lines: readonly ClaimedLine[], verdict: Verdict['verdict']): Verdict[] =>
  lines.map(({ listing }) =>
    verdict === 'accepted' ? { listing, verdict } : { listing, verdict, message: `${verdict} by the test` },
  );

/** Sends and settles one push in which every line gets the same verdict. */
async function sendAll(verdict: Verdict['verdict']) {
  const { pushId, attempt, lines } = await begin();
  return { pushId, result: await stores.pushes.settle(pushId, attempt, lines, all(lines, verdict), Date.now()) };
}

describe('a verdict', () => {
  it('accepted makes a level clean and its line a success', async () => {
    const { submissionId } = await storeLines(['a', 7]);
    const { pushId, result } = await sendAll('accepted');
    expect(result).toEqual({ accepted: 1, rejected: 0, unknown: 0 });
    expect(await level('a')).toMatchObject({
      state: 'clean',
      pushId: null,
      sentQuantity: 7,
      acknowledgedQuantity: 7,
      lastError: null,
    });
    expect(await submissionLines(stores, submissionId)).toMatchObject([{ status: 'success', pushId }]);
    expect(await stores.submissions.finishDone(connectionId)).toBe(1);
    expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({
      status: 'success',
      successCount: 1,
      finishedCount: 1,
    });
  });

  it('rejected keeps the words of the channel and sends nothing again until somebody asks', async () => {
    const { submissionId } = await storeLines(['a', 7]);
    const { result } = await sendAll('rejected');
    expect(result).toMatchObject({ rejected: 1, sampleMessage: 'rejected by the test' });
    expect(await level('a')).toMatchObject({
      state: 'rejected',
      acknowledgedQuantity: null,
      lastError: 'rejected by the test',
    });
    expect(await submissionLines(stores, submissionId)).toMatchObject([
      { status: 'error', error: 'rejected by the test' },
    ]);
    expect(await goAll()).toEqual([]);
    expect(await stores.levels.reviveRejected(connectionId)).toBe(1);
    expect(await goAll()).toHaveLength(1);
  });

  it('unknown goes again after 5 s, then 10 s, and its line stays open', async () => {
    const { submissionId } = await storeLines(['a', 7]);
    const waitLonger = (ms: number) =>
      stores.db.change('UPDATE stock_levels SET notBeforeMs = GREATEST(0, notBeforeMs + ?) WHERE connectionId = ?', [
        ms,
        connectionId,
      ]);
    for (const waitMs of [5_000, 10_000, 20_000]) {
      const beforeMs = Date.now();
      await sendAll('unknown');
      const { state, notBeforeMs } = await level('a');
      expect(state).toBe('dirty');
      expect(notBeforeMs - beforeMs).toBeGreaterThanOrEqual(waitMs);
      expect(notBeforeMs).toBeLessThanOrEqual(Date.now() + waitMs);
      // Ten minutes later than it is, so that it is not due before the plan on any machine.
      await waitLonger(600_000);
      expect(await goAll()).toEqual([]);
      const { nextDueInMs } = await stores.pushes.findDue({ connectionId, batchSize: 20 }, 1);
      expect(nextDueInMs).toBeLessThanOrEqual(600_000 + waitMs);
      await waitLonger(-600_000 - notBeforeMs);
    }
    expect(await submissionLines(stores, submissionId)).toMatchObject([{ status: 'pending' }]);
    await sendAll('accepted');
    expect(await level('a')).toMatchObject({ state: 'clean' });
    expect(
      await stores.db.select('SELECT unknownCount FROM stock_levels WHERE connectionId = ?', [connectionId]),
    ).toEqual([{ unknownCount: 0 }]);
  });

  it('settles the older lines that its value replaces', async () => {
    const old = await storeLines(['a', 1]);
    const recent = await storeAt(T0 + 1, ['a', 2]);
    await sendAll('accepted');
    expect(await submissionLines(stores, old.submissionId)).toMatchObject([{ status: 'superseded' }]);
    expect(await submissionLines(stores, recent.submissionId)).toMatchObject([{ status: 'success' }]);
  });

  it('about another line than was sent changes nothing at all', async () => {
    await storeLines(['a', 1]);
    const { pushId, attempt, lines } = await begin();
    const wrong: Verdict[] = [{ listing: 'b', verdict: 'accepted' }];
    await expect(stores.pushes.settle(pushId, attempt, lines, wrong, Date.now())).rejects.toThrow(/not about a/);
    expect(await level('a')).toMatchObject({ state: 'claimed', sentAtMs: null });
  });
});

describe('a newer value while a push is on the wire', () => {
  it('is sent after it, whatever was said of the older one', async () => {
    for (const verdict of ['accepted', 'rejected', 'unknown'] as const) {
      const listing = `news-${verdict}`;
      await storeLines([listing, 1]);
      const { pushId, attempt, lines } = await begin();
      const recent = await storeAt(T0 + 1, [listing, 2]);
      await stores.pushes.settle(pushId, attempt, lines, all(lines, verdict), Date.now());
      expect(await level(listing)).toMatchObject({
        state: 'dirty',
        desiredQuantity: 2,
        sentQuantity: 1,
        notBeforeMs: 0,
      });
      expect(await submissionLines(stores, recent.submissionId)).toMatchObject([{ status: 'pending' }]);
      await sendAll('accepted');
      expect(await level(listing)).toMatchObject({ state: 'clean', acknowledgedQuantity: 2 });
    }
  });

  it('is what the next attempt of the same push sends', async () => {
    await storeLines(['a', 1]);
    const first = await begin();
    const { pushId } = first;
    await stores.pushes.fail(pushId, first.attempt, first.lines, {
      type: 'ChannelUnavailable',
      message: 'down',
      mayStillApply: false,
    });
    await storeAt(T0 + 1, ['a', 2]);
    const second = await begin(pushId);
    expect([second.attempt, only(second.lines).quantity]).toEqual([2, 2]);
  });
});
