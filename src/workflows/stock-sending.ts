import type { PushReport, RunningJob } from '../contracts/stock';
import { CHANNEL_PUSH, JOB_COLLECT, JOB_WATCH } from './activity-options';
import { type CalledConnection, callChannel } from './channel-call';
import { readFailure } from './failure-reading';
import { pushSummary } from './wording';

/** Whose stock it is. */
export type SyncedConnection = CalledConnection;

/** One push on its way. Its id stays the same over every attempt, so that what an attempt leaves undone is known. */
export interface Push {
  pushId: string;
  onlyZeros: boolean;
  /** What the channel is at work on. */
  job?: StartedJob;
}

export interface StartedJob extends Pick<RunningJob, 'pushId'> {
  /** When it has to have ended, milliseconds since the epoch. */
  deadlineMs: number;
}

/** A job whose deadline passed while nobody watched is looked at once more before it is stopped. */
const MIN_WATCH_MS = 10_000;

/** Sends what is most urgent by the time that it may leave; a channel that works stock off as jobs starts one. */
export function sendChunk(input: SyncedConnection, { pushId, onlyZeros }: Push): Promise<PushReport> {
  return callChannel(
    input,
    () => ({
      policy: CHANNEL_PUSH,
      summary: pushSummary(input.displayName, onlyZeros),
      activityId: pushId,
      isStock: true,
    }),
    (channel, ref) => channel.pushChunk({ pushId, ...(onlyZeros ? { onlyZeros } : {}), ...ref }),
  );
}

/** Watches a job until it ends or its deadline passes, and collects its verdicts. */
export async function endJob(input: SyncedConnection, { pushId, deadlineMs }: StartedJob): Promise<PushReport> {
  const { displayName } = input;
  const watch = () => ({
    policy: { ...JOB_WATCH, scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), MIN_WATCH_MS) },
    summary: `until ${displayName} has worked off the file`,
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
    () => ({
      policy: JOB_COLLECT,
      summary: `what ${displayName} says of each line`,
      activityId: `${pushId}/collect`,
      isStock: true,
    }),
    (channel, ref) => channel.collectPushJob({ pushId, isOverdue, ...ref }),
  );
}
