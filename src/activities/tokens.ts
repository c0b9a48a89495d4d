import { cancellationSignal, log } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { Connector, ConnectorContext } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import type { ConnectionCache } from '../store/connection-cache';
import type { TokenRefresh } from '../store/connection-tokens';
import type { ConnectionStore } from '../store/connections';
import type { WorkingTokenStore } from '../store/working-tokens';

export interface TokenActivityDeps {
  connections: Pick<ConnectionStore, 'replaceToken' | 'setStatus'>;
  cache: Pick<ConnectionCache, 'forget'>;
  workingTokens: Pick<WorkingTokenStore, 'has'>;
  connectorFor(channel: Channel): Connector;
  context: ConnectorContext;
  /** Counts logins, by channel. */
  onLogin(channel: Channel): void;
}

/** One login per token generation, whoever asks and however many ask; none where another program has put a token into the shared table. */
export function createTokenActivities(deps: TokenActivityDeps) {
  // Within this process the callers share one attempt, so that waiting for the row costs one database connection, not one each.
  const inFlight = new Map<string, Promise<TokenRefresh | undefined>>();

  async function issue(connection: Connection) {
    const { id: connectionId, channel, tokenGeneration } = connection;
    const details = { connectionId, channel, tokenGeneration };
    if (connection.status === 'needs_reauth') {
      throw new ConnectorError('ChannelAuthFailed', `connection ${connectionId} needs new credentials`, { details });
    }
    const { tokenIssuer } = deps.connectorFor(channel).open(connection, deps.context);
    if (!tokenIssuer) {
      throw new ConnectorError('ChannelAuthFailed', `${channel} refused the credentials and issues no tokens`, {
        details,
      });
    }
    deps.onLogin(channel);
    return tokenIssuer.issueToken({ signal: cancellationSignal() });
  }

  return {
    /** Replaces the refused token unless somebody did so already; `refreshed` tells whether by a login of this call. Fails with `ChannelAuthFailed` when the login is refused. */
    async refreshAccessToken({ connectionId, rejectedGeneration }: RefreshAccessTokenInput): Promise<TokenRefresh> {
      const key = `${connectionId}/${rejectedGeneration}`;
      const running = inFlight.get(key);
      const attempt =
        running ??
        deps.connections.replaceToken(connectionId, rejectedGeneration, issue).finally(() => inFlight.delete(key));
      inFlight.set(key, attempt);
      const refresh = await attempt;
      deps.cache.forget(connectionId);
      if (!refresh) {
        throw new ConnectorError('ConnectionNotFound', `there is no connection ${connectionId}`, {
          details: { connectionId },
        });
      }
      const { sharedFault, ...result } = refresh;
      if (sharedFault !== undefined && !running) {
        log.warn('the new token could not be written into ie_appinstall_connection, where others read it', {
          connectionId,
          code: sharedFault,
        });
      }
      return running ? { ...result, refreshed: false } : result;
    },

    /**
     * Marks a connection whose login was refused, or the token that it just got: work is kept until a person restores it. True, and
     * nothing marked, when the channel has taken that token before: it died, which says nothing against the credentials.
     */
    async requireReauth({ connectionId, reason, refusedGeneration }: RequireReauthInput): Promise<boolean> {
      if (refusedGeneration !== undefined && (await deps.workingTokens.has(connectionId, refusedGeneration)))
        return true;
      await deps.connections.setStatus(connectionId, 'needs_reauth', reason);
      deps.cache.forget(connectionId);
      return false;
    },
  };
}

export interface RequireReauthInput {
  connectionId: number;
  reason: string;
  /** The generation of the fresh token that was refused; absent: whatever tokens it had, it is marked. */
  refusedGeneration?: number;
}

export interface RefreshAccessTokenInput {
  connectionId: number;
  rejectedGeneration: number;
}
