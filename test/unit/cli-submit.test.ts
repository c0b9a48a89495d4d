import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFailedFile, failedCsv, writeFailedFile } from '../../src/cli/failed-rows';
import { createProgress } from '../../src/cli/progress';
import { connectorFor } from '../../src/connectors/registry';
import { readStockCsv } from '../../src/intake/stock-csv';
import { csvOf, wordsCell } from '../../src/starter/csv-output';
import { prefersCsv } from '../../src/starter/submission-csv';
import { sampleConnection } from '../connectors/samples';

const target = {
  connection: sampleConnection({ channel: 'increff-oms', locationId: null, settings: { locationCode: 'w' } }),
  connector: connectorFor('increff-oms'),
};
async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
const read = (text: string) => readStockCsv(bytes(text), target);

describe('progress', () => {
  it('draws a bar over itself on a terminal, within its width, and full only when nothing is open', () => {
    const written: string[] = [];
    const progress = createProgress({ write: (text) => written.push(text), columns: () => 80 });
    progress.show({ total: 3_000, finished: 0, failed: 0 });
    progress.show({ total: 3_000, finished: 2_999, failed: 30 });
    progress.show({ total: 3_000, finished: 3_000, failed: 30 });
    progress.end();
    expect(written).toEqual([
      '\r[........................]   0%  0 of 3000 lines decided\x1b[K',
      '\r[#######################.]  99%  2999 of 3000 lines decided, 30 failed\x1b[K',
      '\r[########################] 100%  3000 of 3000 lines decided, 30 failed\x1b[K',
      '\n',
    ]);
    const narrow: string[] = [];
    createProgress({ write: (text) => narrow.push(text), columns: () => 20 }).show({
      total: 1,
      finished: 0,
      failed: 0,
    });
    expect(narrow).toEqual(['\r[..................\x1b[K']);
  });

  it('is a line now and then elsewhere, without repeating itself, and one for the end', () => {
    const written: string[] = [];
    let nowMs = 0;
    const sink = { write: (text: string) => written.push(text), columns: () => undefined };
    const progress = createProgress(sink, { now: () => nowMs, intervalMs: 3_000 });
    for (const finished of [0, 1, 2, 2, 2, 3]) {
      progress.show({ total: 4, finished, failed: 0 });
      nowMs += 1_500;
    }
    progress.show({ total: 4, finished: 4, failed: 1 });
    progress.end();
    expect(written).toEqual([
      '0 of 4 lines decided\n',
      '2 of 4 lines decided\n',
      '3 of 4 lines decided\n',
      '4 of 4 lines decided, 1 failed\n',
    ]);
  });
});

describe('a cell of words', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('that begins like %j is text to a spreadsheet', (words) => {
    expect(wordsCell(words)).toBe(`'${words}`);
  });
  it('is left alone otherwise', () => {
    for (const words of ['', 'quantity: is negative', "a=1, 'b'"]) expect(wordsCell(words)).toBe(words);
  });
});

describe('the file of failed rows', () => {
  it('holds the own columns of the rows that failed, identifiers as they were, and the error made safe', async () => {
    const csv = await read('Note,#SKU,quantity\n"=1,2",=cmd,1\nn,007,2\nm," B ""1"" ",x\n');
    const errors = new Map([
      [1, '=HYPERLINK("x")'],
      [3, 'quantity: is not a number'],
    ]);
    const text = failedCsv(csv, errors);
    expect(text).toBe(
      'Note,#SKU,quantity,error\r\n"=1,2",=cmd,1,"\'=HYPERLINK(""x"")"\r\nm," B ""1"" ",x,quantity: is not a number\r\n',
    );
    const again = await read(text);
    expect(again.ignoredColumns).toEqual(['Note']);
    expect(again.rows.map(({ cells }) => cells.slice(0, 3))).toEqual([
      ['=1,2', '=cmd', '1'],
      ['m', ' B "1" ', 'x'],
    ]);
  });

  it('replaces the errors of an earlier time', async () => {
    const csv = await read('error,sku,quantity\nold,A,1\nold,B,2\n');
    expect(failedCsv(csv, new Map([[2, 'new']]))).toBe('sku,quantity,error\r\nB,2,new\r\n');
  });

  it('fills up short rows, and lets no row with too many cells pass uncorrected', async () => {
    const csv = await read('sku,quantity,note\nA,x\nB,5,n,,stray\n');
    const text = failedCsv(csv, new Map(csv.rows.map(({ line }) => [line.row, 'e'])));
    expect(text).toBe('sku,quantity,note,error\r\nA,x,,e\r\nB,5,n,e,stray\r\n');
    const again = await read(text);
    expect(again.rows.map(({ line }) => ('error' in line ? line.error : 'passed'))).toEqual([
      'quantity: is not a number',
      'the row has 5 cells, the header 4',
    ]);
  });

  it('overwrites nothing unless it is told to, and never the submitted file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stockbridge-failed-'));
    try {
      const path = join(folder, 'failed.csv');
      const submitted = join(folder, 'stock.csv');
      await checkFailedFile({ path, overwrites: false }, submitted);
      await writeFile(path, 'mine');
      const taken = `${path} is there already: --force overwrites it, --failed names another`;
      await expect(checkFailedFile({ path, overwrites: false }, submitted)).rejects.toThrow(taken);
      await expect(writeFailedFile({ path, overwrites: false }, 'x')).rejects.toThrow(taken);
      expect(await readFile(path, 'utf8')).toBe('mine');
      await checkFailedFile({ path, overwrites: true }, submitted);
      await writeFailedFile({ path, overwrites: true }, 'x');
      expect(await readFile(path, 'utf8')).toBe('x');
      await expect(checkFailedFile({ path: submitted, overwrites: true }, submitted)).rejects.toThrow(
        'is the file that is submitted',
      );
      const nowhere = { path: join(folder, 'no', 'failed.csv'), overwrites: false };
      await expect(writeFailedFile(nowhere, 'x')).rejects.toThrow(`${nowhere.path}: ENOENT`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('writes null as an empty cell, and quotes what needs it', () => {
  expect(csvOf([['a,b', 1, null, '"', 'c\nd', 'e\rf', ' g ']])).toBe('"a,b",1,,"""","c\nd","e\rf", g \r\n');
});

it.each([
  [undefined, false],
  ['*/*', false],
  ['application/json', false],
  ['text/csv', true],
  ['TEXT/CSV; header=present', true],
  ['text/csv, */*;q=0.5', true],
  ['application/json;q=0.5, text/csv', true],
  ['application/json, text/csv', false],
  ['text/csv;q=0.5, application/json', false],
  ['text/csv;q=0.1, */*', false],
  ['text/csv;q=0', false],
  ['text/csv;q=x', false],
])('Accept: %s asks for CSV: %s', (accept, wanted) => {
  expect(prefersCsv(accept)).toBe(wanted);
});
