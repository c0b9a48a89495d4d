import type { Logger } from 'pino';
import type { ObservedFailure } from '../contracts/failures';
import type { Metrics } from './metrics';

/**
 * Counts each failed attempt and writes one line about it: which run, which order, which connection of which channel, the status of the
 * answer and the channel's own words, cleaned of secrets. The line holds nothing of a customer.
 */
export const createFailureLog =
  (logger: Logger, metrics: Pick<Metrics, 'onFailure'>) =>
  ({ message, details, ...failure }: ObservedFailure): void => {
    metrics.onFailure({ ...failure, channel: details.channel });
    logger.warn({ ...failure, ...details }, message);
  };
