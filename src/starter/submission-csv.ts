import type { LineStatus, SubmissionLineView } from '../contracts/submission';
import type { SubmissionStore } from '../store/submissions';
import { csvOf, wordsCell } from './csv-output';

const HEADER = ['row', 'listing', 'location', 'quantity', 'status', 'error', 'pushId'];

const rowOf = ({ row, listing, locationId, quantity, status, error, pushId }: SubmissionLineView) => [
  row,
  listing,
  locationId,
  quantity,
  status,
  error === null ? null : wordsCell(error),
  pushId,
];

/** How much the `Accept` header wants a media type, 0 to 1; undefined when it does not name it. */
function weightOf(accept: string, mediaType: string): number | undefined {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== mediaType) continue;
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    return Number.isNaN(weight) ? 0 : weight;
  }
  return undefined;
}

/** Whether an `Accept` header asks for CSV rather than JSON, which is what everybody gets who does not ask. */
export function prefersCsv(accept: string | undefined): boolean {
  const weight = weightOf(accept ?? '', 'text/csv') ?? 0;
  const json = weightOf(accept ?? '', 'application/json') ?? 0;
  return weight > json && weight >= (weightOf(accept ?? '', '*/*') ?? 0);
}

export interface LinesWanted {
  status: LineStatus | undefined;
  afterRow: number;
  /** Lines that are read at once. */
  pageSize: number;
  /** False: one page and no more. */
  allPages: boolean;
}

/**
 * A submission's lines as pieces of one CSV file, page by page. The first page is read before this returns, so that what
 * is wrong with the database is still an answer of its own; later the file ends too early.
 */
export async function linesAsCsv(
  submissions: Pick<SubmissionStore, 'lines'>,
  id: string,
  { status, afterRow, pageSize, allPages }: LinesWanted,
): Promise<AsyncIterable<string>> {
  const pageAfter = (row: number) =>
    submissions.lines(id, { ...(status === undefined ? {} : { status }), afterRow: row, limit: pageSize });
  const first = await pageAfter(afterRow);
  async function* pieces(): AsyncGenerator<string> {
    yield csvOf([HEADER]);
    for (let page = first; page.length > 0; ) {
      yield csvOf(page.map(rowOf));
      const last = page.at(-1);
      page = last === undefined || page.length < pageSize || !allPages ? [] : await pageAfter(last.row);
    }
  }
  return pieces();
}
