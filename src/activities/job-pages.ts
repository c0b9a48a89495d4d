import { ConnectorError } from '../connectors/errors';
import type { Call, JobInventoryWriter, JobState, RowVerdictPage } from '../connectors/ports';
import type { JobTrouble } from '../contracts/stock';
import type { JobLine, PushJob, PushJobStore } from '../store/push-jobs';
import { ask, type OpenConnection } from './opener';

/** A job, what the channel says of it as a whole, and what is needed to ask for its rows. */
export interface CollectedJob {
  open: OpenConnection;
  writer: JobInventoryWriter;
  call: Call;
  jobs: Pick<PushJobStore, 'recordPage' | 'lines'>;
  job: PushJob;
  state: JobState;
  lines: readonly JobLine[];
  trouble: JobTrouble | undefined;
}

/** The rows of a job as they were read, and what this attempt read of a row in words that nobody knows. */
export interface ReadRows {
  lines: readonly JobLine[];
  oddity?: { row: number; message: string };
}

const violation = ({ open }: CollectedJob, why: string): ConnectorError =>
  new ConnectorError('ChannelContractViolated', `${open.connector.displayName}, rows of a job: ${why}`, {
    details: { connectionId: open.connection.id, channel: open.connection.channel },
  });

const isAbout = ({ open }: CollectedJob, code: string, { listing }: JobLine): boolean => {
  try {
    return open.connector.listingForCode(code, open.connection) === listing;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** Throws `ChannelContractViolated` for a row that was not sent, or not like this. */
function checkPage(collected: CollectedJob, { verdicts, nextCursor }: RowVerdictPage): void {
  if (verdicts.length === 0 && nextCursor !== null) throw violation(collected, 'an empty page that is not the last');
  for (const { row, code } of verdicts) {
    const line = collected.lines[row - 1];
    if (!line) throw violation(collected, `row ${row} was never sent`);
    if (code !== null && !isAbout(collected, code, line))
      throw violation(collected, `row ${row} names another listing`);
  }
}

/** Reads the pages that are left, storing each, so that an attempt that fails half-way is not paid for twice. */
export async function readPages(collected: CollectedJob, mode: 'all' | 'errors'): Promise<ReadRows> {
  const { open, writer, call, jobs, job } = collected;
  const wasBegun = job.pageMode === mode;
  let cursor = wasBegun ? job.pageCursor : null;
  let isDone = wasBegun && cursor === null;
  let oddity: ReadRows['oddity'];
  for (let pages = 0; !isDone; pages++) {
    if (pages > collected.lines.length) throw violation(collected, 'more pages than rows');
    const request = { jobId: job.jobId ?? '', only: mode, cursor };
    const page = await ask(open, call, writer.credits.page, () => writer.readVerdicts(request, call));
    checkPage(collected, page);
    const verdicts = page.verdicts.map((said) => ({ message: null, ...said }));
    for (const said of page.verdicts) if (said.verdict === 'unknown' && said.isOdd) oddity ??= said;
    await jobs.recordPage(job, { mode, verdicts, nextCursor: page.nextCursor });
    cursor = page.nextCursor;
    isDone = cursor === null;
  }
  return { lines: await jobs.lines(job), ...(oddity ? { oddity } : {}) };
}
