import { newId } from '../../src/store/new-id';
import { withdrawSubmission } from '../../src/store/withdrawal';
import { leave, leaveAll, type OpenPush } from './lanes';
import { draft, levelOf, linesOf, only, openTestStores, T0, type TestLine, type TestStores } from './open-store';

let stores: TestStores;
let connectionId = 7_000;

beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(() => {
  connectionId += 1;
});
afterAll(() => stores.close());

const storeLines = async (...lines: TestLine[]) => storeAt(T0, ...lines);
const storeAt = async (publishedAtMs: number, ...lines: TestLine[]) =>
  only(await stores.store(draft(linesOf(...lines), { connectionId, publishedAtMs }))).submissionId;
const go = (leaving: Partial<Parameters<typeof leave>[1]> = {}) => leave(stores.pushes, { connectionId, ...leaving });
const level = (listing: string) => levelOf(stores, listing, connectionId);
const listingsOf = (push: OpenPush | undefined) => push?.lines.map(({ listing }) => listing);
const due = (lanes = 4, batchSize = 2) => stores.pushes.findDue({ connectionId, batchSize }, lanes);

async function accept(push: OpenPush | undefined) {
  if (!push) throw new Error('nothing left');
  const verdicts = push.lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
  return stores.pushes.settle(push.pushId, push.attempt, push.lines, verdicts, Date.now());
}

const DOWN = { type: 'ChannelUnavailable', message: 'down', mayStillApply: false } as const;

describe('what leaves', () => {
  it('is zero stock first, then the oldest, a batch at a time', async () => {
    await storeLines(['a', 1], ['b', 0], ['c', 3], ['d', 0], ['e', 5]);
    const pushes = await leaveAll(stores.pushes, { connectionId, batchSize: 2 });
    expect(pushes.map(({ lines }) => lines.length)).toEqual([2, 2, 1]);
    expect(listingsOf(pushes[0])).toEqual(['b', 'd']);
  });

  it('is what is most urgent at that moment: a listing that sells out goes before everything that has not left', async () => {
    await storeLines(['a', 1], ['b', 2], ['c', 3], ['d', 4]);
    expect(await go({ batchSize: 2 })).toBeDefined();
    await storeAt(T0 + 1, ['d', 0]);
    expect(listingsOf(await go({ batchSize: 1 }))).toEqual(['d']);
  });

  it('is chosen anew after a failure, also by the same push', async () => {
    await storeLines(['a', 1]);
    const first = await go({ batchSize: 1 });
    await stores.pushes.fail(first?.pushId ?? '', 1, first?.lines ?? [], DOWN);
    await storeAt(T0 + 1, ['z', 0]);
    const second = await go({ batchSize: 1, pushId: first?.pushId ?? '' });
    expect(second).toMatchObject({ attempt: 2 });
    expect(listingsOf(second)).toEqual(['z']);
  });

  it('is given back by the attempt after a lost one, and goes once more later', async () => {
    await storeLines(['a', 1]);
    const lost = await go();
    const next = await go({ pushId: lost?.pushId ?? '' });
    expect(next).toMatchObject({ attempt: 2, lines: [{ listing: 'a' }] });
    await accept(next);
    expect(await level('a')).toMatchObject({ state: 'dirty', acknowledgedQuantity: 1 });
  });

  it('is in one push only, however many leave at once', async () => {
    await storeLines(...Array.from({ length: 40 }, (_, index) => [`l${index}`, index] as const));
    const pushes = await Promise.all(Array.from({ length: 12 }, () => go({ batchSize: 5 })));
    const sent = pushes.flatMap((push) => listingsOf(push) ?? []);
    expect(new Set(sent).size).toBe(sent.length);
    expect(await leaveAll(stores.pushes, { connectionId })).toEqual(
      sent.length === 40 ? [] : [expect.objectContaining({ attempt: 1 })],
    );
    expect(await stores.levels.countByState(connectionId)).toEqual({ claimed: 40 });
  });

  it('is zero stock only where that is asked for', async () => {
    await storeLines(['a', 1], ['b', 0]);
    expect(listingsOf(await go({ onlyZeros: true }))).toEqual(['b']);
    expect(await go({ onlyZeros: true })).toBeUndefined();
    expect(listingsOf(await go())).toEqual(['a']);
  });
});

