import { proxyActivities, sleep } from '@temporalio/workflow';
import type { ChannelActivities, HomeActivities } from '../activities';
import type { Channel } from '../contracts/channels';
import { channelTaskQueue } from '../contracts/ids';
import type { PlannedPush, PushPlan, PushResult, SyncTotals } from '../contracts/stock';
import { CHANNEL_PUSH, HOME, JOB_COLLECT, JOB_START, JOB_WATCH, PROBE_INTERVAL } from './activity-options';
import { forEachBounded } from './bounded';
import { type ReadFailure, readFailure } from './failure-reading';
import { withFreshToken } from './with-fresh-token';
import { pushSummary } from './wording';

/** Whose stock it is. */
export interface SyncedConnection {
  connectionId: number;
  channel: Channel;
  displayName: string;
}

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
      await home.releasePush({ pushId: push.pushId });
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

/** Makes a call to the channel until its policy gives up: with a new token where the old one is refused, and after every pause that the channel asks for. */
async function persist<T>(input: SyncedConnection, call: (minTokenGeneration: number) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await withFreshToken(input, call);
    } catch (error) {
      const failure = readFailure(error);
      if (failure.type !== 'ChannelRateLimited') throw error;
      // The policy's attempts ran out while the channel asked us to wait: that is no failure, so it is simply waited for.
      await sleep(failure.details.retryAfterMs ?? PROBE_INTERVAL, { summary: `${input.displayName} asked us to wait` });
    }
  }
}

/** One call that the channel answers with a verdict for each line. */
async function sendAtOnce(input: SyncedConnection, push: PlannedPush): Promise<PushResult> {
  const { connectionId, displayName } = input;
  const { pushId } = push;
  const taskQueue = channelTaskQueue(input.channel);
  const { pushChunk } = proxyActivities<ChannelActivities>({ ...CHANNEL_PUSH, taskQueue });
  const summary = pushSummary(displayName, push);
  const options = { ...CHANNEL_PUSH, taskQueue, activityId: pushId, summary };
  return persist(input, (minTokenGeneration) =>
    pushChunk.executeWithOptions(options, [{ pushId, connectionId, minTokenGeneration }]),
  );
}

/** A job that the channel works off in its own time: started, watched until it ends or its deadline passes, collected. */
async function sendAsJob(input: SyncedConnection, push: PlannedPush): Promise<PushResult> {
  const { connectionId, displayName } = input;
  const { pushId } = push;
  const taskQueue = channelTaskQueue(input.channel);
  const activities = proxyActivities<ChannelActivities>({ ...JOB_START, taskQueue });
  const summary = pushSummary(displayName, push);
  const job = await persist(input, (minTokenGeneration) =>
    activities.startPushJob.executeWithOptions({ ...JOB_START, taskQueue, activityId: `${pushId}/start`, summary }, [
      { pushId, connectionId, minTokenGeneration },
    ]),
  );
  if (!job.isRunning) return job.result;

  const deadlineMs = Date.now() + job.deadlineInMs;
  const watch = (minTokenGeneration: number) =>
    activities.readPushJob.executeWithOptions(
      {
        ...JOB_WATCH,
        taskQueue,
        activityId: `${pushId}/watch`,
        summary: `until it has ended: ${summary}`,
        scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), MIN_WATCH_MS),
      },
      [{ pushId, connectionId, minTokenGeneration }],
    );
  let isOverdue = false;
  try {
    await persist(input, watch);
  } catch (error) {
    if (readFailure(error).type !== 'ChannelStillWorking') throw error;
    isOverdue = true;
  }
  return persist(input, (minTokenGeneration) =>
    activities.collectPushJob.executeWithOptions(
      { ...JOB_COLLECT, taskQueue, activityId: `${pushId}/collect`, summary: `verdicts: ${summary}` },
      [{ pushId, connectionId, minTokenGeneration, isOverdue }],
    ),
  );
}
