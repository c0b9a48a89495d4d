import type { PushJob } from '../../src/store/push-jobs';
import { leave } from './lanes';
import { draft, levelOf, linesOf, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
let connectionId = 2_000;
beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(() => {
  connectionId += 1;
});
afterAll(() => stores.close());

const FILE = { mediaType: 'text/csv; charset=utf-8', text: 'sku,quantity\nA,1\nB,2\nC,3\n' };

/** Claims three lines and keeps the job that is to send them. */
async function openJob(changes: { expiresAtMs?: number } = {}): Promise<PushJob> {
  await stores.store(draft(linesOf(['A', 1], ['B', 2], ['C', 3]), { connectionId }));
  const start = await leave(stores.pushes, { connectionId });
  if (!start) throw new Error('nothing is due');
  const { pushId, attempt, lines } = start;
  const times = { sentAtMs: Date.now(), expiresAtMs: Date.now() + 60_000, ...changes };
  return stores.jobs.open({ pushId, attempt, connectionId, ...times }, FILE, lines);
}

it('keeps the file under a name that nobody can guess until the job ends', async () => {
  const job = await openJob();
  connectionId += 1;
  const other = await openJob();
  expect(job.fileKey).toMatch(/^[0-9a-f]{32}$/);
  expect(job.fileKey).not.toBe(other.fileKey);
  expect((await stores.jobs.find(job.pushId))?.fetchedAtMs).toBeNull();
  expect(await stores.jobs.fetchFile(job.fileKey)).toEqual(FILE);
  expect((await stores.jobs.find(job.pushId))?.fetchedAtMs).toBeGreaterThan(Date.now() - 600_000);
  await stores.jobs.end(job);
  expect(await stores.jobs.fetchFile(job.fileKey)).toBeUndefined();
  expect(await stores.jobs.lines(job)).toEqual([]);
  expect(await stores.jobs.fetchFile(other.fileKey)).toEqual(FILE);
});

it('hands nothing out after its time', async () => {
  const job = await openJob({ expiresAtMs: Date.now() - 1 });
  expect(await stores.jobs.fetchFile(job.fileKey)).toBeUndefined();
});

it('ends a job that may not exist only while its file was not fetched', async () => {
  const job = await openJob();
  await stores.jobs.fetchFile(job.fileKey);
  expect(await stores.jobs.endUnfetched(job)).toBe(false);
  expect(await stores.jobs.find(job.pushId)).toMatchObject({ state: 'starting' });
  connectionId += 1;
  const unread = await openJob();
  expect(await stores.jobs.endUnfetched(unread)).toBe(true);
  expect(await stores.jobs.fetchFile(unread.fileKey)).toBeUndefined();
  expect(await stores.jobs.find(unread.pushId)).toMatchObject({ state: 'ended', fetchedAtMs: null });
});

it('either hands the file out or lets the job be ended, never both', async () => {
  for (let round = 0; round < 20; round++) {
    connectionId += 1;
    const job = await openJob();
    const [file, ended] = await Promise.all([stores.jobs.fetchFile(job.fileKey), stores.jobs.endUnfetched(job)]);
    expect(file !== undefined && ended).toBe(false);
  }
});

it('keeps the lines of a push as long as its job may be worked off', async () => {
  const job = await openJob();
  await stores.jobs.recordStarted(job, 'job-1');
  await stores.pushes.release(job.pushId);
  expect(await levelOf(stores, 'A', connectionId)).toMatchObject({ state: 'claimed', pushId: job.pushId });
  expect(await stores.pushes.find(job.pushId)).toMatchObject({ isOpen: true });
  await stores.jobs.end(job);
  await stores.pushes.release(job.pushId);
  expect(await levelOf(stores, 'A', connectionId)).toMatchObject({ state: 'dirty', pushId: null });
  expect((await stores.pushes.find(job.pushId))?.result).toEqual({ accepted: 0, rejected: 0, unknown: 0 });
});

it('keeps the rows as they were sent, page by page with what was said of them', async () => {
  const job = await openJob();
  await stores.jobs.recordStarted(job, 'job-2');
  await stores.store(draft(linesOf(['A', 9]), { connectionId, publishedAtMs: Date.now() }));
  const rejected = { verdict: 'rejected', message: 'no such SKU' } as const;
  await stores.jobs.recordPage(job, { mode: 'all', verdicts: [{ row: 2, ...rejected }], nextCursor: 'two' });
  expect(await stores.jobs.find(job.pushId)).toMatchObject({
    state: 'running',
    jobId: 'job-2',
    pageMode: 'all',
    pageCursor: 'two',
  });
  const accepted = { verdict: 'accepted', message: null } as const;
  await stores.jobs.recordPage(job, {
    mode: 'all',
    verdicts: [
      { row: 1, ...accepted },
      { row: 3, ...accepted },
    ],
    nextCursor: null,
  });
  expect(await stores.jobs.lines(job)).toMatchObject([
    { row: 1, listing: 'A', quantity: 1, ...accepted },
    { row: 2, listing: 'B', quantity: 2, ...rejected },
    { row: 3, listing: 'C', quantity: 3, ...accepted },
  ]);
});

it('is taken over by the next run, by one push of it only, and by that one again', async () => {
  const job = await openJob();
  await stores.jobs.recordStarted(job, 'job-1');
  const of = (runId: string, pushId: string) => ({ runId, pushId, connectionId });
  expect(await stores.jobs.adopt(of('run-1', 'push-2'))).toBeUndefined();
  expect(await stores.jobs.adopt(of('run-2', 'push-2'))).toMatchObject({ pushId: job.pushId, jobId: 'job-1' });
  expect(await stores.jobs.adopt(of('run-2', 'push-3'))).toBeUndefined();
  expect(await stores.jobs.adopt(of('run-2', 'push-2'))).toMatchObject({ pushId: job.pushId });
  await stores.pushes.releaseStrays({ ...of('run-3', 'push-4'), batchSize: 20 });
  expect(await levelOf(stores, 'A', connectionId)).toMatchObject({ state: 'claimed' });
  await stores.jobs.end(job);
  expect(await stores.jobs.adopt(of('run-3', 'push-4'))).toBeUndefined();
});
