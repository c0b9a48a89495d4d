import type { Connection } from '../contracts/connection';
import type { SubmissionDraft } from '../contracts/submission';
import type { StockCsv } from './stock-csv';

/** Whether the connection shows what lies at all locations together. */
export const sumsLocations = (
  connection: Pick<Connection, 'locationId'>,
  settings: { locations: 'sum' | 'any' },
): boolean => connection.locationId === null && settings.locations === 'sum';

/** The rows of a file as one submission of the connection, with the codes and reasons that stood there. */
export function csvDraft(
  csv: Pick<StockCsv, 'rows'>,
  { connection, sumLocations }: { connection: Connection; sumLocations: boolean },
  version: Pick<SubmissionDraft, 'messageId' | 'publishedAtMs'>,
): SubmissionDraft {
  return {
    ...version,
    connectionId: connection.id,
    accountSlug: connection.accountSlug,
    source: 'csv',
    levelLocationId: connection.locationId ?? '',
    sumLocations,
    lines: csv.rows.map(({ line }) => line),
    fileRows: csv.rows.map(({ line, code, reason }) => ({ row: line.row, code, reason })),
  };
}