describe('what is due', () => {
  it('is counted in pushes, no further than the lanes can use, with the time of the next line', async () => {
    expect(await due()).toEqual({ pushes: 0, hasZeros: false, nextDueInMs: null });
    await storeLines(...Array.from({ length: 9 }, (_, index) => [`l${index}`, index] as const));
    expect(await due()).toEqual({ pushes: 4, hasZeros: true, nextDueInMs: 0 });
    expect(await due(10)).toMatchObject({ pushes: 5 });
    await stores.db.change('UPDATE stock_levels SET notBeforeMs = ? WHERE connectionId = ?', [
      Date.now() + 3_600_000,
      connectionId,
    ]);
    const { pushes, nextDueInMs } = await due();
    expect(pushes).toBe(0);
    expect(nextDueInMs).toBeGreaterThan(3_000_000);
  });
});

describe('what another run has left under way', () => {
  const releaseStrays = (runId: string) =>
    stores.pushes.releaseStrays({ pushId: newId(), connectionId, runId, batchSize: 20 });

  it('is given back, and goes once more later where an attempt was not answered', async () => {
    await storeLines(['a', 1]);
    await go({ runId: 'run-1' });
    await releaseStrays('run-1');
    expect(await level('a')).toMatchObject({ state: 'claimed' });
    await releaseStrays('run-2');
    expect(await level('a')).toMatchObject({ state: 'dirty', pushId: null });
    await accept(await go({ runId: 'run-2' }));
    expect(await level('a')).toMatchObject({ state: 'dirty', acknowledgedQuantity: 1 });
  });

  it('is also what this run can no longer know of, as after an older copy was restored', async () => {
    await storeLines(['a', 1]);
    const push = await go({ runId: 'run-1' });
    await stores.db.change('UPDATE pushes SET updatedAt = DATE_SUB(updatedAt, INTERVAL 1 DAY) WHERE id = ?', [
      push?.pushId ?? '',
    ]);
    await releaseStrays('run-1');
    expect(await level('a')).toMatchObject({ state: 'dirty' });
  });

  it('is also what a run of before has planned and never sent', async () => {
    await storeLines(['a', 1]);
    const push = await go();
    await stores.db.change('UPDATE pushes SET attempt = 0, unansweredAttempts = 0, owner = NULL WHERE id = ?', [
      push?.pushId ?? '',
    ]);
    await releaseStrays('run-1');
    expect(await level('a')).toMatchObject({ state: 'dirty' });
    await accept(await go());
    expect(await level('a')).toMatchObject({ state: 'clean' });
  });

  it('lines whose push is gone are freed', async () => {
    await storeLines(['a', 1], ['b', 2]);
    const push = await go({ batchSize: 1 });
    await go({ batchSize: 1 });
    await stores.db.change('DELETE FROM pushes WHERE id = ?', [push?.pushId ?? '']);
    expect(await stores.pushes.freeLostLines(connectionId)).toBe(1);
    expect(await level('a')).toMatchObject({ state: 'dirty' });
    expect(await level('b')).toMatchObject({ state: 'claimed' });
  });
});

