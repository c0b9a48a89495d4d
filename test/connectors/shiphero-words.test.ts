import { listingOf } from '../../src/contracts/ids';
import type { StockLine } from '../../src/contracts/stock';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { startFileHost, until, untilEnded, WAREHOUSE } from '../twins/shiphero-calls';
import { openerFor, present, twinHttp } from './connector-under-test';
import { shipheroSuite } from './shiphero-samples';

const http = twinHttp();
let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  twin = await startShipheroTwin({ rowsPerSecond: 100_000 });
  host = await startFileHost();
});
beforeEach(() => twin.reset());
afterAll(() => Promise.all([twin.stop(), host.stop(), http.close()]));

const LINES: StockLine[] = ['S1', 'S2'].map((sku) => ({ listing: listingOf(sku), quantity: 3 }));
const writer = () => {
  const { capabilities, call } = openerFor(shipheroSuite, http)(twin, { settings: { warehouseId: WAREHOUSE } });
  return { writer: present(capabilities.jobInventoryWriter), call };
};
async function start() {
  const { writer: hero, call } = writer();
  return hero.startJob(host.serve('/stock.csv', hero.fileOf(LINES).text), call);
}

/** ShipHero's own words for a sync, and one that it has not published; each as it is, in capitals and with blanks around it. */
const SYNC_WORDS: readonly (readonly [word: string, hasEnded: boolean])[] = [
  ['pending', false],
  ['processing', false],
  ['success', true],
  ['error', true],
  ['error_all', true],
  ['error_partial', true],
  ['error_unknown', true],
  ['aborted', true],
  ['chewing', false],
];
const spellings = (word: string) => [word, word.toUpperCase(), ` ${word} `, word.replace('_', ' ')];

describe.each(SYNC_WORDS)('a sync that is called %s', (word, hasEnded) => {
  it.each([...new Set(spellings(word))])(`as %j has ended: ${hasEnded}`, async (spelt) => {
    twin.setState({ statusWords: { processing: spelt } });
    twin.setFaults([{ kind: 'stuck', afterRows: 1 }]);
    const { jobId } = await start();
    await until(twin, ({ syncs }) => syncs[0]?.successCount === 1);
    const { writer: hero, call } = writer();
    expect(await hero.readJob(jobId, call)).toEqual({
      hasEnded,
      status: spelt.trim(),
      ...(word === 'error_unknown' ? { isUnexplained: true } : {}),
      totalCount: 2,
      successCount: 1,
      errorCount: 0,
      words: null,
    });
  });
});

it('is not unexplained where every row was worked off, whatever it is called', async () => {
  twin.setState({ knownSkus: ['S1'], statusWords: { error: 'error_unknown' } });
  const { jobId } = await start();
  await untilEnded(twin, jobId);
  const { writer: hero, call } = writer();
  expect(await hero.readJob(jobId, call)).not.toHaveProperty('isUnexplained');
});

const ROW_WORDS: readonly (readonly [word: string, verdict: object])[] = [
  ['success', { verdict: 'accepted' }],
  ['error', { verdict: 'rejected' }],
  ['error_unknown', { verdict: 'rejected' }],
  ['error_not_found', { verdict: 'rejected' }],
  ['pending', { verdict: 'unknown' }],
  ['processing', { verdict: 'unknown' }],
  ['aborted', { verdict: 'unknown' }],
  ['eaten', { verdict: 'unknown', isOdd: true }],
];

describe.each(ROW_WORDS)('a row that is called %s', (word, verdict) => {
  it.each([...new Set(spellings(word))])('as %j has its verdict', async (spelt) => {
    twin.setState({ rowWords: { success: spelt } });
    const { jobId } = await start();
    await untilEnded(twin, jobId);
    const { writer: hero, call } = writer();
    const { verdicts } = await hero.readVerdicts({ jobId, only: 'all', cursor: null }, call);
    const message = Object(verdict).verdict === 'accepted' ? {} : { message: expect.stringContaining(spelt.trim()) };
    expect(verdicts).toEqual([1, 2].map((row) => ({ row, code: `S${row}`, ...verdict, ...message })));
  });
});

it('finds rows of every kind of error by the word for all of them', async () => {
  for (const error of ['error', 'error_not_found', 'error_unknown']) {
    twin.reset();
    twin.setState({ knownSkus: ['S1'], rowWords: { error } });
    const { jobId } = await start();
    await untilEnded(twin, jobId);
    const { writer: hero, call } = writer();
    const { verdicts } = await hero.readVerdicts({ jobId, only: 'errors', cursor: null }, call);
    expect(verdicts).toEqual([
      { row: 2, code: 'S2', verdict: 'rejected', message: 'SKU does not exist in this warehouse' },
    ]);
  }
});
