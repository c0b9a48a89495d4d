import type { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** The worker has to let each of them out: by default it holds heartbeats back until four fifths of the timeout have passed. */
export const HEARTBEAT_INTERVAL_MS = 1_000;

/** Says every second that the process is alive, for activities that have a heartbeat timeout, so that a killed worker is noticed soon. */
export class HeartbeatInterceptor implements ActivityInboundCallsInterceptor {
  constructor(private readonly context: Context) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    if (this.context.info.heartbeatTimeoutMs === undefined) return next(input);
    const timer = setInterval(() => this.context.heartbeat(), HEARTBEAT_INTERVAL_MS);
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  }
}