describe('a part of a refused push', () => {
  /** Four lines that were refused together; their two halves wait. */
  async function halved() {
    const submissionId = await storeLines(['a', 1], ['b', 2], ['c', 3], ['d', 4]);
    const push = await go();
    expect(await stores.pushes.halve(push?.pushId ?? '', 1, 'BAD_DATA')).toBe(true);
    return submissionId;
  }

  it('is due, and goes after zero stock and before everything else', async () => {
    await halved();
    await storeAt(T0 + 1, ['e', 5], ['f', 0]);
    expect(await due()).toMatchObject({ pushes: 3, hasZeros: true });
    expect(listingsOf(await go({ batchSize: 2 }))).toEqual(['f', 'e']);
    expect(listingsOf(await go({ batchSize: 2 }))).toEqual(['a', 'b']);
    expect(listingsOf(await go({ batchSize: 2 }))).toEqual(['c', 'd']);
  });

  it('goes first as soon as one of its listings sells out', async () => {
    await halved();
    await storeAt(T0 + 1, ['d', 0], ['e', 0]);
    expect(listingsOf(await go({ batchSize: 2 }))).toEqual(['d', 'c']);
  });

  it('stays a part when its call fails or its worker is lost', async () => {
    await halved();
    const first = await go({ batchSize: 2 });
    await stores.pushes.fail(first?.pushId ?? '', 1, first?.lines ?? [], DOWN);
    const lost = await go({ batchSize: 2 });
    const again = await go({ batchSize: 2, pushId: lost?.pushId ?? '' });
    expect([listingsOf(first), listingsOf(lost), listingsOf(again)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['a', 'b'],
    ]);
    expect(listingsOf(await go({ batchSize: 20 }))).toEqual(['c', 'd']);
  });

  it('is dissolved when it is larger than a batch may be by now', async () => {
    await halved();
    expect((await leaveAll(stores.pushes, { connectionId, batchSize: 1 })).map(listingsOf)).toEqual(
      ['a', 'b', 'c', 'd'].map((listing) => [listing]),
    );
  });

  it('can be taken back by an abort, because nobody has tried to send it', async () => {
    const submissionId = await halved();
    const leaving = await go({ batchSize: 2 });
    expect(await withdrawSubmission(stores.db, submissionId)).toEqual({ withdrawnRows: [3, 4], sentRows: [1, 2] });
    await accept(leaving);
    expect(await go()).toBeUndefined();
    expect(await stores.levels.find(connectionId, 'c')).toEqual([]);
    expect(await due()).toMatchObject({ pushes: 0 });
  });
});

it('an abort takes back everything that has not left', async () => {
  const submissionId = await storeLines(...Array.from({ length: 800 }, (_, index) => [`l${index}`, 1] as const));
  const leaving = await Promise.all([go(), go(), go(), go()]);
  const { withdrawnRows, sentRows } = await withdrawSubmission(stores.db, submissionId);
  const left = leaving.flatMap((push) => listingsOf(push) ?? []);
  expect(sentRows).toHaveLength(left.length);
  expect(withdrawnRows).toHaveLength(800 - left.length);
  expect(await go()).toBeUndefined();
});

describe('what a refusal as a whole has left', () => {
  const refuse = async (push: OpenPush | undefined, errorType?: 'ChannelRejected' | 'ChannelContractViolated') => {
    if (!push) throw new Error('nothing left');
    const verdict = errorType === 'ChannelContractViolated' ? 'unknown' : 'rejected';
    const verdicts = push.lines.map(({ listing }) => ({ listing, verdict, message: 'no' }) as const);
    await stores.pushes.settle(push.pushId, push.attempt, push.lines, verdicts, Date.now(), errorType);
  };
  const count = (since: string, wholeOnly: boolean) => stores.pushes.countUnsettled(connectionId, since, wholeOnly);

  it('is unsettled until newer values were accepted, whatever else is', async () => {
    await storeLines(['a', 1], ['b', 2]);
    const refused = await go();
    const since = refused?.pushId ?? '';
    await refuse(refused, 'ChannelRejected');
    await storeAt(T0 + 1, ['c', 3]);
    await accept(await go());
    expect([await count(since, true), await count(since, false)]).toEqual([2, 2]);
    await storeAt(T0 + 2, ['a', 5]);
    await accept(await go());
    expect(await count(since, true)).toBe(1);
    await storeAt(T0 + 3, ['b', 5]);
    await accept(await go());
    expect([await count(since, true), await count(since, false)]).toEqual([0, 0]);
  });

  it('is told from lines that were refused singly, and from what was refused before', async () => {
    await storeLines(['a', 1]);
    const single = await go();
    await refuse(single);
    expect([await count(single?.pushId ?? '', true), await count(single?.pushId ?? '', false)]).toEqual([0, 1]);
    await storeLines(['b', 1]);
    const whole = await go();
    await refuse(whole, 'ChannelContractViolated');
    expect([await count(whole?.pushId ?? '', true), await count(whole?.pushId ?? '', false)]).toEqual([1, 0]);
  });
});
