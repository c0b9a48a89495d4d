import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { eventually } from '../stand/waiting';
import {
  ABORT,
  csvOf,
  graphql,
  itemsOf,
  key,
  rows,
  runFile,
  START,
  startFileHost,
  startSync,
  statusOf,
  stockOf,
  USER,
  until,
  untilEnded,
  violationsOf,
  WAREHOUSE,
} from './shiphero-calls';

const FAST = { rowsPerSecond: 100_000 };

const clock = { ms: 0 };
let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  twin = await startShipheroTwin({ now: () => Date.now() + clock.ms });
  host = await startFileHost();
});
afterAll(() => Promise.all([twin.stop(), host.stop()]));
beforeEach(() => {
  twin.reset();
  host.asked.length = 0;
});

const stock = () => stockOf(twin);
const violations = () => violationsOf(twin);
const ran = (csv: string, path?: string) => runFile(twin, host, csv, path);

/** Starts a file of which no row is due before the clock is moved. */
async function slowSync(lines: string[], path = '/slow.csv', warehouse = WAREHOUSE) {
  twin.setState({ rowsPerSecond: 0.001 });
  const id = await startSync(twin, host.serve(path, csvOf(...lines)), warehouse);
  await until(twin, ({ syncs }) => syncs.some((sync) => sync.id === id && sync.status === 'processing'));
  return id;
}
const passRows = (count: number) => {
  clock.ms += count * 1_000_000;
};

describe('a file', () => {
  it('is downloaded without credentials and applied in full', async () => {
    twin.setState({ ...FAST, stock: { [USER]: { [key('S1')]: 2 } } });
    const csv = csvOf(...rows(3));
    const { id, ...status } = await ran(csv);
    expect(status).toMatchObject({
      status: 'success',
      error: null,
      total_count: 3,
      success_count: 3,
      error_count: 0,
      finished_count: 3,
    });
    expect(stock()).toEqual({ [key('S1')]: 7, [key('S2')]: 7, [key('S3')]: 7 });
    expect(host.asked).toHaveLength(1);
    expect(host.asked[0]?.headers).not.toHaveProperty('authorization');
    expect(twin.state().fetches).toEqual([
      {
        syncId: id,
        url: `http://${host.host}/ran.csv`,
        at: expect.stringMatching(/Z$/),
        status: 200,
        bytes: csv.length,
        credentialsSent: false,
      },
    ]);
    const started = twin.log().find(({ applied }) => applied.length > 0);
    expect(started?.applied).toMatchObject([
      { what: 'sync', key: id },
      { what: 'stock', key: key('S1'), quantity: 7, before: 2 },
      { what: 'stock', key: key('S2'), before: null },
      { what: 'stock', key: key('S3'), before: null },
    ]);
    expect(violations()).toEqual({});
  });

  it('goes on by itself while nobody asks', async () => {
    twin.setState({ rowsPerSecond: 100 });
    await startSync(twin, host.serve('/alone.csv', csvOf(...rows(3))));
    const applied = () => twin.log().flatMap((entry) => entry.applied.filter(({ what }) => what === 'stock'));
    await eventually('three rows are applied', () => applied().length >= 3 || undefined);
    expect(applied()).toHaveLength(3);
  });

  it('is applied row by row as time passes, with progress that can be read', async () => {
    const id = await slowSync(rows(4));
    expect(await statusOf(twin, id)).toMatchObject({ status: 'processing', total_count: 4, finished_count: 0 });
    passRows(2);
    expect(await statusOf(twin, id)).toMatchObject({ status: 'processing', total_count: 4, finished_count: 2 });
    expect(stock()).toEqual({ [key('S1')]: 7, [key('S2')]: 7 });
    expect((await itemsOf(twin, id, { status: 'pending' })).items.map(({ row }) => row)).toEqual([3, 4]);
    passRows(2);
    expect(await statusOf(twin, id)).toMatchObject({ status: 'success', finished_count: 4 });
  });

  it('waits before it is downloaded when it is told to', async () => {
    twin.setState({ ...FAST, startDelayMs: 3_600_000 });
    const id = await startSync(twin, host.serve('/later.csv', csvOf(...rows(1))));
    expect(await statusOf(twin, id)).toMatchObject({ status: 'pending' });
    expect(host.asked).toEqual([]);
    clock.ms += 3_600_000;
    await untilEnded(twin, id);
    expect(await statusOf(twin, id)).toMatchObject({ status: 'success' });
  });
});

