import { connectorFor } from '../../src/connectors/registry';
import { FileFault } from '../../src/intake/file-fault';
import { MAX_CSV_BYTES, MAX_CSV_ROWS, readStockCsv } from '../../src/intake/stock-csv';
import { toProblem } from '../../src/starter/problems';
import { sampleConnection } from '../connectors/samples';

const connection = sampleConnection({ channel: 'increff-oms', locationId: null, settings: { locationCode: 'w' } });
const target = { connection, connector: connectorFor('increff-oms') };

async function* pieces(...texts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}
const read = (...texts: (string | Buffer)[]) => readStockCsv(pieces(...texts), target);
const linesOf = async (...texts: (string | Buffer)[]) => (await read(...texts)).rows.map(({ line }) => line);
const good = (row: number, listing: string, quantity: number, locationId = '') => ({
  row,
  listing,
  locationId,
  quantity,
});

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof FileFault)) throw new Error(`no FileFault: ${String(error)}`);
  const { status, detail } = toProblem(error);
  return `${status} ${detail}`;
}

describe('a file of stock', () => {
  it.each([
    ['the header in any order and case', 'Location,QUANTITY,Sku\nL1,5,A\n'],
    ['#sku, as some templates write it', '#sku,quantity,action,reason,location\nA,5,replace,because,L1\n'],
    ['a byte order mark', '\ufeffsku,quantity,location\nA,5,L1\n'],
    ['CRLF', 'sku,quantity,location\r\nA,5,L1\r\n'],
    ['CR alone', 'sku,quantity,location\rA,5,L1\r'],
    ['quotes', '"sku","quantity","location"\n"A","5","L1"\n'],
    ['no line break at the end', 'sku,quantity,location\nA,5,L1'],
    ['blanks around names and numbers', ' sku , quantity,location\nA, 5.0 ,L1\n'],
    ['REPLACE, or no action at all', 'sku,quantity,location,action\nA,5,L1, REPLACE\n'],
    ['empty cells beyond the header', 'sku,quantity,location\nA,5,L1,,\n'],
  ])('is read with %s', async (_what, text) => {
    expect(await linesOf(text)).toEqual([good(1, 'A', 5, 'L1')]);
  });

  it('may come in pieces that end anywhere', async () => {
    const bytes = Buffer.from('\ufeffsku,quantity\r\n"É""1",5\r\nB,6\r\n');
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(await linesOf(...single)).toEqual([good(1, 'É"1', 5), good(2, 'B', 6)]);
  });

  it('keeps identifiers as they are', async () => {
    const codes = ['007', '=1+1', '+49', '-x', '@a', ' a ', '5" pipe', "'q", 'a\nb', 'a,b', '1e5', 'TRUE'];
    const text = `sku,quantity\n${codes.map((code) => `"${code.replaceAll('"', '""')}",1`).join('\n')}\n`;
    const { rows } = await read(text);
    expect(rows.map(({ cells }) => cells[0])).toEqual(codes);
    expect(rows.filter(({ line }) => line.quantity === null)).toEqual([]);
    expect(rows[0]?.line.listing).toBe('007');
    expect(rows[1]?.line.listing).toBe('=1+1');
    expect((await linesOf('sku,quantity\n5" pipe,1\n'))[0]?.listing).toBe('5" pipe');
  });

  it('tells the code and the reason of each row as they stood there, shortened to what is kept', async () => {
    const long = 'r'.repeat(300);
    const { rows } = await read(`reason,sku,quantity\nstock take,=cmd|' /C calc'!A0,1\n, A ,many\n${long},${long},1\n`);
    expect(rows.map(({ code, reason }) => [code, reason])).toEqual([
      ["=cmd|' /C calc'!A0", 'stock take'],
      [' A ', ''],
      [long.slice(0, 255), long.slice(0, 255)],
    ]);
    expect((await read('sku,quantity\nA,1\n')).rows[0]).toMatchObject({ code: 'A', reason: '' });
  });

  it('counts rows from the header, blank ones too, and leaves blank ones out', async () => {
    const lines = await linesOf('sku,quantity\n\nA,1\n\n,,\n  \nB,2\n"C\nC",3\nD,4\n');
    expect(lines.map(({ row }) => row)).toEqual([2, 6, 7, 8]);
    expect((await linesOf('\n\nsku,quantity\nA,1\n\nB,2\n')).map(({ row }) => row)).toEqual([1, 3]);
  });

  it('names the columns that it does not read, and not the error of an earlier time', async () => {
    const { ignoredColumns, header } = await read('sku,Price,quantity,error,,note\nA,9,1,bad,,n\n');
    expect(ignoredColumns).toEqual(['Price', 'note']);
    expect(header).toEqual(['sku', 'Price', 'quantity', 'error', '', 'note']);
  });

  it('reports rows at fault by their number while the others go on', async () => {
    const long = 'x'.repeat(101);
    const lines = await linesOf(
      `sku,quantity,action,location\nA,1\nB,-1\nC,1.5\nD,many\nE,\n,5\nF,5,change\nG,5,,,moved\nH,x,add,${long}\n${long},1\nI,99999999999\nJ,2,,L\n`,
    );
    expect(lines.filter(({ quantity }) => quantity !== null)).toEqual([good(1, 'A', 1), good(12, 'J', 2, 'L')]);
    expect(lines.flatMap((line) => ('error' in line ? [`${line.row} ${line.error}`] : []))).toEqual([
      '2 quantity: is negative',
      '3 quantity: is not a whole number',
      '4 quantity: is not a number',
      '5 quantity: is not a number',
      '6 code is missing',
      '7 action: only replace is taken',
      '8 the row has 5 cells, the header 4',
      '9 quantity: is not a number; action: only replace is taken; location: Too big: expected string to have <=100 characters',
      '10 code is longer than 100 characters',
      '11 quantity: is larger than any channel takes',
    ]);
    for (const line of lines) expect(line.locationId.length).toBeLessThanOrEqual(100);
  });

  it("means the connection's own location where it names none, and refuses a row of another", async () => {
    const own = { connection: sampleConnection({ locationId: 'POB1' }), connector: connectorFor('ajio') };
    const { rows } = await readStockCsv(pieces('sku,quantity,location\nP/1,1,\nP/2,2,POB1\nP/3,3,POB2\nP4,4,\n'), own);
    expect(rows.map(({ line }) => ('error' in line ? line.error : line))).toEqual([
      good(1, 'P/1', 1, 'POB1'),
      good(2, 'P/2', 2, 'POB1'),
      'locationId: this connection shows POB1, not POB2',
      'code: Ajio knows products and variants: send productId/variantId',
    ]);
  });
});

