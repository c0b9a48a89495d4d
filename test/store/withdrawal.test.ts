import { withdrawSubmission } from '../../src/store/withdrawal';
import { eventually } from '../stand/waiting';
import { deliverAll, leaveAll } from './lanes';
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
let connectionId = 3_000;

beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(() => {
  connectionId += 1;
});
afterAll(() => stores.close());

const storeAt = async (publishedAtMs: number, ...lines: TestLine[]) =>
  only(await stores.store(draft(linesOf(...lines), { connectionId, publishedAtMs }))).submissionId;
const level = (listing: string) => levelOf(stores, listing, connectionId);
const withdraw = (id: string) => withdrawSubmission(stores.db, id);

const claimAll = () => leaveAll(stores.pushes, { connectionId });

const deliver = () => deliverAll(stores.pushes, { connectionId });

it('falls back to the newest other value, which goes out if the channel does not show it', async () => {
  await storeAt(T0, ['a', 1]);
  await storeAt(T0 + 1, ['a', 2]);
  const last = await storeAt(T0 + 2, ['a', 3]);
  expect(await withdraw(last)).toEqual({ withdrawnRows: [1], sentRows: [] });
  expect(await level('a')).toMatchObject({ desiredQuantity: 2, versionAtMs: T0 + 1, state: 'dirty' });
  expect(await submissionLines(stores, last)).toMatchObject([{ status: 'aborted' }]);
  await stores.submissions.finishDone(connectionId);
  expect(await stores.submissions.find(last, 'spykar')).toMatchObject({
    status: 'aborted',
    finishedCount: 1,
    successCount: 0,
  });
});

it('takes the row that won when the other message names the listing twice', async () => {
  await storeAt(T0, ['a', 1], ['a', 2]);
  const last = await storeAt(T0 + 2, ['a', 3]);
  await withdraw(last);
  expect(await level('a')).toMatchObject({ desiredQuantity: 2 });
});

it('has nothing to send when the channel shows the value it falls back to', async () => {
  await storeAt(T0, ['a', 1]);
  await deliver();
  const last = await storeAt(T0 + 1, ['a', 2]);
  await withdraw(last);
  expect(await level('a')).toMatchObject({ desiredQuantity: 1, state: 'clean' });
});

it('forgets a listing of which nothing else is known', async () => {
  const first = await storeAt(T0, ['a', 1], ['b', 2]);
  expect(await withdraw(first)).toEqual({ withdrawnRows: [1, 2], sentRows: [] });
  expect(await stores.levels.find(connectionId, 'a')).toEqual([]);
  expect(await claimAll()).toEqual([]);
});

it('leaves what went out and what is going out, and lists it', async () => {
  const first = await storeAt(T0, ['sent', 1], ['going', 2], ['waiting', 3]);
  await stores.db.change("UPDATE stock_levels SET notBeforeMs = ? WHERE connectionId = ? AND listing <> 'sent'", [
    Date.now() + 60_000,
    connectionId,
  ]);
  await deliver();
  await stores.db.change("UPDATE stock_levels SET notBeforeMs = 0 WHERE connectionId = ? AND listing = 'going'", [
    connectionId,
  ]);
  await claimAll();
  expect(await withdraw(first)).toEqual({ withdrawnRows: [3], sentRows: [1, 2] });
  expect(await level('sent')).toMatchObject({ state: 'clean', desiredQuantity: 1 });
  expect(await level('going')).toMatchObject({ state: 'claimed', desiredQuantity: 2 });
  expect((await submissionLines(stores, first)).map((line) => line.status)).toEqual([
    'success',
    'processing',
    'aborted',
  ]);
});

it('changes nothing where a newer message has the last word', async () => {
  const old = await storeAt(T0, ['a', 1]);
  await storeAt(T0 + 1, ['a', 2]);
  expect(await withdraw(old)).toEqual({ withdrawnRows: [1], sentRows: [] });
  expect(await level('a')).toMatchObject({ desiredQuantity: 2, versionAtMs: T0 + 1 });
});

it('does nothing the second time, and nothing for a submission that is done', async () => {
  const first = await storeAt(T0, ['a', 1]);
  await withdraw(first);
  expect(await withdraw(first)).toEqual({ withdrawnRows: [], sentRows: [] });
  const done = await storeAt(T0 + 1, ['b', 1]);
  await deliver();
  expect(await withdraw(done)).toEqual({ withdrawnRows: [], sentRows: [1] });
});

describe('a level that is the sum of locations', () => {
  const storeSum = async (publishedAtMs: number, ...lines: TestLine[]) => {
    const changes = { connectionId, publishedAtMs, levelLocationId: '', sumLocations: true };
    return only(await stores.store(draft(linesOf(...lines), changes))).submissionId;
  };

  it('falls back location by location', async () => {
    await storeSum(T0, ['a', 3, 'A'], ['a', 4, 'B']);
    const last = await storeSum(T0 + 1, ['a', 10, 'B'], ['a', 5, 'C']);
    expect(await level('a')).toMatchObject({ desiredQuantity: 18 });
    await withdraw(last);
    expect(await level('a')).toMatchObject({ desiredQuantity: 7, versionAtMs: T0 });
  });

  it('is forgotten with its last part', async () => {
    const first = await storeSum(T0, ['a', 3, 'A']);
    await withdraw(first);
    expect(await stores.levels.find(connectionId, 'a')).toEqual([]);
    await storeSum(T0 + 1, ['a', 4, 'B']);
    expect(await level('a')).toMatchObject({ desiredQuantity: 4 });
  });
});

/** Statements of other connections to this database that lock levels and have not come back. */
const lockingLevels = () =>
  stores.db.select(
    `SELECT ID FROM information_schema.PROCESSLIST
     WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND COMMAND <> 'Sleep' AND INFO LIKE '%FROM stock_levels%FOR UPDATE'`,
  );

it('leaves a line that is decided while others are taken back', async () => {
  const first = await storeAt(T0, ['b', 2]);
  const start = only(await claimAll());
  const { pushId } = start;
  await storeAt(T0 + 1, ['a', 1]);
  const other = stores.openPool();
  let withdrawing: ReturnType<typeof withdraw> | undefined;
  // 'a' belongs to the submission that is taken back as well, and is looked at before 'b'.
  await stores.db.change(
    "UPDATE submission_lines SET submissionId = ?, rowNumber = 2 WHERE connectionId = ? AND listing = 'a'",
    [first, connectionId],
  );
  await other.transaction(async (tx) => {
    // Holds the withdrawal at 'a', when it has read that both are open.
    await tx.select("SELECT 1 FROM stock_levels WHERE connectionId = ? AND listing = 'a' FOR UPDATE", [connectionId]);
    withdrawing = withdraw(first);
    await eventually('the withdrawal waits at the lock', async () => (await lockingLevels())[0]);
    const verdicts = start.lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
    await stores.pushes.settle(pushId, start.attempt, start.lines, verdicts, Date.now());
  });
  await other.close();
  expect(await withdrawing).toEqual({ withdrawnRows: [2], sentRows: [1] });
  expect((await submissionLines(stores, first)).map(({ listing, status }) => [listing, status])).toEqual([
    ['b', 'success'],
    ['a', 'aborted'],
  ]);
  expect(await level('b')).toMatchObject({ state: 'clean', acknowledgedQuantity: 2 });
});
