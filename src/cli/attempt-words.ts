import type { CreditState } from '../store/gate-overview';
import type { PushAttempts } from '../store/push-attempts';
import { type Cell, counted, moment, table } from './output';

const iso = (atMs: number): string => new Date(atMs).toISOString();

/** A push's attempts as JSON documents print them. */
export const attemptsJson = ({ createdAtMs, updatedAtMs, ...push }: PushAttempts) => ({
  ...push,
  createdAt: iso(createdAtMs),
  updatedAt: iso(updatedAtMs),
});

/** Attempts that nobody has heard of, in words; empty when there are none. */
function unansweredWords({ unanswered, state, jobId, jobState }: PushAttempts): string {
  if (unanswered === 0) return '';
  if (jobState !== null && jobState !== 'ended')
    return `job ${jobId ?? '(its id is not known yet)'} is ${jobState} at the channel`;
  return state === 'open' ? `${unanswered} without an answer yet` : `${unanswered} never answered`;
}

const failureWords = ({ errorType, error }: PushAttempts): string =>
  errorType === null ? '' : error === null ? errorType : `${errorType}: ${error}`;

/** What a push has met, in a sentence. */
export function attemptsWords(push: PushAttempts, nowMs: number): string {
  const met = [unansweredWords(push), failureWords(push)].filter((words) => words !== '').join('; ');
  return `${push.pushId} (${counted(push.lineCount, 'line')}, ${push.outcome ?? push.state}): ${counted(push.attempts, 'attempt')}, the last one ${moment(push.updatedAtMs, nowMs)}${met === '' ? '' : `; ${met}`}`;
}

/** Pushes in trouble as a table; `ownPushIds` are those that the listing in question is in. */
export function troubleTable(
  pushes: readonly PushAttempts[],
  ownPushIds: readonly (string | null)[],
  nowMs: number,
): string[] {
  const rows = pushes.map((push): Cell[] => [
    moment(push.updatedAtMs, nowMs),
    push.outcome ?? push.state,
    push.attempts,
    unansweredWords(push),
    failureWords(push),
    ownPushIds.includes(push.pushId) ? `${push.pushId}, with this listing` : push.pushId,
  ]);
  return table(['last attempt', 'push is', 'attempts', 'unanswered', 'newest failure', 'push'], rows);
}

/** What the account may still spend. */
export function creditWords({ left, max, perSecond, readAtMs }: CreditState, nowMs: number): string {
  const read = readAtMs === null ? 'to be read anew' : `read ${moment(readAtMs, nowMs)}`;
  return `${left} of ${max} left, ${perSecond} come back each second; ${read}`;
}
