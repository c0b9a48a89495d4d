import { setTimeout as delay } from 'node:timers/promises';
import { leave, leaveAll } from './lanes';
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
let connectionId: number;

beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(async () => {
  connectionId = await stores.connections.insert({
    channel: 'ajio',
    accountSlug: 'spykar',
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials: {},
    settings: {},
  });
});
afterAll(() => stores.close());

const storeAt = async (publishedAtMs: number, ...lines: TestLine[]) =>
  only(await stores.store(draft(linesOf(...lines), { connectionId, publishedAtMs }))).submissionId;
const level = (listing: string) => levelOf(stores, listing, connectionId);
const setState = (listing: string, state: string) =>
  stores.db.change('UPDATE stock_levels SET state = ? WHERE connectionId = ? AND listing = ?', [
    state,
    connectionId,
    listing,
  ]);

describe('stale work', () => {
  it('is found when it is due and nobody sends it, claimed or not', async () => {
    await storeAt(T0, ['a', 1]);
    await delay(5);
    expect(await stores.levels.findStale(60_000, 100)).not.toContain(connectionId);
    expect(await stores.levels.findStale(0, 100)).toContain(connectionId);
    await leaveAll(stores.pushes, { connectionId });
    expect(await stores.levels.findStale(0, 100)).toContain(connectionId);
  });

  it('is not found while it waits, after it was accepted or refused, or while its connection is paused', async () => {
    await storeAt(T0, ['a', 1]);
    await delay(5);
    const isFound = async () => (await stores.levels.findStale(0, 100)).includes(connectionId);
    for (const state of ['clean', 'rejected']) {
      await setState('a', state);
      expect(await isFound()).toBe(false);
    }
    await setState('a', 'dirty');
    await stores.connections.setStatus(connectionId, 'paused', null);
    expect(await isFound()).toBe(false);
    // Its run has to ask for credentials, also after somebody ended the one that did.
    for (const status of ['needs_reauth', 'active'] as const) {
      await stores.connections.setStatus(connectionId, status, null);
      expect(await isFound()).toBe(true);
    }
    await stores.db.change('UPDATE stock_levels SET notBeforeMs = ? WHERE connectionId = ?', [
      Date.now() + 60_000,
      connectionId,
    ]);
    expect(await isFound()).toBe(false);
  });

  it('comes page by page, so that what stays stale hides nothing', async () => {
    await storeAt(T0, ['a', 1]);
    await stores.db.change('UPDATE stock_levels SET dirtySinceMs = 1 WHERE connectionId = ?', [connectionId]);
    expect(await stores.levels.findStale(0, 1, connectionId - 1)).toEqual([connectionId]);
    expect(await stores.levels.findStale(0, 1, connectionId)).not.toContain(connectionId);
  });
});

it('sends everything again when the whole connection is to be repeated', async () => {
  await storeAt(T0, ['a', 1], ['b', 2]);
  await setState('a', 'clean');
  await setState('b', 'rejected');
  expect(await stores.levels.markAllDirty(connectionId)).toBe(2);
  expect(await stores.levels.countByState(connectionId)).toEqual({ dirty: 2 });
});

describe('what waits and is given up', () => {
  it('ends its lines with the reason, and a newer value wakes it again', async () => {
    const first = await storeAt(T0, ['a', 1], ['b', 2]);
    await setState('b', 'clean');
    expect(await stores.levels.giveUpWaiting(connectionId, 'given up: closed')).toBe(1);
    expect(await level('a')).toMatchObject({ state: 'rejected', lastError: 'given up: closed' });
    expect(await submissionLines(stores, first)).toMatchObject([
      { status: 'error', error: 'given up: closed' },
      { status: 'pending' },
    ]);
    await storeAt(T0 + 1, ['a', 3]);
    expect(await level('a')).toMatchObject({ state: 'dirty', desiredQuantity: 3 });
  });

  it('leaves what is on the wire and what belongs to other connections', async () => {
    await storeAt(T0, ['a', 1]);
    await leaveAll(stores.pushes, { connectionId });
    expect(await stores.levels.giveUpWaiting(connectionId, 'given up')).toBe(0);
    expect(await level('a')).toMatchObject({ state: 'claimed' });
  });
});

it('keeps what the channel shows beside what it shall show', async () => {
  await storeAt(T0, ['a', 1], ['b', 2]);
  await stores.levels.recordObserved(connectionId, [
    { listing: 'b', quantity: null },
    { listing: 'a', quantity: 9 },
    { listing: 'never seen', quantity: 1 },
  ]);
  expect(await level('a')).toMatchObject({ desiredQuantity: 1, observedQuantity: 9, observedAtMs: expect.any(Number) });
  expect(await level('b')).toMatchObject({ observedQuantity: null, observedAtMs: expect.any(Number) });
});

describe('lines that were refused and go out again', () => {
  const push = async (verdict: 'accepted' | 'rejected') => {
    const attempt = await leave(stores.pushes, { connectionId });
    if (!attempt) throw new Error('nothing is due');
    const verdicts = attempt.lines.map(({ listing }) =>
      verdict === 'accepted' ? { listing, verdict } : { listing, verdict, message: 'Seller is on hold' },
    );
    await stores.pushes.settle(attempt.pushId, attempt.attempt, attempt.lines, verdicts, Date.now());
    await stores.submissions.finishDone(connectionId);
  };

  it.each(['reviveRejected', 'markAllDirty'] as const)(
    'are an error no longer once they are accepted (%s)',
    async (revive) => {
      const submissionId = await storeAt(T0, ['a', 1], ['b', 2]);
      await push('rejected');
      expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({ status: 'error', errorCount: 2 });
      expect(await stores.levels[revive](connectionId)).toBe(2);
      expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({
        status: 'pending',
        errorCount: 0,
        error: null,
      });
      await push('accepted');
      expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({
        status: 'success',
        successCount: 2,
        errorCount: 0,
        error: null,
      });
    },
  );

  it('leave the error of an older value as it was', async () => {
    const older = await storeAt(T0, ['a', 1]);
    await push('rejected');
    await storeAt(T0 + 1, ['a', 2]);
    await push('rejected');
    await stores.levels.reviveRejected(connectionId);
    await push('accepted');
    expect(await submissionLines(stores, older)).toEqual([
      expect.objectContaining({ status: 'error', error: 'Seller is on hold' }),
    ]);
  });
});
