import { leave } from './lanes';
import { draft, linesOf, only, openTestStores, submissionLines, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const verdictOf = (listing: string) =>
  listing.startsWith('bad')
    ? ({ listing, verdict: 'rejected', message: 'no such product' } as const)
    : ({ listing, verdict: 'accepted' } as const);

async function sendOnePush(connectionId: number, batchSize: number) {
  const start = await leave(stores.pushes, { connectionId, batchSize });
  if (!start) throw new Error('nothing is due');
  const verdicts = start.lines.map(({ listing }) => verdictOf(listing));
  await stores.pushes.settle(start.pushId, start.attempt, start.lines, verdicts, Date.now());
}

it('counts from pending over processing to its end', async () => {
  const connectionId = 4_001;
  const { submissionId } = only(await stores.store(draft(linesOf(['a', 1], ['bad', 2], ['c', 3]), { connectionId })));
  const view = () => stores.submissions.find(submissionId, 'spykar');
  expect(await view()).toMatchObject({
    status: 'pending',
    totalCount: 3,
    successCount: 0,
    errorCount: 0,
    finishedCount: 0,
    error: null,
  });
  await sendOnePush(connectionId, 2);
  expect(await view()).toMatchObject({ status: 'processing', successCount: 1, errorCount: 1, finishedCount: 2 });
  expect(await stores.submissions.finishDone(connectionId)).toBe(0);
  await sendOnePush(connectionId, 2);
  expect(await stores.submissions.finishDone(connectionId)).toBe(1);
  expect(await stores.submissions.finishDone(connectionId)).toBe(0);
  expect(await view()).toMatchObject({
    status: 'error',
    successCount: 2,
    errorCount: 1,
    finishedCount: 3,
    error: 'error in 1 out of 3 rows',
  });
});

it('is closed with all others of a burst, however many there are', async () => {
  const connectionId = 4_005;
  const burst = Array.from({ length: 1_100 }, (_, index) => draft(linesOf([`a${index}`, 1]), { connectionId }));
  await stores.store(...burst);
  await sendOnePush(connectionId, burst.length);
  await stores.submissions.finishDone(connectionId);
  const open = await stores.db.select("SELECT id FROM submissions WHERE connectionId = ? AND status = 'pending'", [
    connectionId,
  ]);
  expect(open).toEqual([]);
});

it('belongs to its account', async () => {
  const { submissionId } = only(await stores.store(draft(linesOf(['a', 1]), { connectionId: 4_002 })));
  expect(await stores.submissions.find(submissionId, 'spykar')).toMatchObject({ id: submissionId, source: 'wms' });
  expect(await stores.submissions.find(submissionId, 'raymond')).toBeUndefined();
  expect(await stores.submissions.find('nonsense', 'spykar')).toBeUndefined();
});

it('shows times in UTC', async () => {
  const { submissionId } = only(await stores.store(draft(linesOf(['a', 1]), { connectionId: 4_003 })));
  const view = await stores.submissions.find(submissionId, 'spykar');
  expect(Math.abs(Date.parse(view?.createdAt ?? '') - Date.now())).toBeLessThan(600_000);
  expect(view?.createdAt).toMatch(/Z$/);
});

describe('its lines', () => {
  const connectionId = 4_004;
  let id: string;
  beforeAll(async () => {
    // The five at zero go first, so that all of the bad ones are in the first push.
    const lines = linesOf(
      ...Array.from(
        { length: 25 },
        (_, index) => [index % 5 === 0 ? `bad-${index}` : `l-${index}`, index % 5] as const,
      ),
    );
    id = only(await stores.store(draft(lines, { connectionId }))).submissionId;
    await sendOnePush(connectionId, 10);
    await leave(stores.pushes, { connectionId, batchSize: 5 });
  });

  it('come in pages, by row', async () => {
    const first = await stores.submissions.lines(id, { afterRow: 0, limit: 10 });
    const second = await stores.submissions.lines(id, { afterRow: 10, limit: 100 });
    expect([...first, ...second].map((line) => line.row)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  it('carry version, verdict and push', async () => {
    const lines = await submissionLines(stores, id);
    expect(lines.filter((line) => line.status === 'success').every((line) => line.pushId !== null)).toBe(true);
    expect(lines.find((line) => line.status === 'error')).toMatchObject({
      error: 'no such product',
      version: { publishedAtMs: expect.any(Number), messageId: expect.stringMatching(/^m\d+$/) },
    });
  });

  it.each([
    ['success', 5],
    ['error', 5],
    ['processing', 5],
    ['pending', 10],
    ['aborted', 0],
  ] as const)('can be asked for by status: %s', async (status, count) => {
    const lines = await stores.submissions.lines(id, { status, afterRow: 0, limit: 100 });
    expect(lines.map((line) => line.status)).toEqual(Array(count).fill(status));
  });

  it('fill their pages when they are asked for by status', async () => {
    const page = await stores.submissions.lines(id, { status: 'pending', afterRow: 0, limit: 4 });
    expect(page).toHaveLength(4);
    const rest = await stores.submissions.lines(id, { status: 'pending', afterRow: page.at(-1)?.row ?? 0, limit: 100 });
    expect(rest).toHaveLength(6);
  });
});
