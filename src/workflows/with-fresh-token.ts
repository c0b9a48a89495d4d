import { proxyActivities } from '@temporalio/workflow';
import type { ChannelActivities } from '../activities';
import type { Channel } from '../contracts/channels';
import { channelTaskQueue } from '../contracts/ids';
import { TOKEN_REFRESH } from './activity-options';
import { readFailure } from './failure-reading';

/** Tokens that others replaced may be dead by the time we use them; more rounds than this means something else is wrong. */
const MAX_REFRESHES = 3;

/**
 * Runs a call to a channel; when its token is refused, has it replaced and runs the call again with at least the new
 * generation. A token refused right after its login marks the connection `needs_reauth` and the failure is thrown on.
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
  let isFreshlyIssued = false;
  for (let refreshes = 0; ; refreshes++) {
    let refused: ReturnType<typeof readFailure>;
    try {
      return await call(minTokenGeneration);
    } catch (error) {
      refused = readFailure(error);
      if (refused.type !== 'ChannelAuthFailed') throw error;
      if (isFreshlyIssued || refreshes >= MAX_REFRESHES) {
        await requireReauth({ connectionId, reason: refused.message });
        throw error;
      }
    }
    try {
      const rejectedGeneration = refused.details.tokenGeneration ?? minTokenGeneration;
      const refresh = await refreshAccessToken({ connectionId, rejectedGeneration });
      minTokenGeneration = refresh.generation;
      isFreshlyIssued = refresh.refreshed;
    } catch (error) {
      const failure = readFailure(error);
      if (failure.type === 'ChannelAuthFailed') await requireReauth({ connectionId, reason: failure.message });
      throw error;
    }
  }
}
