import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import {
  csvOf,
  itemsOf,
  key,
  rows,
  runFile,
  startFileHost,
  startSync,
  statusOf,
  stockOf,
  untilEnded,
  violationsOf,
} from './shiphero-calls';

const FAST = { rowsPerSecond: 100_000 };

let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  twin = await startShipheroTwin();
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

describe('a file', () => {
  it('may have a BOM, CRLF, quotes, `#sku` and a location', async () => {
    twin.setState(FAST);
    const csv = '\uFEFF#sku,quantity,action,reason,location\r\n"A,1",3,replace,"said ""so""",B/1\r\nA,4,replace,,\r\n';
    const { id } = await ran(csv);
    expect((await itemsOf(twin, id)).items).toMatchObject([
      {
        row: 1,
        sku: 'A,1',
        quantity: 3,
        action: 'change',
        reason: 'said "so"',
        location: 'B/1',
        status: 'success',
        error: null,
      },
      { row: 2, sku: 'A', quantity: 4, reason: '', location: null },
    ]);
    expect(stock()).toEqual({ [`${key('A,1')}/B%2F1`]: 3, [key('A')]: 4 });
  });

  it('takes 3,000 lines, the header among them, and refuses 3,001', async () => {
    twin.setState({ rowsPerSecond: 1e7 });
    expect(await ran(csvOf(...rows(2999)))).toMatchObject({ status: 'success', finished_count: 2999 });
    twin.reset();
    expect(await ran(csvOf(...rows(3000)))).toMatchObject({
      status: 'error',
      error: 'File has 3001 lines, at most 3000 are allowed',
      total_count: 0,
    });
    expect({ stock: stock(), violations: violations() }).toEqual({ stock: {}, violations: { batchTooLarge: 1 } });
  });

  it.each([
    ['any', 'sku', 'success'],
    ['any', '#sku', 'success'],
    ['sku', 'sku', 'success'],
    ['sku', '#sku', 'error'],
    ['#sku', '#sku', 'success'],
    ['#sku', 'sku', 'error'],
  ] as const)('that wants the column %s and is given %s is a %s', async (skuColumn, given, status) => {
    twin.setState({ skuColumn });
    expect(await ran(`${given},quantity,action,reason\nS1,7,replace,Recount\n`)).toMatchObject({ status });
  });

  it.each([
    ['a column is missing', 'sku,quantity,reason\nA,1,x\n', 'Missing columns: action'],
    ['a column is unknown', 'sku,quantity,action,reason,colour\nA,1,replace,x,red\n', 'Unexpected columns: colour'],
    ['it is empty', '', 'Missing columns: sku, quantity, action, reason'],
    ['its quotes are broken', 'sku,quantity,action,reason\n"A,1,replace,x\n', 'File is not a valid CSV'],
  ])('is refused when %s', async (_what, csv, error) => {
    expect(await ran(csv)).toMatchObject({ status: 'error', error });
    expect(violations()).toEqual({ badBody: 1 });
  });
});

