import type { RowVerdict } from '../../src/connectors/ports';
import { listingOf } from '../../src/contracts/ids';
import type { StockLine } from '../../src/contracts/stock';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { key, startFileHost, stockOf, USER, until, untilEnded, violationsOf, WAREHOUSE } from '../twins/shiphero-calls';
import { failureOfCall } from './connector-failure';
import { openerFor, present, twinHttp } from './connector-under-test';
import { shipheroConnection, shipheroLines, shipheroSuite } from './shiphero-samples';

const http = twinHttp();
let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  twin = await startShipheroTwin({ rowsPerSecond: 100_000 });
  host = await startFileHost();
});
beforeEach(() => twin.reset());
afterAll(() => Promise.all([twin.stop(), host.stop(), http.close()]));

/** The connection's job writer, with settings of its own. */
function writerWith(settings: object = {}) {
  const connection = shipheroConnection({ settings: { warehouseId: WAREHOUSE, ...settings } });
  const { capabilities, call } = openerFor(shipheroSuite, http)(twin, { settings: connection.settings });
  return { writer: present(capabilities.jobInventoryWriter), credits: present(capabilities.creditReader), call };
}

/** Starts a job with a file of these lines, served at a path of its own. */
async function start(lines: readonly StockLine[], settings: object = {}, path = '/stock.csv') {
  const { writer, call } = writerWith(settings);
  const fileUrl = host.serve(path, writer.fileOf(lines).text);
  return { fileUrl, ...(await writer.startJob(fileUrl, call)) };
}