describe('an abort', () => {
  const abort = (id: string) => graphql(twin, ABORT, { data: { sync_id: id, reason: 'Wrong File' } });

  it('in the middle keeps what was applied and drops the rest', async () => {
    const id = await slowSync(rows(4));
    passRows(2);
    expect((await abort(id)).data).toEqual({
      inventory_sync_abort: { sync: { id, status: 'aborted', total_count: 4, finished_count: 2 } },
    });
    passRows(10);
    twin.state();
    expect(stock()).toEqual({ [key('S1')]: 7, [key('S2')]: 7 });
    expect((await itemsOf(twin, id)).items.map(({ status }) => status)).toEqual([
      'success',
      'success',
      'aborted',
      'aborted',
    ]);
    expect(await statusOf(twin, id)).toMatchObject({ status: 'aborted', error: 'Wrong File' });
  });

  it('before the file is there leaves nothing', async () => {
    let finish = () => {};
    const url = host.serve('/slow-file.csv', (response) => {
      finish = () => response.end(csvOf(...rows(1)));
    });
    const id = await startSync(twin, url);
    await eventually('the file is asked for', () => host.asked.length > 0);
    expect((await abort(id)).errors).toEqual([]);
    finish();
    await eventually('the download has ended', () => twin.state().fetches[0]);
    expect(await statusOf(twin, id)).toMatchObject({ status: 'aborted', total_count: 0 });
    expect(stock()).toEqual({});
  });

  it('is refused once the sync has ended', async () => {
    twin.setState(FAST);
    const { id } = await ran(csvOf(...rows(1)));
    expect(await abort(id)).toMatchObject({
      status: 200,
      data: { inventory_sync_abort: null },
      errors: [{ message: 'Sync cannot be aborted, its status is success' }],
    });
  });
});

describe('misbehaviour', () => {
  it('lets a sync never start, or stop in the middle', async () => {
    twin.setState(FAST);
    twin.setFaults([{ kind: 'stuck', on: { operation: 'inventory_sync' } }]);
    const url = host.serve('/stuck.csv', csvOf(...rows(4)));
    const never = await startSync(twin, url);
    twin.setFaults([{ kind: 'stuck', afterRows: 2, on: { operation: 'inventory_sync' } }]);
    const half = await startSync(twin, url);
    await until(twin, ({ syncs }) => syncs.some(({ successCount }) => successCount === 2));
    clock.ms += 3_600_000;
    expect(await statusOf(twin, never)).toMatchObject({ status: 'pending', total_count: 0 });
    expect(await statusOf(twin, half)).toMatchObject({ status: 'processing', total_count: 4, finished_count: 2 });
    expect(host.asked).toHaveLength(1);
    expect((await graphql(twin, ABORT, { data: { sync_id: half } })).errors).toEqual([]);
  });

  it('says statuses that nobody knows', async () => {
    twin.setState({ statusWords: { processing: 'chewing' } });
    const id = await slowSync(rows(1));
    expect(await statusOf(twin, id)).toMatchObject({ status: 'chewing' });
    const query = '{ inventory_sync_statuses(status: "chewing") { data { edges { node { id } } } } }';
    expect((await graphql(twin, query)).data).toMatchObject({
      inventory_sync_statuses: { data: { edges: [{ node: { id } }] } },
    });
  });

  it('answers errors beside null, by operation or as a whole, and does nothing', async () => {
    const data = { url: `http://${host.host}/x.csv`, warehouse_id: WAREHOUSE };
    twin.setFaults([{ kind: 'status-failed', on: { operation: 'inventory_sync' } }]);
    const errors = [
      { code: 1, message: expect.any(String), operation: 'inventory_sync', request_id: expect.any(String) },
    ];
    expect(await graphql(twin, START, { data })).toMatchObject({
      status: 200,
      json: { errors, data: { inventory_sync: null } },
    });
    twin.setState({ nullData: 'whole' });
    expect(await graphql(twin, START, { data })).toMatchObject({ status: 200, json: { errors, data: null } });
    expect(twin.state().syncs).toEqual([]);
    expect((await graphql(twin, '{ user_quota { max_available } }')).errors).toEqual([]);
  });

  it('counts two syncs of one warehouse at once that name the same SKU', async () => {
    const first = await slowSync(['A,1,replace,x', 'B,1,replace,x'], '/1.csv');
    await slowSync(['C,1,replace,x'], '/2.csv');
    await slowSync(['A,1,replace,x'], '/3.csv', 'another-warehouse');
    expect(violations()).toEqual({});
    await slowSync(['B,2,replace,x'], '/4.csv');
    expect(violations()).toEqual({ overlappingSync: 1 });
    await graphql(twin, ABORT, { data: { sync_id: first } });
    await slowSync(['A,3,replace,x', 'A,4,replace,x'], '/5.csv');
    expect(violations()).toEqual({ overlappingSync: 1, duplicateLine: 1 });
  });

  it('counts no sync that is stuck behind its last row', async () => {
    twin.setState(FAST);
    twin.setFaults([{ kind: 'stuck', afterRows: 3, times: 1, on: { operation: 'inventory_sync' } }]);
    const first = await startSync(twin, host.serve('/1.csv', csvOf(...rows(1))));
    await until(twin, ({ syncs }) => syncs.some(({ successCount }) => successCount === 1));
    await startSync(twin, host.serve('/2.csv', csvOf(...rows(1))));
    await until(twin, ({ syncs }) => syncs.filter(({ successCount }) => successCount === 1).length === 2);
    expect(await statusOf(twin, first)).toMatchObject({ status: 'processing', total_count: 1, finished_count: 1 });
    expect(violations()).toEqual({});
  });
});
