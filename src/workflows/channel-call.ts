import { type ActivityOptions, patched, proxyActivities, type RetryPolicy, sleep } from '@temporalio/workflow';
import type { ChannelActivities } from '../activities';
import type { ConnectionRef } from '../activities/opener';
import type { Channel } from '../contracts/channels';
import { NOT_THE_CHANNELS, type ReservedSlot } from '../contracts/failures';
import { channelTaskQueue } from '../contracts/ids';
import { isLoginDue, type LoginDue } from '../contracts/login-due';
import { MAX_PROBE_INTERVAL_MS, PROBE_INTERVAL_MS } from './activity-options';
import { type ReadFailure, readFailure } from './failure-reading';
import { withFreshToken } from './with-fresh-token';

/** Whom a call is made to. */
export interface CalledConnection {
  connectionId: number;
  channel: Channel;
  displayName: string;
}

export interface ChannelCall {
  /** Asked for anew each time the activity is made, because a deadline may stand in it. */
  policy: ActivityOptions & { retry: RetryPolicy };
  /** What a person reads in the timeline. */
  summary: string;
  activityId?: string;
  /** Of stock, whose calls have waited for the channel's pauses since before orders did. */
  isStock?: boolean;
  /** What heals by itself and the run has waited for: met again, it is told at once. */
  probed?: ReadFailure['type'];
}

/** The activities of a channel, any of which may answer that a login comes first. */
export type CalledChannel = {
  [Name in keyof ChannelActivities]: (
    ...sent: Parameters<ChannelActivities[Name]>
  ) => Promise<Awaited<ReturnType<ChannelActivities[Name]>> | LoginDue>;
};

/** What a channel has failed of while one thing was asked of it; shared by the calls that ask for it again. */
export interface SpentAttempts {
  channelFailures: number;
}

/** What is over sooner needs nobody's attention. */
const QUIET_MS = 60_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;

/**
 * Calls a channel under its policy, whose attempts are the channel's alone: a lost worker, MySQL away or our own rate limit is waited
 * for, and the call is made again with the attempts that are left. A refused token is replaced. Throws the activity's failure when the
 * channel has failed as often as the policy allows, at whatever no other attempt can help, and when the waits add up to a minute;
 * the wait for a turn that is reserved does not count. `spent` carries the count over to a later call for the same thing.
 */
export function callChannel<T>(
  connection: CalledConnection,
  describeCall: () => ChannelCall,
  call: (channel: CalledChannel, ref: ConnectionRef) => Promise<T | LoginDue>,
  spent: SpentAttempts = { channelFailures: 0 },
): Promise<T> {
  const { connectionId } = connection;
  const taskQueue = channelTaskQueue(connection.channel);
  let waitedMs = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let slot: ReservedSlot | undefined;

  return withFreshToken(connection, async (minTokenGeneration, isLastToken) => {
    for (;;) {
      const { policy, summary, activityId, isStock = false, probed } = describeCall();
      const { maximumAttempts } = policy.retry;
      // Complete options each time: those given to a single call would be merged into the proxy's, so that a limit of one leaks into another.
      const channel = proxyActivities<ChannelActivities>({
        ...policy,
        retry: {
          ...policy.retry,
          ...(maximumAttempts ? { maximumAttempts: maximumAttempts - spent.channelFailures } : {}),
        },
        taskQueue,
        summary,
        ...(activityId === undefined ? {} : { activityId }),
      });
      try {
        const answer = await call(channel, {
          connectionId,
          minTokenGeneration,
          // Once there was a login the channel has the last word.
          ...(minTokenGeneration === 0 && patched('answers-login-due') ? { mayAnswerLoginDue: true } : {}),
          ...(isLastToken ? { isLastToken } : {}),
          ...(slot ? { slot } : {}),
        });
        if (isLoginDue(answer)) spent.channelFailures += answer.loginDue.channelFailures ?? 0;
        return answer;
      } catch (error) {
        const failure = readFailure(error);
        spent.channelFailures += failure.details.channelFailures ?? 0;
        if (!isWorthAnotherCall(failure, maximumAttempts, spent.channelFailures)) throw error;
        // The worker was lost after it had noted the last failure and before it could report it: zero attempts would be no policy.
        if (maximumAttempts && spent.channelFailures >= maximumAttempts) throw error;
        slot = failure.details.slot;
        const waitMs = failure.details.retryAfterMs ?? pauseMs;
        const isRateLimit = failure.type === 'ChannelRateLimited';
        const isLong = slot === undefined && waitedMs + waitMs > QUIET_MS;
        // Stock used to wait for the channel's own pauses here, however long, and for nothing else.
        const isAsBefore = isStock && isRateLimit;
        if (isLong && (!isAsBefore || patched('shows-long-pauses'))) throw error;
        if (!isAsBefore && !patched('attempts-are-the-channels')) throw error;
        const isSame = failure.type === probed && NOT_THE_CHANNELS.has(failure.type);
        if (isSame && slot === undefined && patched('probes-once')) throw error;
        if (slot === undefined) waitedMs += waitMs;
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
        await sleep(waitMs, { summary: waitSummary(connection, failure) });
      }
    }
  });
}

/** When to try again by ourselves what heals without a person: not before the channel's own pause is over, but every ten minutes at least. */
export const nextProbeMs = ({ details }: ReadFailure): number =>
  Math.min(Math.max(PROBE_INTERVAL_MS, details.retryAfterMs ?? 0), MAX_PROBE_INTERVAL_MS);

/**
 * Paces the probes of what heals by itself: every 30 s at first, later after a tenth of the time that it has lasted, at most ten minutes.
 * A history has room for 51,200 events, and so for more than a week of that.
 */
export function createProbes() {
  let probed: { connection: CalledConnection; type: ReadFailure['type']; sinceMs: number } | undefined;
  return {
    /** What of this connection is waited for. */
    of: (connection: CalledConnection) => (probed?.connection === connection ? probed.type : undefined),
    nextMs(connection: CalledConnection, failure: ReadFailure): number {
      const { type } = failure;
      if (probed?.connection !== connection || probed.type !== type) probed = { connection, type, sinceMs: Date.now() };
      return Math.max(nextProbeMs(failure), Math.min((Date.now() - probed.sinceMs) / 10, MAX_PROBE_INTERVAL_MS));
    },
    end(): void {
      probed = undefined;
    },
  };
}

/** Also when the policy's attempts went to something else, such as a person's pause. */
const isWorthAnotherCall = ({ type, details }: ReadFailure, maximumAttempts: number | undefined, failures: number) =>
  NOT_THE_CHANNELS.has(type) ||
  (type === 'ChannelUnavailable' && details.channelFailures !== undefined && failures < (maximumAttempts ?? 0));

const waitSummary = ({ displayName }: CalledConnection, { type, details }: ReadFailure): string => {
  if (type === 'StoreUnavailable') return 'until MySQL is back';
  if (type === 'AttemptLost') return 'its worker was lost';
  if (type === 'LineInUse') return 'another order asks for the same line';
  if (type !== 'ChannelRateLimited') return 'before the next attempt';
  return details.slot ? `until its turn at ${displayName}` : `${displayName} asked us to wait`;
};
