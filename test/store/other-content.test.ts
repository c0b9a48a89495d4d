import type { DraftLine } from '../../src/contracts/submission';
import { deliverAll, leave } from './lanes';
import { draft, levelOf, linesOf, only, openTestStores, submissionLines, T0, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const content = (letter: string) => letter.repeat(32);
const said = (messageId: string, letter: string, lines: readonly DraftLine[], changes = {}) =>
  draft(lines, { messageId, contentHash: content(letter), ...changes });
const storeOne = async (...given: Parameters<typeof said>) => only(await stores.store(said(...given)));
const statuses = async (id: string) => (await submissionLines(stores, id)).map(({ status }) => status);

async function deliver(connectionId = 294): Promise<void> {
  await deliverAll(stores.pushes, { connectionId, batchSize: 50 });
  await stores.submissions.finishDone(connectionId);
}

it('takes a message that came before with other content for one of its own and says so', async () => {
  const first = await storeOne('m', 'a', linesOf(['m-1', 5]));
  const second = await storeOne('m', 'b', linesOf(['m-2', 7]));
  expect(second).toMatchObject({
    status: 'accepted',
    changedStock: true,
    warnings: [{ kind: 'other_content', path: 'message_id', message: expect.stringContaining(first.submissionId) }],
  });
  expect(second.submissionId).not.toBe(first.submissionId);
  expect(await stores.submissions.find(second.submissionId, 'spykar')).toMatchObject({ warnings: second.warnings });
  expect(await stores.submissions.find(first.submissionId, 'spykar')).not.toHaveProperty('warnings');
  for (const [letter, known] of [
    ['a', first],
    ['b', second],
  ] as const)
    expect(await storeOne('m', letter, linesOf(['m-1', 5]))).toEqual({
      submissionId: known.submissionId,
      status: 'duplicate',
      changedStock: false,
      warnings: [],
    });
  const third = await storeOne('m', 'c', linesOf(['m-1', 6]));
  expect(third.status).toBe('accepted');
  expect(await levelOf(stores, 'm-1')).toMatchObject({ desiredQuantity: 6 });
});

it('lets what came later win at the same time, and tells the lines before it that they are replaced', async () => {
  const first = await storeOne('same', 'a', linesOf(['s-1', 5], ['s-2', 5]));
  const second = await storeOne('same', 'b', linesOf(['s-1', 0]));
  await deliver();
  expect(await levelOf(stores, 's-1')).toMatchObject({ desiredQuantity: 0, state: 'clean' });
  expect(await statuses(first.submissionId)).toEqual(['superseded', 'success']);
  expect(await statuses(second.submissionId)).toEqual(['success']);
  for (const { submissionId } of [first, second])
    expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({ status: 'success' });
});

it('does not take the answer to the first one for an answer to the second, which came while that was on the wire', async () => {
  const connectionId = 501;
  await storeOne('on-the-wire', 'a', linesOf(['w-1', 5]), { connectionId });
  const push = await leave(stores.pushes, { connectionId });
  if (!push) throw new Error('nothing is due');
  const second = await storeOne('on-the-wire', 'b', linesOf(['w-1', 0]), { connectionId });
  const accepted = [{ listing: 'w-1', verdict: 'accepted' as const }];
  await stores.pushes.settle(push.pushId, push.attempt, push.lines, accepted, Date.now());
  expect(await statuses(second.submissionId)).toEqual(['pending']);
  await deliver(connectionId);
  expect(await statuses(second.submissionId)).toEqual(['success']);
  expect(await levelOf(stores, 'w-1', connectionId)).toMatchObject({ acknowledgedQuantity: 0, state: 'clean' });
});

it('does so for parts of a sum, location by location', async () => {
  const sum = { connectionId: 500, levelLocationId: '', sumLocations: true };
  const first = await storeOne('sum', 'a', linesOf(['sum', 3, 'A'], ['sum', 4, 'B']), sum);
  const second = await storeOne('sum', 'b', linesOf(['sum', 1, 'A']), sum);
  await deliver(500);
  expect(await levelOf(stores, 'sum', 500)).toMatchObject({ desiredQuantity: 5 });
  expect(await statuses(first.submissionId)).toEqual(['superseded', 'success']);
  expect(await statuses(second.submissionId)).toEqual(['success']);
});

it('never lets other content of an older time win', async () => {
  await storeOne('older', 'a', linesOf(['o-1', 5]), { publishedAtMs: T0 + 5 });
  expect(await storeOne('older', 'b', linesOf(['o-1', 9]), { publishedAtMs: T0 })).toMatchObject({
    status: 'superseded',
    warnings: [{ kind: 'other_content' }],
  });
  expect(await levelOf(stores, 'o-1')).toMatchObject({ desiredQuantity: 5 });
});

it('counts a message that was stored without its content as the same, whatever comes', async () => {
  const before = only(await stores.store(draft(linesOf(['b-1', 5]), { messageId: 'before' })));
  expect(await storeOne('before', 'a', linesOf(['b-1', 6]))).toMatchObject({
    submissionId: before.submissionId,
    status: 'duplicate',
  });
  expect(await levelOf(stores, 'b-1')).toMatchObject({ desiredQuantity: 5 });
});

it('keeps two contents apart in one call, with every copy of them', async () => {
  const results = await stores.store(
    ...['a', 'b', 'a', 'b', 'b'].map((letter) => said('batch', letter, linesOf([`batch-${letter}`, 1]))),
  );
  expect(results.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'duplicate', 'duplicate', 'duplicate']);
  expect(results.map(({ warnings }) => warnings.length)).toEqual([0, 1, 0, 0, 0]);
  expect(new Set(results.map(({ submissionId }) => submissionId)).size).toBe(2);
});

it('stores two contents once each, however often and at once they come, and tells of the second', async () => {
  const deliveries = Array.from({ length: 24 }, (_, index) => index % 3);
  const results = await Promise.all(
    deliveries.map((which) => storeOne('rush', 'abc'.charAt(which), linesOf([`rush-${which}`, which]))),
  );
  expect(results.filter(({ status }) => status === 'accepted')).toHaveLength(3);
  expect(results.filter(({ warnings }) => warnings.length > 0)).toHaveLength(2);
  for (const which of [0, 1, 2])
    expect(
      new Set(results.filter((_, index) => index % 3 === which).map(({ submissionId }) => submissionId)).size,
    ).toBe(1);
  expect(await stores.db.select("SELECT id FROM submissions WHERE messageId = 'rush'")).toHaveLength(3);
});

it('dates what is meant as the newest after everything that is known of its listings', async () => {
  const ahead = Date.now() + 240_000;
  await storeOne('ahead', 'a', linesOf(['n-1', 9]), { publishedAtMs: ahead });
  const file = draft(linesOf(['n-1', 0]), {
    source: 'csv',
    messageId: null,
    publishedAtMs: Date.now(),
    isNewest: true,
  });
  const results = await stores.store(file, { ...file, lines: linesOf(['n-1', 1]) });
  expect(results.map(({ status }) => status)).toEqual(['superseded', 'accepted']);
  expect(await levelOf(stores, 'n-1')).toMatchObject({ desiredQuantity: 1, versionAtMs: ahead + 2 });
  const own = draft(linesOf(['n-2', 0]), { source: 'csv', messageId: null, publishedAtMs: T0, isNewest: true });
  await stores.store(own);
  expect(await levelOf(stores, 'n-2')).toMatchObject({ versionAtMs: T0 });
});
