import { proxyActivities } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { PlannedPush, PushPlan, PushResult, SyncTotals } from '../contracts/stock';
import { CHANNEL_PUSH, HOME, JOB_COLLECT, JOB_START, JOB_WATCH } from './activity-options';
import { forEachBounded } from './bounded';
import { type CalledConnection, callChannel } from './channel-call';
import { type ReadFailure, readFailure } from './failure-reading';
import { pushSummary } from './wording';

/** Whose stock it is. */
export type SyncedConnection = CalledConnection;

/** A job whose deadline passed while nobody watched is looked at once more before it is stopped. */
const MIN_WATCH_MS = 10_000;

const home = proxyActivities<HomeActivities>(HOME);

/** Failures of single lines, or of what was said about them: other chunks are worth sending. */
const concernsOneChunk = ({ type }: ReadFailure): boolean =>
  type === 'ChannelRejected' || type === 'ChannelContractViolated';

/** What kept pushes from being delivered. */
export interface SendFailures {
  /** Would meet every other push as well; the pushes that it met are still open, or their lines are waiting. */
  outages: ReadFailure[];
  /** Of single pushes, whose lines have their verdicts. */
  refusals: ReadFailure[];
}

/** Sends the pushes, those with zero stock before all others. */
export async function sendAll(input: SyncedConnection, plan: PushPlan, totals: SyncTotals): Promise<SendFailures> {
  const outages: ReadFailure[] = [];
  const refusals: ReadFailure[] = [];
  const sendOne = plan.asJobs ? sendAsJob : sendAtOnce;
  const sendWave = (wave: PlannedPush[]) =>
    forEachBounded(wave, plan.concurrency, async (push) => {
      // A channel that is down or refuses us is not asked again for every chunk that is left.
      const result = outages.length > 0 ? undefined : await sendOne(input, push).catch(readFailure);
      if (result && !('type' in result)) {
        addUp(totals, result);
        if (!result.trouble) return;
        const trouble = troubleOf(input, result.trouble);
        return void (concernsOneChunk(trouble) ? refusals : outages).push(trouble);
      }
      if (result) {
        // A job that failed without a verdict for its lines may still be worked off.
        (concernsOneChunk(result) && !plan.asJobs ? refusals : outages).push(result);
        if (result.type === 'ChannelRejected' && !plan.asJobs) totals.rejected += push.lineCount;
      }
      const unreleased = await home.releasePush({ pushId: push.pushId }).then(() => undefined, readFailure);
      if (unreleased) outages.push(unreleased);
    });
  await sendWave(plan.pushes.filter((push) => push.zeroCount > 0));
  await sendWave(plan.pushes.filter((push) => push.zeroCount === 0));
  return { outages, refusals };
}

function addUp(totals: SyncTotals, result: PushResult): void {
  totals.pushes += 1;
  totals.accepted += result.accepted;
  totals.rejected += result.rejected;
  totals.unknown += result.unknown;
}

const troubleOf = (
  { connectionId, channel }: SyncedConnection,
  { type, message, channelWords }: NonNullable<PushResult['trouble']>,
): ReadFailure => ({
  type,
  message,
  details: { connectionId, channel, ...(channelWords === undefined ? {} : { channelWords }) },
});

/** One call that the channel answers with a verdict for each line. */
function sendAtOnce(input: SyncedConnection, push: PlannedPush): Promise<PushResult> {
  const { pushId } = push;
  const summary = pushSummary(input.displayName, push);
  return callChannel(
    input,
    () => ({ policy: CHANNEL_PUSH, summary, activityId: pushId, isStock: true }),
    (channel, ref) => channel.pushChunk({ pushId, ...ref }),
  );
}

/** A job that the channel works off in its own time: started, watched until it ends or its deadline passes, collected. */
async function sendAsJob(input: SyncedConnection, push: PlannedPush): Promise<PushResult> {
  const { pushId } = push;
  const summary = pushSummary(input.displayName, push);
  const job = await callChannel(
    input,
    () => ({ policy: JOB_START, summary, activityId: `${pushId}/start`, isStock: true }),
    (channel, ref) => channel.startPushJob({ pushId, ...ref }),
  );
  if (!job.isRunning) return job.result;

  const deadlineMs = Date.now() + job.deadlineInMs;
  const watch = () => ({
    policy: { ...JOB_WATCH, scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), MIN_WATCH_MS) },
    summary: `until it has ended: ${summary}`,
    activityId: `${pushId}/watch`,
    isStock: true,
  });
  let isOverdue = false;
  try {
    await callChannel(input, watch, (channel, ref) => channel.readPushJob({ pushId, ...ref }));
  } catch (error) {
    if (readFailure(error).type !== 'ChannelStillWorking') throw error;
    isOverdue = true;
  }
  return callChannel(
    input,
    () => ({ policy: JOB_COLLECT, summary: `verdicts: ${summary}`, activityId: `${pushId}/collect`, isStock: true }),
    (channel, ref) => channel.collectPushJob({ pushId, isOverdue, ...ref }),
  );
}
