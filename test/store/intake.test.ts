import { draft, levelOf, linesOf, only, openTestStores, submissionLines, T0, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const statuses = async (submissionId: string) =>
  (await submissionLines(stores, submissionId)).map((line) => line.status);
const storeOne = async (...given: Parameters<typeof draft>) => only(await stores.store(draft(...given)));

it('lets a newer value win and writes an older one down as superseded', async () => {
  const newer = await storeOne(linesOf(['newer', 5]), { publishedAtMs: T0 + 1 });
  const older = await storeOne(linesOf(['newer', 9]), { publishedAtMs: T0 });
  expect(newer).toMatchObject({ status: 'accepted', changedStock: true });
  expect(older).toMatchObject({ status: 'superseded', changedStock: false });
  expect(await levelOf(stores, 'newer')).toMatchObject({ desiredQuantity: 5, versionAtMs: T0 + 1, state: 'dirty' });
  expect(await submissionLines(stores, older.submissionId)).toMatchObject([
    { status: 'superseded', error: 'a newer value was already known', quantity: 9 },
  ]);
  expect(await stores.submissions.find(older.submissionId, 'spykar')).toMatchObject({
    status: 'success',
    finishedCount: 1,
  });
});

it('orders equal times by message id, in whichever order they arrive', async () => {
  for (const [listing, ids] of [
    ['tie-1', ['a', 'b']],
    ['tie-2', ['b', 'a']],
  ] as const)
    for (const id of ids) await storeOne(linesOf([listing, id === 'b' ? 2 : 1]), { messageId: `${listing}-${id}` });
  for (const listing of ['tie-1', 'tie-2'])
    expect(await levelOf(stores, listing)).toMatchObject({ desiredQuantity: 2, versionId: `${listing}-b` });
});

it('sends a newer version again although its quantity is the same', async () => {
  await storeOne(linesOf(['same', 5]), { publishedAtMs: T0 });
  const { revision } = only(
    await stores.db.select<{ revision: number }>("SELECT revision FROM stock_levels WHERE listing = 'same'"),
  );
  const again = await storeOne(linesOf(['same', 5]), { publishedAtMs: T0 + 1 });
  expect(again.changedStock).toBe(true);
  expect(await stores.db.select("SELECT revision FROM stock_levels WHERE listing = 'same'")).toEqual([
    { revision: revision + 1 },
  ]);
});

it('knows a message without a hash of its content that came before, whatever it says this time', async () => {
  const first = await storeOne(linesOf(['twice', 5]), { messageId: 'twice' });
  const second = await storeOne(linesOf(['twice', 9]), { messageId: 'twice', publishedAtMs: T0 + 9 });
  expect(second).toEqual({ submissionId: first.submissionId, status: 'duplicate', changedStock: false, warnings: [] });
  expect(await levelOf(stores, 'twice')).toMatchObject({ desiredQuantity: 5 });
  expect(await submissionLines(stores, first.submissionId)).toHaveLength(1);
});

it('keeps the same message id of two connections or two sources apart, and takes every delivery without one for new', async () => {
  const lines = linesOf(['apart', 1]);
  const results = [
    await storeOne(lines, { messageId: 'apart' }),
    await storeOne(lines, { messageId: 'apart', connectionId: 7 }),
    await storeOne(lines, { messageId: 'apart', source: 'api' }),
    await storeOne(lines, { messageId: null, source: 'api', publishedAtMs: T0 + 1 }),
    await storeOne(lines, { messageId: null, source: 'api', publishedAtMs: T0 + 1 }),
  ];
  expect(new Set(results.map((result) => result.submissionId)).size).toBe(5);
  expect(results.some((result) => result.status === 'duplicate')).toBe(false);
});

it('lets the last line of the same listing win, and says so on the others', async () => {
  const { submissionId, status } = await storeOne(linesOf(['twin', 1], ['other', 4], ['twin', 2], ['twin', 3]));
  expect(status).toBe('accepted');
  expect(await levelOf(stores, 'twin')).toMatchObject({ desiredQuantity: 3 });
  expect(await statuses(submissionId)).toEqual(['superseded', 'pending', 'superseded', 'pending']);
  expect((await submissionLines(stores, submissionId))[0]?.error).toContain('row 4 of the same message');
});

it('keeps a line that cannot be read with its reason and goes on with the others', async () => {
  const bad = { row: 2, listing: '', locationId: '', quantity: null, error: 'locationInventory: is negative' } as const;
  const { submissionId, changedStock } = await storeOne([...linesOf(['fine', 1]), bad]);
  expect(changedStock).toBe(true);
  expect(await submissionLines(stores, submissionId)).toMatchObject([
    { status: 'pending', error: null },
    { status: 'error', error: 'locationInventory: is negative', quantity: null },
  ]);
  expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({
    status: 'processing',
    totalCount: 2,
    errorCount: 1,
    finishedCount: 1,
  });
});

it('closes a submission without a usable line at once', async () => {
  const bad = { row: 1, listing: 'gone', locationId: '', quantity: null, error: 'x'.repeat(2_000) } as const;
  const { submissionId, status, changedStock } = await storeOne([bad]);
  expect([status, changedStock]).toEqual(['accepted', false]);
  expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({
    status: 'error',
    error: 'error in 1 out of 1 rows',
    finishedCount: 1,
  });
  expect(await stores.levels.find(294, 'gone')).toEqual([]);
});

it('keeps what the rows of a file said, once, and writes nothing of the kind for other sources', async () => {
  const fileRows = [
    { row: 1, code: "=cmd|' /C calc'!A0", reason: 'stock take' },
    { row: 2, code: '', reason: '' },
  ];
  const file = draft(linesOf(['row-1', 1]), { source: 'csv', messageId: 'file-1', fileRows });
  const [first] = await stores.store(file, draft(linesOf(['row-2', 1])));
  const [second] = await stores.store({ ...file, fileRows: [{ row: 1, code: 'other', reason: '' }] });
  expect(second).toMatchObject({ submissionId: first?.submissionId, status: 'duplicate' });
  expect(await stores.db.select('SELECT submissionId, rowNumber, code, reason FROM submission_rows')).toEqual(
    fileRows.map(({ row, ...said }) => ({ submissionId: first?.submissionId, rowNumber: row, ...said })),
  );
});

it('stores many messages in one call, the same one twice among them', async () => {
  const drafts = Array.from({ length: 20 }, (_, index) =>
    draft(linesOf(['burst', index]), { messageId: `burst-${index % 19}`, publishedAtMs: T0 + (index % 19) }),
  );
  const results = await stores.store(...drafts);
  expect(results.map((result) => result.status).filter((status) => status === 'duplicate')).toHaveLength(1);
  expect(results[19]).toEqual({
    submissionId: results[0]?.submissionId,
    status: 'duplicate',
    changedStock: false,
    warnings: [],
  });
  expect(await levelOf(stores, 'burst')).toMatchObject({ desiredQuantity: 18, versionId: 'burst-18' });
  for (const result of results.slice(0, 18)) expect(await statuses(result.submissionId)).toEqual(['superseded']);
  expect(await statuses(results[18]?.submissionId ?? '')).toEqual(['pending']);
});

it('adds up the locations of a connection that asks for it', async () => {
  const sum = { connectionId: 500, levelLocationId: '', sumLocations: true };
  await storeOne(linesOf(['sum', 3, 'A'], ['sum', 4, 'B']), sum);
  expect(await levelOf(stores, 'sum', 500)).toMatchObject({ desiredQuantity: 7, locationId: '' });
  await storeOne(linesOf(['sum', 10, 'B']), { ...sum, publishedAtMs: T0 + 1 });
  expect(await levelOf(stores, 'sum', 500)).toMatchObject({ desiredQuantity: 13, versionAtMs: T0 + 1 });
  const late = await storeOne(linesOf(['sum', 99, 'B'], ['sum', 5, 'C']), { ...sum, publishedAtMs: T0 - 1 });
  expect(await levelOf(stores, 'sum', 500)).toMatchObject({ desiredQuantity: 18, versionAtMs: T0 + 1 });
  expect(late.status).toBe('accepted');
  expect(await statuses(late.submissionId)).toEqual(['superseded', 'pending']);
});

it('adds up parts that arrive at the same time without losing one', async () => {
  const sum = { connectionId: 501, levelLocationId: '', sumLocations: true };
  await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      storeOne(linesOf(['parallel sum', 1, `L${index}`]), { ...sum, publishedAtMs: T0 + index }),
    ),
  );
  expect(await levelOf(stores, 'parallel sum', 501)).toMatchObject({ desiredQuantity: 12, versionAtMs: T0 + 11 });
});

it('stores a message of 3,000 lines', async () => {
  const lines = linesOf(...Array.from({ length: 3_000 }, (_, index) => [`big-${index}`, index] as const));
  const { submissionId } = await storeOne(lines, { connectionId: 600 });
  expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({ totalCount: 3_000, status: 'pending' });
  expect(await stores.levels.countByState(600)).toEqual({ dirty: 3_000 });
});

it('answers the same message sent twenty times at once with one submission', async () => {
  const same = draft(linesOf(['stampede', 1], ['stampede-2', 2]), { messageId: 'stampede' });
  const results = await Promise.all(Array.from({ length: 20 }, () => stores.store(same)));
  const flat = results.flat();
  expect(flat.filter((result) => result.status === 'accepted')).toHaveLength(1);
  expect(new Set(flat.map((result) => result.submissionId)).size).toBe(1);
});
