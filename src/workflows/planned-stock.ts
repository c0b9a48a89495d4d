import { condition, patched, proxyActivities } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { PushResult, SyncTotals } from '../contracts/stock';
import {
  CHANNEL_PUSH,
  HOME,
  JOB_COLLECT,
  JOB_START,
  JOB_WATCH,
  MAX_IDLE_MS,
  PROBE_INTERVAL_MS,
  QUIET_TIME,
} from './activity-options';
import { setOutcome } from './attention';
import { forEachBounded } from './bounded';
import { callChannel } from './channel-call';
import { type ReadFailure, readFailure } from './failure-reading';
import { HEALS_BY_ITSELF, helpOrFail, mostPressing, PAUSED, type SyncState } from './stock-help';
import type { SyncedConnection } from './stock-sending';
import { syncDetails } from './wording';

/*
 * How runs sent stock before chunks claimed their lines themselves: an activity planned the pushes, the workflow sent them wave by wave
 * and gave back what failed. Kept so that the histories of such runs replay; one that is still open goes on in the new way
 * at its next turn.
 */

interface PlannedPush {
  pushId: string;
  lineCount: number;
  zeroCount: number;
}

interface PushPlan {
  pushes: PlannedPush[];
  concurrency: number;
  nextDueInMs: number | null;
  blockedBy: 'paused' | 'needs_reauth' | null;
  asJobs: boolean;
}

/** The activities of that time. */
interface PlannedActivities {
  planPushes(input: { connectionId: number }): Promise<PushPlan>;
  releasePush(input: { pushId: string }): Promise<void>;
}

/** A job whose deadline passed while nobody watched is looked at once more before it is stopped. */
const MIN_WATCH_MS = 10_000;

const home = proxyActivities<HomeActivities & PlannedActivities>(HOME);
const NEEDS_REAUTH: ReadFailure = { type: 'ChannelAuthFailed', message: 'the credentials were refused', details: {} };

/** Failures of single lines, or of what was said about them: other chunks are worth sending. */
const concernsOneChunk = ({ type }: ReadFailure): boolean =>
  type === 'ChannelRejected' || type === 'ChannelContractViolated';

/** What kept pushes from being delivered. */
interface SendFailures {
  /** Would meet every other push as well; the pushes that it met are still open, or their lines are waiting. */
  outages: ReadFailure[];
  /** Of single pushes, whose lines have their verdicts. */
  refusals: ReadFailure[];
}

/** Sends the pushes, those with zero stock before all others. */
async function sendAll(input: SyncedConnection, plan: PushPlan, totals: SyncTotals): Promise<SendFailures> {
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
  return callChannel(
    input,
    () => ({ policy: CHANNEL_PUSH, summary: input.displayName, activityId: pushId, isStock: true }),
    (channel, ref) => channel.pushChunk({ pushId, ...ref }),
  );
}

/** A job that the channel works off in its own time: started, watched until it ends or its deadline passes, collected. */
async function sendAsJob(input: SyncedConnection, push: PlannedPush): Promise<PushResult> {
  const { pushId } = push;
  const job = await callChannel(
    input,
    () => ({ policy: JOB_START, summary: input.displayName, activityId: `${pushId}/start`, isStock: true }),
    (channel, ref) => channel.startPushJob({ pushId, ...ref }),
  );
  if (!job.isRunning) return job.result;

  const deadlineMs = Date.now() + job.deadlineInMs;
  const watch = () => ({
    policy: { ...JOB_WATCH, scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), MIN_WATCH_MS) },
    summary: input.displayName,
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
    () => ({ policy: JOB_COLLECT, summary: input.displayName, activityId: `${pushId}/collect`, isStock: true }),
    (channel, ref) => channel.collectPushJob({ pushId, isOverdue, ...ref }),
  );
}

/** One turn of such a run; true when it has ended. */
export async function planAndSend(state: SyncState): Promise<boolean> {
  const { input, attention, totals } = state;
  const { connectionId } = input;
  const plan: PushPlan | ReadFailure = await home.planPushes({ connectionId }).catch(readFailure);
  if ('type' in plan || plan.blockedBy === 'needs_reauth') {
    await helpOrFail(state, 'type' in plan ? plan : NEEDS_REAUTH);
    return false;
  }
  if (plan.blockedBy === 'paused') {
    setOutcome('paused');
    attention.clear(syncDetails(input.displayName, totals, PAUSED));
    return true;
  }
  const failed = await sendAll(input, plan, totals);
  const outage = mostPressing(failed.outages);
  if (state.refusal && failed.refusals.length > 0 && patched('asks-what-is-most-pressing'))
    state.refusal = mostPressing([state.refusal, ...failed.refusals]);
  else state.refusal ??= mostPressing(failed.refusals);
  if (outage) {
    const isUntold = plan.asJobs && outage.type === 'ChannelRejected' && patched('asks-for-refused-jobs');
    await helpOrFail(state, outage, isUntold ? { dueInMs: PROBE_INTERVAL_MS } : {});
    return false;
  }
  attention.clear(syncDetails(input.displayName, totals));
  if (plan.pushes.length > 0) return false;

  const finished = await home.finishSubmissions({ connectionId }).catch(readFailure);
  if ('type' in finished) {
    await helpOrFail(state, finished);
    return false;
  }
  if (state.refusal) {
    const asked = state.refusal;
    const isHoldingUp = plan.nextDueInMs !== null && !HEALS_BY_ITSELF.has(asked.type);
    const dueInMs = isHoldingUp && patched('refusals-hold-up-no-line') ? (plan.nextDueInMs ?? undefined) : undefined;
    const wake = () => state.isStirred;
    const decision = await helpOrFail(state, asked, { wake, ...(dueInMs === undefined ? {} : { dueInMs }) });
    const isOpen = decision === 'timeout' ? dueInMs !== undefined : decision === 'woken' && !state.isStirred;
    state.refusal = isOpen ? asked : undefined;
    return false;
  }
  const isWaiting = plan.nextDueInMs !== null && plan.nextDueInMs <= MAX_IDLE_MS;
  const waitFor = isWaiting ? Math.max(plan.nextDueInMs ?? 0, 100) : QUIET_TIME;
  const hasNews = await condition(() => state.isStirred, waitFor);
  if (hasNews || isWaiting) return false;
  setOutcome(totals.rejected + totals.unknown > 0 ? 'partial' : 'delivered');
  return true;
}
