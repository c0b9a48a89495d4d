import { stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { columnOf, ERROR_COLUMN, type StockCsv } from '../intake/stock-csv';
import { csvOf, wordsCell } from '../starter/csv-output';
import { CliError, codeOf } from './failures';

/** Where failed rows go, and whether what is there already may be lost. */
export interface FailedFile {
  path: string;
  overwrites: boolean;
}

const taken = (path: string): CliError =>
  new CliError(`${path} is there already: --force overwrites it, --failed names another`);

/** Refuses, before anything is sent, a place that is taken or that is the submitted file itself. */
export async function checkFailedFile({ path, overwrites }: FailedFile, submitted: string): Promise<void> {
  if (resolve(path) === resolve(submitted)) throw new CliError(`--failed: ${path} is the file that is submitted`);
  if (overwrites) return;
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  if (exists) throw taken(path);
}

/**
 * The rows that failed as a CSV that can be corrected and submitted again: the file's own columns as they stood there, and
 * `error`. Cells beyond the header stay beyond it, so that such a row does not pass uncorrected.
 */
export function failedCsv(csv: StockCsv, errors: ReadonlyMap<number, string>): string {
  const width = csv.header.length;
  const own = csv.header.flatMap((name, index) => (columnOf(name) === ERROR_COLUMN ? [] : [index]));
  const rows = csv.rows.flatMap(({ line, cells }) => {
    const error = errors.get(line.row);
    return error === undefined
      ? []
      : [[...own.map((index) => cells[index] ?? ''), wordsCell(error), ...cells.slice(width)]];
  });
  return csvOf([[...own.map((index) => csv.header[index] ?? ''), ERROR_COLUMN], ...rows]);
}

/** Writes the file of failed rows. Throws a {@link CliError} when it cannot be written. */
export async function writeFailedFile({ path, overwrites }: FailedFile, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: overwrites ? 'w' : 'wx' });
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? taken(path) : new CliError(`${path}: ${codeOf(error) ?? 'cannot be written'}`);
  }
}