async function everyPage(jobId: string, only: 'all' | 'errors', settings: object = {}) {
  const { writer, call } = writerWith(settings);
  const pages: (readonly RowVerdict[])[] = [];
  let cursor: string | null = null;
  do {
    const page = await writer.readVerdicts({ jobId, only, cursor }, call);
    pages.push(page.verdicts);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return pages;
}

describe('a job of ShipHero', () => {
  it('sets the stock of the warehouse, row by row, and breaks no rule', async () => {
    const { jobId } = await start(shipheroLines(3));
    await untilEnded(twin, jobId);
    const { writer, call } = writerWith();
    expect(await writer.readJob(jobId, call)).toEqual({
      hasEnded: true,
      status: 'success',
      totalCount: 3,
      successCount: 3,
      errorCount: 0,
      words: null,
    });
    expect(stockOf(twin)).toEqual({ [key('S1')]: 0, [key('S2')]: 1, [key('S3')]: 2 });
    expect(twin.state().syncs).toMatchObject([{ warehouseId: WAREHOUSE, customerAccountId: null }]);
    expect(violationsOf(twin)).toEqual({});
  });

  it('takes codes as they are, the ones that a spreadsheet would not', async () => {
    const codes = ['=1+1', 'A,"1"', 'two\nlines', ' blank '];
    const { jobId } = await start(codes.map((code) => ({ listing: listingOf(code), quantity: 7 })));
    await untilEnded(twin, jobId);
    const [verdicts] = await everyPage(jobId, 'all');
    expect(verdicts).toEqual(codes.map((code, index) => ({ row: index + 1, code, verdict: 'accepted' })));
  });

  it('is of a customer where the connection names one, and then only found among theirs', async () => {
    const settings = { customerAccountId: 'QWNjb3VudDo5' };
    const { fileUrl, jobId } = await start(shipheroLines(1), settings);
    expect(twin.state().syncs).toMatchObject([{ customerAccountId: 'QWNjb3VudDo5' }]);
    const theirs = writerWith(settings);
    expect(await theirs.writer.findJob(fileUrl, theirs.call)).toEqual({ jobId });
    const another = writerWith({ customerAccountId: 'QWNjb3VudDo4' });
    expect(await another.writer.findJob(fileUrl, another.call)).toBeUndefined();
  });

  it('puts stock into the bin that the connection names', async () => {
    const { jobId } = await start(shipheroLines(1), { dynamicSlotting: true, location: 'BIN-1' });
    await untilEnded(twin, jobId);
    expect(stockOf(twin)).toEqual({ [`${WAREHOUSE}/S1/BIN-1`]: 0 });
  });

  it('is found by exactly its address, in its own warehouse', async () => {
    const first = await start(shipheroLines(1), {}, '/a.csv');
    const second = await start(shipheroLines(1), {}, '/a.csv0');
    const { writer, call } = writerWith();
    expect(await writer.findJob(first.fileUrl, call)).toEqual({ jobId: first.jobId });
    expect(await writer.findJob(second.fileUrl, call)).toEqual({ jobId: second.jobId });
    expect(await writer.findJob(first.fileUrl.slice(0, -1), call)).toBeUndefined();
    const elsewhere = writerWith({ warehouseId: 'V2FyZWhvdXNlOjI=' });
    expect(await elsewhere.writer.findJob(first.fileUrl, elsewhere.call)).toBeUndefined();
  });

  it('that nobody was told of is found again', async () => {
    twin.setFaults([{ kind: 'reset-after-applying', times: 1 }]);
    const { writer, call } = writerWith();
    const fileUrl = host.serve('/lost.csv', writer.fileOf(shipheroLines(1)).text);
    const failure = await failureOfCall(writer.startJob(fileUrl, call));
    expect(failure).toMatchObject({ type: 'OutcomeUnknown', mayStillApply: true });
    const [sync] = twin.state().syncs;
    expect(await writer.findJob(fileUrl, call)).toEqual({ jobId: sync?.id });
  });

  it('may have been started by a request in which ShipHero failed', async () => {
    twin.setFaults([{ kind: 'status-failed' }]);
    const failure = await failureOfCall(start(shipheroLines(1)));
    expect(failure).toMatchObject({ type: 'OutcomeUnknown', mayStillApply: true, details: { status: 200 } });
    expect(failure.details.channelWords).toBe('1: An unexpected error occurred');
  });

  it('is stopped while it lasts, and what was applied stays', async () => {
    twin.setFaults([{ kind: 'stuck', afterRows: 2 }]);
    const { jobId } = await start(shipheroLines(4));
    await until(twin, ({ syncs }) => syncs[0]?.successCount === 2);
    const { writer, call } = writerWith();
    expect(await writer.readJob(jobId, call)).toMatchObject({ hasEnded: false, totalCount: 4, successCount: 2 });
    await writer.stopJob(jobId, 'too slow', call);
    expect(await writer.readJob(jobId, call)).toMatchObject({ hasEnded: true, successCount: 2, words: 'too slow' });
    const [verdicts] = await everyPage(jobId, 'all');
    expect(verdicts?.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted', 'unknown', 'unknown']);
    const failure = await failureOfCall(writer.stopJob(jobId, 'again', call));
    expect(failure).toMatchObject({ type: 'ChannelRejected', mayStillApply: false });
  });

  it('that ShipHero does not know is refused in its words', async () => {
    const { writer, call } = writerWith();
    const failures = [
      await failureOfCall(writer.readJob('5e4dac71', call)),
      await failureOfCall(writer.stopJob('5e4dac71', 'why', call)),
      await failureOfCall(writer.readVerdicts({ jobId: '5e4dac71', only: 'all', cursor: null }, call)),
    ];
    for (const failure of failures) {
      expect(failure).toMatchObject({ type: 'ChannelRejected', details: { channelWords: '5: Sync not found' } });
    }
  });

  it('whose file cannot be had ends with ShipHero’s words', async () => {
    const { writer, call } = writerWith();
    const { jobId } = await writer.startJob(`http://${host.host}/nowhere`, call);
    await untilEnded(twin, jobId);
    const state = await writer.readJob(jobId, call);
    expect(state).toMatchObject({ hasEnded: true, totalCount: 0, words: 'File could not be downloaded: HTTP 404' });
  });
});

describe('words that nobody has published', () => {
  it('mean that a job goes on, until its counts say that it is over', async () => {
    twin.setState({ statusWords: { pending: 'queued', processing: 'chewing', success: 'eaten' } });
    twin.setFaults([{ kind: 'stuck', afterRows: 1, times: 1 }]);
    const { jobId } = await start(shipheroLines(2));
    const { writer, call } = writerWith();
    await until(twin, ({ syncs }) => syncs[0]?.successCount === 1);
    expect((await writer.readJob(jobId, call)).hasEnded).toBe(false);
    const whole = await start(shipheroLines(2), {}, '/whole.csv');
    await untilEnded(twin, whole.jobId);
    expect((await writer.readJob(whole.jobId, call)).hasEnded).toBe(true);
  });

  it('leave a row unknown', async () => {
    twin.setState({ statusWords: { success: 'eaten' } });
    const { jobId } = await start(shipheroLines(1));
    await untilEnded(twin, jobId);
    const message = 'ShipHero calls the row eaten';
    expect(await everyPage(jobId, 'all')).toEqual([[{ row: 1, code: 'S1', verdict: 'unknown', message, isOdd: true }]]);
  });
});

describe('the rows of a job', () => {
  const isBad = (index: number) => index % 3 === 0;

  it('come page by page, each with its own verdict although all share one id', async () => {
    const lines = shipheroLines(7);
    const message = 'Not in this warehouse';
    const bad = lines.filter((_line, index) => isBad(index)).map(({ listing }) => `${WAREHOUSE}/${listing}`);
    twin.setFaults([{ kind: 'fail-lines', lines: bad, message }]);
    const { jobId } = await start(lines);
    await untilEnded(twin, jobId);
    expect(new Set(twin.state().syncs[0]?.items.map(({ id }) => id)).size).toBe(1);

    const pages = await everyPage(jobId, 'all', { itemsPageSize: 3 });
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(
      lines.map((_line, index) => {
        const row = { row: index + 1, code: `S${index + 1}` };
        return isBad(index) ? { ...row, verdict: 'rejected', message } : { ...row, verdict: 'accepted' };
      }),
    );

    const errors = await everyPage(jobId, 'errors', { itemsPageSize: 2 });
    expect(errors.flat().map(({ row }) => row)).toEqual([1, 4, 7]);
    expect(errors.map((page) => page.length)).toEqual([2, 1]);
  });

  it('are not there while the file was not read', async () => {
    twin.setFaults([{ kind: 'stuck' }]);
    const { jobId } = await start(shipheroLines(2));
    expect(await everyPage(jobId, 'all')).toEqual([[]]);
  });
});

describe('credits', () => {
  it('are read for one credit, and every request costs at most what it is said to', async () => {
    // The clock stands still: no credit comes back, and what is missing was paid.
    const counted = await startShipheroTwin({ quota: { maxAvailable: 4_004, incrementRate: 1 }, now: () => 0 });
    const connection = shipheroConnection({ accessToken: counted.issueToken(USER), tokenExpiresAtMs: null });
    const { capabilities, call } = openerFor(shipheroSuite, http)(counted, connection);
    const writer = present(capabilities.jobInventoryWriter);
    const left = () => counted.state().creditsRemaining[USER] ?? 0;
    const costs: Record<string, number> = {};
    const pay = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const before = left();
      const value = await work();
      costs[name] = before - left();
      return value;
    };
    counted.setFaults([{ kind: 'stuck' }]);
    const { jobId } = await pay('start', () => writer.startJob('https://files.example.com/a.csv', call));
    await pay('find', () => writer.findJob('https://files.example.com/a.csv', call));
    await pay('read', () => writer.readJob(jobId, call));
    await pay('page', () => writer.readVerdicts({ jobId, only: 'all', cursor: null }, call));
    await pay('stop', () => writer.stopJob(jobId, 'enough', call));
    const credits = await pay('quota', () => present(capabilities.creditReader).readCredits(call));
    await counted.stop();
    expect(costs).toEqual({ ...writer.credits, quota: 1 });
    expect(credits).toEqual({ left: 4_004 - (10 + 51 + 1 + 251 + 10 + 1), max: 4_004, perSecond: 1 });
  });

  it.each(['operation', 'whole'] as const)(
    'that do not suffice are waited for as long as ShipHero says, data null of the %s',
    async (nullData) => {
      // The clock stands still: no credit comes back before the request is there.
      const poor = await startShipheroTwin({ quota: { maxAvailable: 4_004, incrementRate: 2 }, now: () => 0 });
      poor.setState({ creditsRemaining: { [USER]: 0 }, nullData });
      const connection = shipheroConnection({ accessToken: poor.issueToken(USER), tokenExpiresAtMs: null });
      const { capabilities, call } = openerFor(shipheroSuite, http)(poor, connection);
      const failure = await failureOfCall(
        present(capabilities.jobInventoryWriter).startJob('https://files.example.com/a.csv', call),
      );
      expect(failure).toMatchObject({ type: 'ChannelRateLimited', mayStillApply: false, details: { status: 200 } });
      expect(failure.details.retryAfterMs).toBe(5_000);
      expect(failure.details.channelWords).toContain('30: There are not enough credits');
      expect(poor.state().syncs).toEqual([]);
      await poor.stop();
    },
  );

  it('that can never suffice are not waited for', async () => {
    twin.setState({ quota: { maxAvailable: 250, incrementRate: 60 }, creditsRemaining: { [USER]: 250 } });
    const { writer, call } = writerWith();
    const failure = await failureOfCall(writer.readVerdicts({ jobId: 'any', only: 'all', cursor: null }, call));
    expect(failure).toMatchObject({ type: 'ChannelRejected', details: { status: 200 } });
    expect(failure.details.channelWords).toContain('requires 251 credits, but the maximum allowed');
  });
});
