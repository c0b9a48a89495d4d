import type { JobState } from '../connectors/ports';
import type { JobTrouble, Verdict } from '../contracts/stock';
import type { JobLine, PushJob } from '../store/push-jobs';
import { type CollectedJob, type ReadRows, readPages } from './job-pages';

const NO_FILE =
  'never fetched the file with the stock: PUBLIC_URL has to be an address of the gateway that the channel can reach';

/** What went wrong with the job as a whole. */
export function troubleOf(
  state: JobState,
  { fetchedAtMs, jobId }: Pick<PushJob, 'fetchedAtMs' | 'jobId'>,
  isOverdue: boolean,
  displayName: string,
): JobTrouble | undefined {
  const { totalCount, words, status } = state;
  const said = words === null ? {} : { channelWords: words };
  if (totalCount === 0 && fetchedAtMs === null) {
    return { type: 'ChannelUnavailable', message: `${displayName} ${NO_FILE}${words === null ? '' : ` (${words})`}` };
  }
  if (isOverdue) {
    const where = status === undefined ? '' : `; its word for it is ${status}`;
    return { type: 'ChannelStillWorking', message: `${displayName} did not end job ${jobId} in time${where}` };
  }
  if (state.isUnexplained) {
    const channelWords = words === null ? `${status}, without a reason` : `${status}: ${words}`;
    return {
      type: 'ChannelUnavailable',
      message: `${displayName} ended job ${jobId} early: ${channelWords}`,
      channelWords,
    };
  }
  if (totalCount !== 0) return undefined;
  return { type: 'ChannelRejected', message: `${displayName} could not use the file with the stock`, ...said };
}

/** Whether the channel counts every line as done, so that its word on the errors is its word on all. */
const isFullyCounted = ({ hasEnded, totalCount, successCount, errorCount }: JobState, lineCount: number): boolean =>
  hasEnded && totalCount === lineCount && successCount !== null && errorCount !== null
    ? successCount + errorCount === lineCount
    : false;

const silence = (listing: string, message: string): Verdict => ({ listing, verdict: 'unknown', message });

const SAYS_NOTHING = 'the channel said nothing of this row';

const verdictOf = ({ listing, verdict, message }: JobLine): Verdict | undefined => {
  if (verdict === null) return undefined;
  return verdict === 'accepted' ? { listing, verdict } : { listing, verdict, message: message ?? '' };
};

/** The line that nobody can make sense of says so to a person as well: it goes out again, and may well be answered like that for ever. */
const withOddity = (verdicts: Verdict[], { lines, oddity }: ReadRows, { open, job }: CollectedJob): Verdict[] => {
  const odd = oddity && lines[oddity.row - 1];
  if (!odd) return verdicts;
  const message = `${open.connector.displayName}, job ${job.jobId}: ${oddity.message}`;
  const trouble = { type: 'ChannelContractViolated', message, channelWords: oddity.message } as const;
  return verdicts.map((said) =>
    said.listing === odd.listing && said.verdict === 'unknown' ? { ...said, trouble } : said,
  );
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
    const named = read.lines.filter((line) => line.verdict !== null);
    const isTold = named.length === state.errorCount && named.every((line) => line.verdict !== 'accepted');
    if (isTold) {
      const verdicts = read.lines.map(
        (line): Verdict => verdictOf(line) ?? { listing: line.listing, verdict: 'accepted' },
      );
      return withOddity(verdicts, read, collected);
    }
  }
  const said = trouble?.message ?? SAYS_NOTHING;
  const read = await readPages(collected, 'all');
  return withOddity(
    read.lines.map((line) => verdictOf(line) ?? silence(line.listing, said)),
    read,
    collected,
  );
}
