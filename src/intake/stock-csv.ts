import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import type { Connector } from '../connectors/ports';
import type { Connection } from '../contracts/connection';
import { lenientText, quantity } from '../contracts/events';
import type { DraftLine } from '../contracts/submission';
import { draftLine } from './draft-line';
import { faultText } from './fault-text';
import { FileFault } from './file-fault';

/** The longest file of stock that is taken. */
export const MAX_CSV_ROWS = 3_000;
export const MAX_CSV_BYTES = 5 * 1024 * 1024;
/** Far more than a row of stock needs; a quote that is never closed ends here instead of at the end of the file. */
const MAX_ROW_BYTES = 64 * 1024;
/** Spreadsheets leave rows of nothing but commas behind; each costs time and memory, so there is an end to them as well. */
const MAX_BLANK_ROWS = MAX_CSV_ROWS;
const MAX_COLUMNS = 100;
/** The parser makes all records of a piece at once, so small pieces keep the memory flat. */
const PIECE_BYTES = 4 * 1024;
/** What the tables hold of a code and of a reason, and of a location. */
const MAX_KEPT_CHARS = 255;
const MAX_LOCATION_CHARS = 100;

const REQUIRED_COLUMNS = ['sku', 'quantity'] as const;
const OPTIONAL_COLUMNS = ['action', 'reason', 'location'] as const;
const COLUMNS = [...REQUIRED_COLUMNS, ...OPTIONAL_COLUMNS];
type Column = (typeof COLUMNS)[number];

/** The column that a file of failed rows has besides the file's own; on reading it is passed over. */
export const ERROR_COLUMN = 'error';

/** A row of the file that is not blank: what it says for the connection, and its cells as they stood there; of what lies beyond the header, the first cell that is not blank. */
export interface StockCsvRow {
  line: DraftLine;
  cells: readonly string[];
  /** What stood under `sku`, at most 255 characters of it. */
  code: string;
  /** What stood under `reason`, '' where nothing did; at most 255 characters of it. */
  reason: string;
}

/** A file of stock, read and checked. */
export interface StockCsv {
  /** The names in the first line, as they stood there. */
  header: readonly string[];
  /** Names of columns that are not read. */
  ignoredColumns: readonly string[];
  /** At least one, at most {@link MAX_CSV_ROWS}. Rows are counted from 1, the first after the header; blank ones count and are left out. */
  rows: readonly StockCsvRow[];
}

/** Whose stock the file tells. */
export interface StockCsvTarget {
  connection: Connection;
  connector: Connector;
}

/** A column's name without what does not distinguish it: case, blanks around it, and the `#` of a first column. */
export const columnOf = (name: string): string => {
  const plain = name.trim().toLowerCase();
  return plain === '#sku' ? 'sku' : plain;
};

const isBlank = (cells: readonly string[]): boolean => cells.every((cell) => cell.trim() === '');

/** Hands the bytes on while they are within the limit and UTF-8; the source is closed as soon as they are not. */
async function* checked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): void => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new FileFault('unreadable', 'the file is not UTF-8: save it as "CSV UTF-8"');
    }
  };
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_CSV_BYTES) {
      throw new FileFault(
        'too_large',
        `the file is larger than ${MAX_CSV_BYTES / 1024 / 1024} MB: nothing of it was stored`,
      );
    }
    decode(chunk);
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
  decode();
}

