import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { ConnectorError } from '../connectors/errors';
import { type FailureDetails, type FailureType, type ObservedFailure, TREATMENT } from '../contracts/failures';
import { orderIdentityOf } from '../contracts/ids';
import type { LoginDue } from '../contracts/login-due';
import { isDatabaseDown, isStoreUnavailable, refusalCodeOf } from '../store/database';
import { CallNotMade } from './call-not-made';
import { earlierChannelFailures, noteChannelFailures } from './heartbeats';

const toApplicationFailure = (type: FailureType, message: string, details: FailureDetails): ApplicationFailure =>
  ApplicationFailure.create({
    type,
    message,
    details: [details],
    nonRetryable: !TREATMENT[type].retried,
    ...(TREATMENT[type].benign ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(details.retryAfterMs === undefined ? {} : { nextRetryDelay: details.retryAfterMs }),
  });

/** What the store threw, without the driver's own words: they may hold a statement and its values. */
function storeFailureOf(error: unknown): { type: FailureType; message: string; details: FailureDetails } | undefined {
  if (isDatabaseDown(error)) return { type: 'StoreUnavailable', message: 'MySQL cannot be reached', details: {} };
  const code = refusalCodeOf(error);
  if (code === undefined) return undefined;
  const type = isStoreUnavailable(error) ? 'StoreUnavailable' : 'InvariantBroken';
  return { type, message: `MySQL refused a statement (${code})`, details: {} };
}

/** Throws on what the store threw when the answer of a channel was to be written down: the request is as good as applied. */
export function afterTheRequest(error: unknown): never {
  const failure = storeFailureOf(error);
  if (!failure) throw error;
  const { type, message, details } = failure;
  throw new ConnectorError(type, message, { details, mayStillApply: true, cause: error });
}

/** Tells what happened, so that logs and metrics can be kept in one place. */
export type FailureObserver = (failure: ObservedFailure) => void;

/** Translates what connectors and the store throw into Temporal's failures: the only place that knows both. */
export class FailureInterceptor implements ActivityInboundCallsInterceptor {
  constructor(
    private readonly context: Context,
    private readonly observe: FailureObserver,
  ) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      // Whatever it threw, it threw because it was told to stop: no failure of anybody's.
      if (this.context.cancellationSignal.aborted) throw new CancelledFailure('the activity was told to stop');
      if (error instanceof CallNotMade) return this.answerOf(error);
      const translated = error instanceof ConnectorError ? error : storeFailureOf(error);
      if (!translated) {
        // Only its name: nobody has looked at what its message may hold.
        const message = error instanceof Error ? error.name : 'thrown value';
        this.observe({ ...this.subject(), type: 'Unexpected', message, details: {} });
        throw error;
      }
      const { type, message } = translated;
      const isOpen = error instanceof ConnectorError && error.mayStillApply;
      const details = this.withCount(type, { ...translated.details, ...(isOpen ? { mayStillApply: true } : {}) });
      this.observe({ ...this.subject(), type, message, details });
      throw toApplicationFailure(type, message, details);
    }
  }

  /** What failed, and whose it was: by this a line of the log leads to the run, and to the order. */
  private subject(): Pick<ObservedFailure, 'activityType' | 'workflowId' | 'runId' | 'orderNumber'> {
    const { activityType, workflowExecution } = this.context.info;
    const order = orderIdentityOf(workflowExecution?.workflowId ?? '');
    return { activityType, ...workflowExecution, ...(order ? { orderNumber: order.orderNumber } : {}) };
  }

  private answerOf({ loginDue }: CallNotMade): LoginDue {
    const channelFailures = earlierChannelFailures(this.context);
    return { loginDue: { ...loginDue, ...(channelFailures > 0 ? { channelFailures } : {}) } };
  }

  /** Counts what the channel can be charged with, so that lost attempts and our own outages use up none of its attempts. */
  private withCount(type: FailureType, details: FailureDetails): FailureDetails {
    const channelFailures = earlierChannelFailures(this.context) + (type === 'ChannelUnavailable' ? 1 : 0);
    if (channelFailures === 0) return details;
    noteChannelFailures(this.context, channelFailures);
    return { ...details, channelFailures };
  }
}
