import { isStatusAsked } from '../../src/twins/shiphero-graphql';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { csvOf, graphql, itemsOf, rows, runFile, startFileHost, stockOf } from './shiphero-calls';

let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  twin = await startShipheroTwin({ rowsPerSecond: 100_000 });
  host = await startFileHost();
});
beforeEach(() => twin.reset());
afterAll(() => Promise.all([twin.stop(), host.stop()]));

it('calls syncs and rows by words of their own, and finds both by error', async () => {
  twin.setState({ knownSkus: ['S1'], statusWords: { error: 'error_partial' }, rowWords: { error: 'error_not_found' } });
  const ran = await runFile(twin, host, csvOf(...rows(2)));
  expect(ran).toMatchObject({ status: 'error_partial' });
  const { id } = ran;
  expect((await itemsOf(twin, id)).items.map((item) => item.status)).toEqual(['success', 'error_not_found']);
  expect((await itemsOf(twin, id, { status: 'error' })).items).toMatchObject([{ row: 2 }]);
  const list = (asked: string) =>
    graphql(twin, `{ inventory_sync_statuses(status: "${asked}") { data { edges { node { id } } } } }`);
  expect((await list('error')).data).toMatchObject({ inventory_sync_statuses: { data: { edges: [{}] } } });
  expect((await list('!error')).data).toMatchObject({ inventory_sync_statuses: { data: { edges: [] } } });
});

it('ends a sync early when told so: what was applied stays, the rest is pending for ever', async () => {
  twin.setState({ endsEarlyAfter: 2, statusWords: { error: 'error_unknown' } });
  const ran = await runFile(twin, host, csvOf(...rows(4)));
  expect(ran).toMatchObject({ status: 'error_unknown', total_count: 4, finished_count: 2, error: 'ended early' });
  expect((await itemsOf(twin, ran.id)).items.map(({ status }) => status)).toEqual([
    ...['success', 'success'],
    ...['pending', 'pending'],
  ]);
  expect(Object.keys(stockOf(twin))).toHaveLength(2);
});

it.each([
  [null, 'success', true],
  ['success', 'success', true],
  ['success', 'error', false],
  ['error', 'error_all', true],
  ['error_all', 'error', false],
  ['pending,processing', 'processing', true],
  ['pending, processing', 'success', false],
  ['!success', 'error', true],
  ['!success', 'success', false],
  ['!error,!pending', 'error_unknown', false],
  ['', 'success', false],
])('the filter %j lets %s pass: %s', (asked, shown, passes) => {
  expect(isStatusAsked(asked, shown)).toBe(passes);
});
