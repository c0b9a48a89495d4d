import { ConnectorError } from '../connectors/errors';

/** A pause up to this long is left to the activity's retry policy. */
const LONGEST_SILENT_PAUSE_MS = 60_000;

/**
 * An outage that the channel says will last, such as a 503 with `Retry-After: 600`, is a pause like any other: waiting for it inside a retry
 * policy would show nobody that everything stands still.
 */
export function asLongPause(error: unknown): unknown {
  if (!(error instanceof ConnectorError) || error.type !== 'ChannelUnavailable') return error;
  const { message, details, mayStillApply } = error;
  if ((details.retryAfterMs ?? 0) <= LONGEST_SILENT_PAUSE_MS) return error;
  return new ConnectorError('ChannelRateLimited', message, { details, mayStillApply, cause: error });
}

/** A token that the channel takes from others and refuses again and again for one request: that is a verdict on the request, like a 403. */
export function asRefusalOfOne(error: unknown, isTokenWorking: boolean): unknown {
  if (!isTokenWorking || !(error instanceof ConnectorError) || error.type !== 'ChannelAuthFailed') return error;
  const channelWords = `${error.details.channelWords ?? error.message}; it takes the same token for other requests`;
  return new ConnectorError('ChannelRejected', error.message, {
    details: { ...error.details, channelWords },
    mayStillApply: error.mayStillApply,
    cause: error,
  });
}

/** The failure as the source names it, for connections that want just that: a 4xx is logged and not tried again, except 401. */
export function toTheLetter(error: unknown): unknown {
  if (!(error instanceof ConnectorError)) return error;
  const { retryAfterMs: _unused, ...details } = error.details;
  const { status = 0 } = details;
  if (status < 400 || status > 499 || status === 401) return error;
  return new ConnectorError('ChannelRejected', error.message, { details, mayStillApply: error.mayStillApply });
}
