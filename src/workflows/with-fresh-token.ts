import { proxyActivities } from '@temporalio/workflow';
import type { ChannelActivities } from '../activities';
import type { Channel } from '../contracts/channels';
import { channelTaskQueue } from '../contracts/ids';
import { TOKEN_REFRESH } from './activity-options';
import { type ReadFailure, readFailure } from './failure-reading';

/** Tokens that others replaced may be dead by the time we use them; more rounds than this means something else is wrong. */
const MAX_REFRESHES = 3;

/** Refused later than this, a token may have died before anybody used it, such as while no worker ran. */
const FRESH_FOR_MS = 60_000;

/**
 * Runs a call to a channel; when its token is refused, has it replaced and runs the call again with at least the new
 * generation. A token refused right after its login, by a channel that never took it, marks the connection `needs_reauth`, and
 * the failure is thrown on.
 */
export async function withFreshToken<T>(
  connection: { connectionId: number; channel: Channel },
  call: (minTokenGeneration: number) => Promise<T>,
): Promise<T> {
  const { refreshAccessToken, requireReauth } = proxyActivities<ChannelActivities>({
    ...TOKEN_REFRESH,
    taskQueue: channelTaskQueue(connection.channel),
  });
  const { connectionId } = connection;
  let minTokenGeneration = 0;
  const generationOf = ({ details }: ReadFailure) => details.tokenGeneration ?? minTokenGeneration;
  let issuedAtMs = 0;
  for (let refreshes = 0; ; refreshes++) {
    let refused: ReadFailure;
    try {
      return await call(minTokenGeneration);
    } catch (error) {
      refused = readFailure(error);
      if (refused.type !== 'ChannelAuthFailed') throw error;
      const isLastRound = refreshes >= MAX_REFRESHES;
      if (isLastRound || Date.now() - issuedAtMs < FRESH_FOR_MS) {
        const hasDied = await requireReauth({
          connectionId,
          reason: refused.message,
          ...(isLastRound ? {} : { refusedGeneration: generationOf(refused) }),
        });
        if (!hasDied) throw error;
      }
    }
    try {
      const rejectedGeneration = generationOf(refused);
      const refresh = await refreshAccessToken({ connectionId, rejectedGeneration });
      minTokenGeneration = refresh.generation;
      issuedAtMs = refresh.refreshed ? Date.now() : 0;
    } catch (error) {
      const failure = readFailure(error);
      if (failure.type === 'ChannelAuthFailed') await requireReauth({ connectionId, reason: failure.message });
      throw error;
    }
  }
}
