import { patched, proxyActivities } from '@temporalio/workflow';
import type { ChannelActivities } from '../activities';
import type { Channel } from '../contracts/channels';
import { channelTaskQueue } from '../contracts/ids';
import { isLoginDue, type LoginDue } from '../contracts/login-due';
import { TOKEN_REFRESH } from './activity-options';
import { type ReadFailure, readFailure } from './failure-reading';

/** Tokens that others replaced may be dead by the time we use them; more rounds than this means something else is wrong. */
const MAX_REFRESHES = 3;

/** Refused later than this, a token may have died before anybody used it, such as while no worker ran. */
const FRESH_FOR_MS = 60_000;

/** A new token may not be known everywhere in its first moment; a second one that is refused as well says that the login is worth nothing. */
const MAX_FRESH_REFUSALS = 2;

/**
 * Runs a call to a channel; when its token is refused, or the call was not made for want of one, has it replaced and runs the call
 * again with at least the new generation. A second token refused right after its login, by a channel that never took it, marks the connection
 * `needs_reauth`, and the failure is thrown on. The last call is told so: where the channel takes its token from others, being
 * refused once more is a verdict on this request.
 */
export async function withFreshToken<T>(
  connection: { connectionId: number; channel: Channel },
  call: (minTokenGeneration: number, isLastToken: boolean) => Promise<T | LoginDue>,
): Promise<T> {
  const { refreshAccessToken, requireReauth } = proxyActivities<ChannelActivities>({
    ...TOKEN_REFRESH,
    taskQueue: channelTaskQueue(connection.channel),
  });
  const { connectionId } = connection;
  let minTokenGeneration = 0;
  const generationOf = ({ details }: ReadFailure) => details.tokenGeneration ?? minTokenGeneration;
  let issuedAtMs = 0;
  let freshRefusals = 0;
  for (let refreshes = 0; ; refreshes++) {
    let refused: ReadFailure;
    try {
      const answer = await call(minTokenGeneration, refreshes >= MAX_REFRESHES);
      if (!isLoginDue(answer)) return answer;
      const { tokenGeneration, reason } = answer.loginDue;
      refused = { type: 'ChannelAuthFailed', message: reason, details: { tokenGeneration } };
    } catch (error) {
      refused = readFailure(error);
      if (refused.type !== 'ChannelAuthFailed') throw error;
      // A person has to act first: another login would only be refused, and its reason would take the place of the first one.
      if (refused.details.needsReauth) throw error;
      const isLastRound = refreshes >= MAX_REFRESHES;
      const isFresh = Date.now() - issuedAtMs < FRESH_FOR_MS;
      if (isFresh) freshRefusals++;
      const isForgiving = (isLastRound || isFresh) && patched('forgives-one-fresh-token');
      if (isLastRound || (isFresh && (!isForgiving || freshRefusals >= MAX_FRESH_REFUSALS))) {
        const isWorking = await requireReauth({
          connectionId,
          reason: refused.message,
          ...(isLastRound && !isForgiving ? {} : { refusedGeneration: generationOf(refused) }),
        });
        if (!isWorking || isLastRound) throw error;
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
