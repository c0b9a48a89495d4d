import { ConnectorError } from '../connectors/errors';
import type { Connection } from '../contracts/connection';

/** Throws `ConnectionPaused`, or `ChannelAuthFailed` where a person has to restore the connection, for one that must not be called. */
export function refuseStopped({ id: connectionId, channel, status, tokenGeneration }: Connection): void {
  const details = { connectionId, channel };
  if (status === 'paused') {
    throw new ConnectorError('ConnectionPaused', `connection ${connectionId} is paused`, { details });
  }
  if (status === 'needs_reauth') {
    throw new ConnectorError('ChannelAuthFailed', `connection ${connectionId} needs new credentials`, {
      details: { ...details, tokenGeneration, needsReauth: true },
    });
  }
}
