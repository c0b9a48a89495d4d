import { stringify } from 'csv-stringify/sync';

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA_START = /^[=+\-@\t\r]/;

/** Words as a cell that no spreadsheet runs: a leading `'` makes them text. For words only: an identifier would become another one. */
export const wordsCell = (words: string): string => (FORMULA_START.test(words) ? `'${words}` : words);

/** Rows as CSV (RFC 4180): CRLF, quotes where they are needed, a null as an empty cell. */
export const csvOf = (rows: readonly (readonly (string | number | null)[])[]): string =>
  // By itself the library quotes only the line break that it writes, and readers take others for the end of a row as well.
  stringify(
    rows.map((row) => [...row]),
    { record_delimiter: 'windows', quoted_match: /[\r\n]/ },
  );
