import { ConnectorError } from '../connectors/errors';
import type { Call, JobInventoryWriter, JobState, RowVerdictPage } from '../connectors/ports';
import type { JobTrouble, Verdict } from '../contracts/stock';
import type { JobLine, PushJob, PushJobStore } from '../store/push-jobs';
import { ask, type OpenConnection } from './opener';

/** A job, what the channel says of it as a whole, and what is needed to ask for its rows. */
interface CollectedJob {
  open: OpenConnection;
  writer: JobInventoryWriter;
  call: Call;
  jobs: Pick<PushJobStore, 'recordPage' | 'lines'>;
  job: PushJob;
  state: JobState;
  lines: readonly JobLine[];
  trouble: JobTrouble | undefined;
}

const NO_FILE =
  'never fetched the file with the stock: PUBLIC_URL has to be an address of the gateway that the channel can reach';

/** What went wrong with the job as a whole. */
export function troubleOf(
  { totalCount, words }: JobState,
  { fetchedAtMs }: Pick<PushJob, 'fetchedAtMs'>,
  isOverdue: boolean,
  displayName: string,
): JobTrouble | undefined {
  const said = words === null ? {} : { channelWords: words };
  if (totalCount === 0 && fetchedAtMs === null) {
    return { type: 'ChannelUnavailable', message: `${displayName} ${NO_FILE}${words === null ? '' : ` (${words})`}` };
  }
  if (isOverdue) return { type: 'ChannelStillWorking', message: `${displayName} did not end a job in time` };
  if (totalCount !== 0) return undefined;
  return { type: 'ChannelRejected', message: `${displayName} could not use the file with the stock`, ...said };
}

/** Whether the channel counts every line as done, so that its word on the errors is its word on all. */
const isFullyCounted = ({ hasEnded, totalCount, successCount, errorCount }: JobState, lineCount: number): boolean =>
  hasEnded && totalCount === lineCount && successCount !== null && errorCount !== null
    ? successCount + errorCount === lineCount
    : false;

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
async function readPages(collected: CollectedJob, mode: 'all' | 'errors'): Promise<readonly JobLine[]> {
  const { open, writer, call, jobs, job } = collected;
  const wasBegun = job.pageMode === mode;
  let cursor = wasBegun ? job.pageCursor : null;
  let isDone = wasBegun && cursor === null;
  for (let pages = 0; !isDone; pages++) {
    if (pages > collected.lines.length) throw violation(collected, 'more pages than rows');
    const request = { jobId: job.jobId ?? '', only: mode, cursor };
    const page = await ask(open, call, writer.credits.page, () => writer.readVerdicts(request, call));
    checkPage(collected, page);
    const verdicts = page.verdicts.map((said) => ({ message: null, ...said }));
    await jobs.recordPage(job, { mode, verdicts, nextCursor: page.nextCursor });
    cursor = page.nextCursor;
    isDone = cursor === null;
  }
  return jobs.lines(job);
}

const silence = (listing: string, message: string): Verdict => ({ listing, verdict: 'unknown', message });

const SAYS_NOTHING = 'the channel said nothing of this row';

const verdictOf = ({ listing, verdict, message }: JobLine): Verdict | undefined => {
  if (verdict === null) return undefined;
  return verdict === 'accepted' ? { listing, verdict } : { listing, verdict, message: message ?? '' };
};

/** The verdict of a line as far as it was read before. */
export const verdictAsRead = (line: JobLine): Verdict => verdictOf(line) ?? silence(line.listing, SAYS_NOTHING);

/**
 * A verdict for each line of the job, in their order. Asks only for what the counts leave open: nothing when every row is
 * counted as a success, the errors when every row is counted, else all rows.
 */
export async function readVerdicts(collected: CollectedJob): Promise<Verdict[]> {
  const { state, lines, trouble } = collected;
  if (state.totalCount === 0) {
    // Nothing was applied. Where the file itself was refused, the same lines would be refused again.
    const message = trouble?.channelWords ?? trouble?.message ?? '';
    const verdict = trouble?.type === 'ChannelRejected' ? 'rejected' : 'unknown';
    return lines.map(({ listing }) => ({ listing, verdict, message }));
  }
  if (isFullyCounted(state, lines.length) && collected.job.pageMode !== 'all') {
    if (state.errorCount === 0) return lines.map(({ listing }) => ({ listing, verdict: 'accepted' }));
    const read = await readPages(collected, 'errors');
    const named = read.filter((line) => line.verdict !== null);
    const isTold = named.length === state.errorCount && named.every((line) => line.verdict !== 'accepted');
    if (isTold) return read.map((line) => verdictOf(line) ?? { listing: line.listing, verdict: 'accepted' });
  }
  const said = trouble?.message ?? SAYS_NOTHING;
  return (await readPages(collected, 'all')).map((line) => verdictOf(line) ?? silence(line.listing, said));
}