/** Where each column that we read stands. Throws a {@link FileFault} that names what is missing or stands twice. */
function placesOf(header: readonly string[]): Map<Column, number> {
  if (header.length > MAX_COLUMNS)
    throw new FileFault('unreadable', `the first line names more than ${MAX_COLUMNS} columns`);
  const names = header.map(columnOf);
  const missing = REQUIRED_COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    const found = isBlank(header) ? 'it is blank' : `it has: ${header.join(' | ').slice(0, 200)}`;
    throw new FileFault(
      'unreadable',
      `the first line has to name the columns, and ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
      ` (${found})`,
    );
  }
  const twice = COLUMNS.filter((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice.length > 0) throw new FileFault('unreadable', `the first line names a column twice: ${twice.join(', ')}`);
  return new Map(
    COLUMNS.flatMap((column) => (names.includes(column) ? [[column, names.indexOf(column)] as const] : [])),
  );
}

const isRead = (name: string): boolean =>
  COLUMNS.some((column) => column === columnOf(name)) || columnOf(name) === ERROR_COLUMN;

const cellOf = (cells: readonly string[], places: ReadonlyMap<Column, number>, column: Column): string =>
  cells[places.get(column) ?? -1] ?? '';

function readRow(
  row: number,
  cells: readonly string[],
  places: ReadonlyMap<Column, number>,
  { width, connection, connector }: StockCsvTarget & { width: number },
): DraftLine {
  const cell = (column: Column): string => cellOf(cells, places, column);
  const sku = cell('sku');
  // Whoever submits a file names the connection, so a row without a location means the connection's own.
  const locationId = cell('location').trim() === '' ? (connection.locationId ?? '') : cell('location');
  const count = quantity.safeParse(cell('quantity'));
  const place = locationId === '' ? undefined : lenientText.safeParse(locationId);
  const faults = [
    ...(isBlank(cells.slice(width)) ? [] : [`the row has ${cells.length} cells, the header ${width}`]),
    ...(count.error?.issues ?? []).map((issue) => `quantity: ${faultText(issue)}`),
    ...(['', 'replace'].includes(cell('action').trim().toLowerCase()) ? [] : ['action: only replace is taken']),
    ...(place?.error?.issues ?? []).map((issue) => `location: ${faultText(issue)}`),
  ];
  const listing = () => connector.listingForCode(sku, connection);
  if (count.success && faults.length === 0)
    return draftLine({ row, locationId, quantity: count.data, listing }, connection);
  return {
    row,
    listing: sku.slice(0, MAX_KEPT_CHARS),
    locationId: locationId.slice(0, MAX_LOCATION_CHARS),
    quantity: null,
    error: faults.join('; '),
  };
}

/** How far the parser has come: with the record it hands out, and in its errors before the record at fault. */
const parserPlace = z.object({ records: z.number(), empty_lines: z.number() });
const parserRecord = z.object({ info: parserPlace, record: z.array(z.string()) });

function parserFault(error: CsvError): FileFault {
  const place = parserPlace.safeParse({ ...error });
  const before = place.success ? place.data.records + place.data.empty_lines : 0;
  const where = before > 0 ? `row ${before}` : 'the first line';
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return new FileFault('unreadable', `${where} opens a quote that is never closed`);
    case 'CSV_MAX_RECORD_SIZE':
      return new FileFault('unreadable', `${where} is longer than ${MAX_ROW_BYTES / 1024} KiB: is a quote not closed?`);
    default:
      return new FileFault('unreadable', `${where} cannot be read as CSV`, `: ${error.message}`);
  }
}

/**
 * Reads a file of stock: `sku,quantity[,action][,reason][,location]` in any order. A row at fault becomes a line with its
 * error and leaves the others alone. Throws a {@link FileFault} for a file that cannot be taken as a whole: too large, not
 * UTF-8, without the columns that are needed or without rows; its source is then read no further.
 */
export async function readStockCsv(bytes: AsyncIterable<Uint8Array>, target: StockCsvTarget): Promise<StockCsv> {
  let header: readonly string[] | undefined;
  let places: ReadonlyMap<Column, number> = new Map();
  const rows: StockCsvRow[] = [];
  const parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Counted and passed over by the parser itself: millions of them cost next to nothing.
    skip_empty_lines: true,
    info: true,
    relax_column_count: true,
    // A code may hold a quote (5" pipe), and codes are opaque.
    relax_quotes: true,
    max_record_size: MAX_ROW_BYTES,
  });
  try {
    await pipeline(checked(bytes), parser, async (records: AsyncIterable<unknown>) => {
      let headerAt = 0;
      let blankRows = 0;
      for await (const one of records) {
        const { info, record: cells } = parserRecord.parse(one);
        const at = info.records + info.empty_lines;
        if (header === undefined) {
          places = placesOf(cells);
          header = cells;
          headerAt = at;
          continue;
        }
        if (isBlank(cells)) {
          blankRows += 1;
          if (blankRows > MAX_BLANK_ROWS)
            throw new FileFault('too_large', `the file has more than ${MAX_BLANK_ROWS} blank rows`);
          continue;
        }
        if (rows.length === MAX_CSV_ROWS) {
          throw new FileFault('too_large', `the file has more than ${MAX_CSV_ROWS} rows: nothing of it was stored`);
        }
        const line = readRow(at - headerAt, cells, places, { ...target, width: header.length });
        const beyond = cells.slice(header.length).filter((cell) => cell.trim() !== '');
        rows.push({
          line,
          cells: [...cells.slice(0, header.length), ...beyond.slice(0, 1)],
          code: cellOf(cells, places, 'sku').slice(0, MAX_KEPT_CHARS),
          reason: cellOf(cells, places, 'reason').slice(0, MAX_KEPT_CHARS),
        });
      }
    });
  } catch (error) {
    throw error instanceof CsvError ? parserFault(error) : error;
  }
  if (header === undefined)
    throw new FileFault('unreadable', 'the file is empty: it needs a first line with sku and quantity');
  if (rows.length === 0) throw new FileFault('unreadable', 'the file has no row besides its first line');
  return { header, ignoredColumns: header.filter((name) => name.trim() !== '' && !isRead(name)), rows };
}
