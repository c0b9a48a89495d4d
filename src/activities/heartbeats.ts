import type { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/**
 * The worker lets one out only when four fifths of the timeout have passed, 2.4 of 3 s. To let all of them out, for more slack
 * on a busy machine, was tried: each is a write of Temporal's, and in the soak stock went out at a fifth of the pace.
 */
const HEARTBEAT_INTERVAL_MS = 1_000;

interface Beat {
  /** How often the channel itself failed in the attempts before this one. */
  channelFailures: number;
}

/** What the attempts before this one left: Temporal hands the last heartbeat to the next attempt, whatever ended the one before. */
export const earlierChannelFailures = ({ info }: Context): number =>
  (info.heartbeatDetails as Beat | undefined)?.channelFailures ?? 0;

/** Leaves for the attempts after this one how often the channel has failed. */
export const noteChannelFailures = (context: Context, channelFailures: number): void =>
  context.heartbeat({ channelFailures } satisfies Beat);

/** Says that the process is alive, for activities that have a heartbeat timeout, so that a killed worker is noticed soon. */
export class HeartbeatInterceptor implements ActivityInboundCallsInterceptor {
  constructor(private readonly context: Context) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    if (this.context.info.heartbeatTimeoutMs === undefined) return next(input);
    const earlier = earlierChannelFailures(this.context);
    const timer = setInterval(() => noteChannelFailures(this.context, earlier), HEARTBEAT_INTERVAL_MS);
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  }
}