describe('a file that cannot be taken', () => {
  it.each([
    ['', '422 the file is empty: it needs a first line with sku and quantity'],
    ['\n\n', '422 the file is empty: it needs a first line with sku and quantity'],
    ['sku,quantity\n', '422 the file has no row besides its first line'],
    ['sku,quantity\n,\n', '422 the file has no row besides its first line'],
    ['A,5\nB,6\n', '422 the first line has to name the columns, and sku and quantity are missing (it has: A | 5)'],
    ['sku,qty\nA,5\n', '422 the first line has to name the columns, and quantity is missing (it has: sku | qty)'],
    [
      'sku;quantity\nA;5\n',
      '422 the first line has to name the columns, and sku and quantity are missing (it has: sku;quantity)',
    ],
    ['sku,#SKU,quantity\nA,A,5\n', '422 the first line names a column twice: sku'],
    [`sku,quantity${',x'.repeat(99)}\nA,5\n`, '422 the first line names more than 100 columns'],
    ['sku,quantity\nA,1\n"B,2\nC,3\n', '422 row 2 opens a quote that is never closed'],
  ])('%j is refused: %s', async (text, refusal) => {
    expect(await refusalOf(read(text))).toBe(refusal);
  });

  it('says without a word of the file what is wrong with it, for where the file is nobody’s to read', async () => {
    const faults = await Promise.all(
      ['geheim,5\nB,6\n', 'sku,quantity\nA,1\n"geheim,2\n', 'sku,quantity\n"A"geheim,1\n'].map((text) =>
        read(text).catch((error: unknown) => (error instanceof FileFault ? error.unquoted : error)),
      ),
    );
    expect(faults[0]).toBe('the first line has to name the columns, and sku and quantity are missing');
    expect(JSON.stringify(faults)).not.toContain('"unquoted"');
    expect(faults.filter((fault) => typeof fault === 'string').join()).not.toContain('geheim');
  });

  it.each([
    ['Latin-1', Buffer.from('sku,quantity\n\xc9,1\n', 'latin1')],
    ['UTF-16', Buffer.from('\ufeffsku,quantity\nA,1\n', 'utf16le')],
    ['a character cut off at the end', Buffer.from('sku,quantity\nA,1\nÉ').subarray(0, -1)],
  ])('%s is refused as not UTF-8', async (_what, bytes) => {
    expect(await refusalOf(read(bytes))).toBe('422 the file is not UTF-8: save it as "CSV UTF-8"');
  });

  it('may have 3,000 rows and not one more', async () => {
    const rows = (count: number) =>
      `sku,quantity\n${Array.from({ length: count }, (_, index) => `S${index},${index}\n`).join('')}`;
    expect(await linesOf(rows(MAX_CSV_ROWS))).toHaveLength(3_000);
    expect(await refusalOf(read(rows(MAX_CSV_ROWS + 1)))).toBe(
      '413 the file has more than 3000 rows: nothing of it was stored',
    );
  });

  it('is refused at 5 MB, whether it comes at once or in pieces', async () => {
    const tenMegabytes = Buffer.alloc(10 * 1024 * 1024, 'sku,quantity,note\nA,1,n\n');
    const refusal = '413 the file is larger than 5 MB: nothing of it was stored';
    expect(await refusalOf(read(tenMegabytes))).toBe(refusal);
    const row = `A,1,${'x'.repeat(60_000)}\n`;
    expect(await refusalOf(read('sku,quantity,note\n', ...Array<string>(170).fill(row)))).toBe(refusal);
  });

  it('passes the fault of its source on', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('sku,quantity\nA,1\n');
      throw new Error('the line went dead');
    }
    await expect(readStockCsv(broken(), target)).rejects.toThrow('the line went dead');
  });
});

