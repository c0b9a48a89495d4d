import { ApplicationFailure, type Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { ConnectorError } from '../connectors/errors';
import { type FailureDetails, type FailureType, TREATMENT } from '../contracts/failures';
import { isDatabaseDown } from '../store/database';

const toApplicationFailure = (type: FailureType, message: string, details: FailureDetails): ApplicationFailure =>
  ApplicationFailure.create({
    type,
    message,
    details: [details],
    nonRetryable: !TREATMENT[type].retried,
    ...(TREATMENT[type].benign ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(details.retryAfterMs === undefined ? {} : { nextRetryDelay: details.retryAfterMs }),
  });

/** Tells what happened, so that logs and metrics can be kept in one place. */
export type FailureObserver = (failure: {
  activityType: string;
  /** `Unexpected`: outside the closed set, such as a bug. */
  type: FailureType | 'Unexpected';
  message: string;
  details: FailureDetails;
}) => void;

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
      const translated =
        error instanceof ConnectorError
          ? { type: error.type, message: error.message, details: error.details }
          : isDatabaseDown(error)
            ? // The driver's own words may hold values of the statement.
              { type: 'StoreUnavailable' as const, message: 'MySQL cannot be reached', details: {} }
            : undefined;
      if (!translated) {
        // Only its name: nobody has looked at what its message may hold.
        const message = error instanceof Error ? error.name : 'thrown value';
        this.observe({ activityType: this.context.info.activityType, type: 'Unexpected', message, details: {} });
        throw error;
      }
      this.observe({ activityType: this.context.info.activityType, ...translated });
      throw toApplicationFailure(translated.type, translated.message, translated.details);
    }
  }
}
