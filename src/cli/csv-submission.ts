import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { takesStock } from '../connectors/capabilities';
import { connectorFor } from '../connectors/registry';
import type { Connection } from '../contracts/connection';
import type { IntakeResult, SubmissionDraft, SubmissionLineView, SubmissionView } from '../contracts/submission';
import { csvDraft, sumsLocations } from '../intake/csv-draft';
import { MAX_CSV_ROWS, readStockCsv, type StockCsv, type StockCsvTarget } from '../intake/stock-csv';
import { storeSubmissions } from '../store/intake';
import type { CliContext } from './context';
import { CliError, codeOf } from './failures';
import { createProgress } from './progress';

const POLL_INTERVAL_MS = 500;

/** The name that stands for standard input. */
export const STANDARD_INPUT = '-';

/** A connection that takes stock, with its connector; a {@link CliError} says why another one does not. */
export function stockTarget(connection: Connection): StockCsvTarget & Pick<SubmissionDraft, 'sumLocations'> {
  const connector = connectorFor(connection.channel);
  if (!takesStock(connector)) {
    throw new CliError(`connection ${connection.id}: ${connector.displayName} takes no stock`);
  }
  const settings = connector.settings.safeParse(connection.settings);
  if (!settings.success) {
    throw new CliError(
      `the settings of connection ${connection.id} cannot be used: see \`connections show ${connection.id}\``,
    );
  }
  return {
    connection,
    connector,
    sumLocations: sumsLocations(connection, settings.data),
  };
}

/** Reads the file, or standard input, for the connection. */
export async function readFileFor(file: string, target: StockCsvTarget, stdin: CliContext['stdin']): Promise<StockCsv> {
  if (file === STANDARD_INPUT) return readStockCsv(stdin(), target);
  return readStockCsv(createReadStream(file), target).catch((error: unknown) => {
    // Faults of the file system have a code; what is wrong with the text is said by the reader.
    const code = codeOf(error);
    throw typeof code === 'string' ? new CliError(`${file}: ${code}`) : error;
  });
}

/** Stores the rows as one submission that is true as of now: newer than all that is known of its listings. */
export async function storeCsv(
  { stores }: Pick<CliContext, 'stores'>,
  target: ReturnType<typeof stockTarget>,
  csv: StockCsv,
): Promise<IntakeResult> {
  const draft = csvDraft(csv, target, { messageId: null, publishedAtMs: Date.now() });
  const [result] = await storeSubmissions(stores.db, [{ ...draft, isNewest: true }]);
  if (!result) throw new Error('the submission was not stored');
  return result;
}

/** Watches the submission until every line is decided or the time is over, and returns its last state. */
export async function watchSubmission(
  { stores, progress: sink }: Pick<CliContext, 'stores' | 'progress'>,
  submission: { id: string; accountSlug: string },
  timeoutMs: number,
): Promise<SubmissionView> {
  const endMs = Date.now() + timeoutMs;
  const progress = createProgress(sink);
  try {
    for (;;) {
      const view = await stores.submissions.find(submission.id, submission.accountSlug);
      if (!view) throw new CliError(`submission ${submission.id} is gone`);
      const { totalCount: total, finishedCount: finished, errorCount: failed } = view;
      if (timeoutMs > 0) progress.show({ total, finished, failed });
      const leftMs = endMs - Date.now();
      if (finished >= total || leftMs <= 0) return view;
      await delay(Math.min(POLL_INTERVAL_MS, leftMs));
    }
  } finally {
    progress.end();
  }
}

/** The lines that need somebody's attention: refused by us or by the channel, or withdrawn; and those that are open. */
export async function linesToTell(
  { stores }: Pick<CliContext, 'stores'>,
  id: string,
): Promise<{ failed: SubmissionLineView[]; open: SubmissionLineView[]; superseded: number; accepted: number }> {
  const lines = await stores.submissions.lines(id, { afterRow: 0, limit: MAX_CSV_ROWS });
  const of = (...statuses: SubmissionLineView['status'][]) => lines.filter(({ status }) => statuses.includes(status));
  return {
    failed: of('error', 'aborted'),
    open: of('pending', 'processing'),
    superseded: of('superseded').length,
    accepted: of('success').length,
  };
}
