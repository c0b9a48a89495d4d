import type { FailureDetails, FailureType } from '../contracts/failures';

const MAX_MESSAGE_CHARS = 500;

/**
 * What a connector throws, and the only thing: one of the closed set of failure types, with a message that a person can
 * act on. Messages and details hold no secret and no raw body; the activity interceptor translates it for Temporal.
 */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
  readonly type: FailureType;
  readonly details: FailureDetails;
  /** False when the request certainly had no effect: it never left, or the channel answered it. True when it may still be applied. */
  readonly mayStillApply: boolean;

  constructor(
    type: FailureType,
    message: string,
    options: { details?: FailureDetails; mayStillApply?: boolean; cause?: unknown } = {},
  ) {
    super(message.slice(0, MAX_MESSAGE_CHARS), options.cause === undefined ? undefined : { cause: options.cause });
    this.type = type;
    this.details = options.details ?? {};
    this.mayStillApply = options.mayStillApply ?? false;
  }
}