describe('an endless stream', () => {
  const KIB = 1024;
  it.each([
    ['blank lines', '\n', '413 the file is larger than 5 MB: nothing of it was stored', MAX_CSV_BYTES],
    ['rows of commas', ',\n', '413 the file has more than 3000 blank rows', 512 * KIB],
    ['good rows', 'A,1\n', '413 the file has more than 3000 rows: nothing of it was stored', 512 * KIB],
    ['a cell without end', 'x', '422 row 1 is longer than 64 KiB: is a quote not closed?', 512 * KIB],
    ['a quote without end', '"x\n', '422 row 1 is longer than 64 KiB: is a quote not closed?', 512 * KIB],
  ])('of %s is cut off and closed', async (_what, unit, refusal, mostBytes) => {
    const chunk = Buffer.from((unit.startsWith('"') ? unit.slice(1) : unit).repeat(8 * KIB));
    let sentBytes = 0;
    let isClosed = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from(`sku,quantity\n${unit.startsWith('"') ? '"' : ''}`);
        for (;;) {
          sentBytes += chunk.length;
          yield chunk;
        }
      } finally {
        isClosed = true;
      }
    }
    expect(await refusalOf(readStockCsv(endless(), target))).toBe(refusal);
    expect(isClosed).toBe(true);
    expect(sentBytes).toBeLessThanOrEqual(mostBytes + 64 * KIB);
  });
});