describe('items', () => {
  it('fail one by one, and the others are applied', async () => {
    twin.setState({ ...FAST, knownSkus: ['A', 'B', 'C', 'D', 'E', 'F', 'G'] });
    twin.setFaults([
      { kind: 'fail-lines', lines: [key('G')], message: 'Bin is locked', on: { operation: 'inventory_sync' } },
    ]);
    const csv = csvOf(
      'A,1,replace,x',
      'B,-1,replace,x',
      'C,1.5,replace,x',
      'D,many,replace,x',
      'E,1,change,x',
      'Z,1,replace,x',
      'F,1',
      'G,1,replace,x',
      ',1,replace,x',
    );
    const { id, ...status } = await ran(csv);
    expect(status).toMatchObject({
      status: 'error',
      error: 'error in 8 out of 9 rows',
      success_count: 1,
      error_count: 8,
      finished_count: 9,
    });
    expect((await itemsOf(twin, id)).items.map(({ sku, error }) => [sku, error])).toEqual([
      ['A', null],
      ['B', 'Quantity is not valid'],
      ['C', 'Quantity is not valid'],
      ['D', 'Quantity is not valid'],
      ['E', 'Action change is not supported'],
      ['Z', 'SKU does not exist in this warehouse'],
      ['F', 'Wrong number of columns'],
      ['G', 'Bin is locked'],
      ['', 'SKU is missing'],
    ]);
    expect(stock()).toEqual({ [key('A')]: 1 });
    expect((await itemsOf(twin, id, { status: 'error' })).items).toHaveLength(8);
  });

  it.each([
    [true, 'change', 1],
    [false, 'replace', 3],
  ])('repeat their id: %p', async (repeatItemIds, action, distinct) => {
    twin.setState({ ...FAST, repeatItemIds, actionEcho: repeatItemIds ? 'change' : 'as-sent' });
    const { items } = await itemsOf(twin, (await ran(csvOf(...rows(3)))).id);
    expect(new Set(items.map(({ id }) => id)).size).toBe(distinct);
    expect(items.map((item) => [item.row, item.action])).toEqual([1, 2, 3].map((row) => [row, action]));
  });

  it('are paged in both directions', async () => {
    twin.setState(FAST);
    const { id } = await ran(csvOf(...rows(5)));
    const rowsOf = ({ items }: Awaited<ReturnType<typeof itemsOf>>) => items.map(({ row }) => row);
    const head = await itemsOf(twin, id, { first: 2 });
    expect(rowsOf(head)).toEqual([1, 2]);
    expect(head.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: head.cursors[0],
      endCursor: head.cursors[1],
    });
    const next = await itemsOf(twin, id, { first: 3, after: head.pageInfo.endCursor });
    expect(rowsOf(next)).toEqual([3, 4, 5]);
    expect(next.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(rowsOf(await itemsOf(twin, id, { last: 2 }))).toEqual([4, 5]);
    expect(rowsOf(await itemsOf(twin, id, { last: 1, before: next.pageInfo.startCursor }))).toEqual([2]);
    expect(await itemsOf(twin, id, { first: 0 })).toMatchObject({
      items: [],
      pageInfo: { endCursor: null, hasNextPage: true },
    });
  });

  it('are left out and made up by faults', async () => {
    twin.setState(FAST);
    const { id } = await ran(csvOf(...rows(3)));
    twin.setFaults([
      { kind: 'omit-lines', lines: [key('S2')] },
      { kind: 'unknown-line', key: 'GHOST' },
    ]);
    expect((await itemsOf(twin, id)).items.map(({ row, sku }) => [row, sku])).toEqual([
      [1, 'S1'],
      [3, 'S3'],
      [4, 'GHOST'],
    ]);
  });
});

describe('a download', () => {
  it('that fails makes the sync an error', async () => {
    const big = csvOf(...rows(50));
    twin.setState({ maxBytes: 500 });
    const urls = {
      '/missing.csv': [`http://${host.host}/missing.csv`, 'File could not be downloaded: HTTP 404'],
      '/private.csv': [
        host.serve('/private.csv', (response) => response.writeHead(401).end()),
        'File could not be downloaded: HTTP 401',
      ],
      '/big.csv': [host.serve('/big.csv', big), 'File is larger than 500 bytes'],
      '/silent.csv': [host.serve('/silent.csv', () => undefined), 'File could not be downloaded: no answer in time'],
      '/cut.csv': [host.serve('/cut.csv', (response) => response.destroy()), 'File could not be downloaded: no answer'],
    };
    for (const [path, [url = '', error]] of Object.entries(urls)) {
      // Only what never answers may come to the end of its time.
      twin.setState({ fetchTimeoutMs: path === '/silent.csv' ? 100 : 60_000 });
      const id = await startSync(twin, url);
      await untilEnded(twin, id);
      expect(await statusOf(twin, id)).toMatchObject({ status: 'error', error, total_count: 0 });
    }
    expect(twin.state().fetches.map(({ status }) => status)).toEqual([404, 401, 200, null, null]);
  });

  it('follows redirects, and is known to have sent credentials when the address holds some', async () => {
    twin.setState(FAST);
    host.serve('/real.csv', csvOf(...rows(1)));
    const url = host.serve('/moved.csv', (response) => response.writeHead(302, { location: '/real.csv' }).end());
    const id = await startSync(twin, url.replace('http://', 'http://user:word@'));
    await untilEnded(twin, id);
    expect(await statusOf(twin, id)).toMatchObject({ status: 'success' });
    expect(host.asked.map(({ path }) => path)).toEqual(['/moved.csv', '/real.csv']);
    expect(host.asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:word').toString('base64')}`);
    expect(twin.state().fetches).toMatchObject([{ credentialsSent: true }]);
  });
});
