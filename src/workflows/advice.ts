import type { FailureType } from '../contracts/failures';
import type { ReadFailure } from './failure-reading';

const WORDS: Record<FailureType | 'Unexpected', string> = {
  ChannelUnavailable: 'unavailable',
  ChannelRateLimited: 'rate_limited',
  ChannelStillWorking: 'stuck',
  ChannelAuthFailed: 'needs_reauth',
  ChannelRejected: 'rejected',
  ChannelContractViolated: 'contract_violated',
  OutcomeUnknown: 'outcome_unknown',
  LineInUse: 'line_in_use',
  InputInvalid: 'misconfigured',
  ConnectionNotFound: 'misconfigured',
  OrderNotFound: 'order_not_found',
  ConnectionPaused: 'paused',
  CapabilityMissing: 'misconfigured',
  InvariantBroken: 'internal_error',
  StoreUnavailable: 'store_unavailable',
  AttemptLost: 'worker_lost',
  Unexpected: 'internal_error',
};

/** The value of the search attribute: `<channel>_rejected`. */
export const attentionWord = (channel: string, failure: Pick<ReadFailure, 'type'>): string =>
  `${channel}_${WORDS[failure.type]}`;

const CLI = 'npm run cli --';

/** What a person can do about it. `id` is the connection's, or `<id>` where nobody knows it. */
const ADVICE: Record<FailureType | 'Unexpected', (id: string) => string> = {
  ChannelUnavailable: (id) =>
    `The channel did not answer, or answered 5xx. \`${CLI} connections test ${id}\` tells whether it is back.`,
  ChannelRateLimited: () => 'The channel asks us to slow down. Nobody has to do anything.',
  ChannelStillWorking: () =>
    'The channel did not end a job in time. It was stopped, and what it had not done goes out again. Nobody has to do anything.',
  ChannelAuthFailed: (id) =>
    `Correct the credentials with \`${CLI} connections restore ${id}\`: the runs that wait for them go on by themselves.`,
  ChannelRejected: () =>
    'The channel refused it for the reason above. Correct the cause and send `retry`, or send `giveUp`.',
  ChannelContractViolated: () =>
    'The channel answered something that we do not understand. Compare it with the channel’s documentation, then send `retry`.',
  OutcomeUnknown: () =>
    'Nobody knows whether the channel applied it. Look there and say what you saw with `confirmCancelled` or `confirmNotCancelled`; `retry` reads back first.',
  LineInUse: () =>
    'Another order asks for the same line of the marketplace’s order and waits for its outcome. Help that one, or send its event again if its run is over.',
  InputInvalid: (id) =>
    `Credentials, settings or input do not fit. Look at \`${CLI} connections show ${id}\`, correct what the words above name, then send \`retry\`.`,
  ConnectionNotFound: (id) =>
    `Connection ${id} is gone. Add it again under that id with \`${CLI} connections add\`, then send \`retry\`, or send \`giveUp\`.`,
  OrderNotFound: () =>
    'The order is not in the database, as after an older copy was restored. Send its event again, then send `retry`, or send `giveUp`.',
  ConnectionPaused: (id) =>
    `Somebody paused the connection. \`${CLI} connections resume ${id}\` lets the runs that wait for it go on.`,
  CapabilityMissing: () => 'The channel cannot do this. Send `giveUp`.',
  InvariantBroken: () => 'A fault of Stockbridge: please report it with the history of this run.',
  StoreUnavailable: () => 'MySQL could not be reached. Nobody has to do anything here; look at MySQL if it stays.',
  AttemptLost: () =>
    'The worker died or hung in the middle of it. Nobody has to do anything here; look at the workers if it stays.',
  Unexpected: () => 'A fault of Stockbridge: please report it with the history of this run.',
};

/** `2026-11-28 12:40:05 UTC`. */
export const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A question to a person, with what they need to answer it. */
export interface QuestionWords {
  title: string;
  failure: ReadFailure;
  word: string;
  workflowId: string;
  accountSlug: string | undefined;
  /** The connection that it is about, and what people call it. */
  connection: { connectionId?: number | string; displayName?: string };
  /** Since when this is asked, milliseconds since the epoch. */
  sinceMs: number;
  /** When the run goes on although nobody answers, milliseconds since the epoch; absent: not at all. */
  goesOnAtMs?: number;
  /** A sentence each: what is done already, what waits. */
  facts: readonly string[];
  /** What `giveUp` leaves behind, a sentence. */
  leaves?: string;
  /** The signals that answer it; none while the run does something first. */
  signals: readonly string[];
  /** What the run does first, a sentence; then it waits for an answer. */
  first?: string;
}

/** The question in markdown. Built from the run's own facts and times, so that a replay says the same. */
export function questionOf(question: QuestionWords): string {
  const { title, failure, accountSlug, connection, sinceMs, facts, leaves, first } = question;
  const id = connection.connectionId === undefined ? '<id>' : String(connection.connectionId);
  const whose = [
    ...(accountSlug === undefined ? [] : [`Account \`${accountSlug}\``]),
    ...(connection.connectionId === undefined
      ? []
      : [[connection.displayName, `connection ${id}`].filter(Boolean).join(', ')]),
    `waiting since ${utc(sinceMs)}`,
  ];
  return [
    `### ${title}`,
    `> ${failure.details.channelWords ?? failure.message}`,
    `${whose.join(' · ')}.`,
    ...(facts.length > 0 ? [facts.map((fact) => `- ${fact}`).join('\n')] : []),
    [ADVICE[failure.type](id), ...(first === undefined ? [byItself(question)] : [])].join(' '),
    ...(leaves === undefined ? [] : [leaves]),
    first ?? answersOf(question),
  ].join('\n\n');
}

function byItself({ failure, goesOnAtMs }: QuestionWords): string {
  if (goesOnAtMs === undefined) {
    const back = failure.type === 'ChannelUnavailable' ? 'When it is, send `retry`. ' : '';
    return `${back}The run waits for that and does not try by itself; without an answer it fails after 7 days.`;
  }
  const at = utc(goesOnAtMs);
  return failure.type === 'ChannelRejected'
    ? `The run does not send this again by itself; at ${at} it goes on with what else is due.`
    : `The run tries again by itself, next at ${at} and then every ten minutes at least; \`retry\` makes it try at once.`;
}

function answersOf({ word, workflowId, signals }: QuestionWords): string {
  const confirm = signals.includes('confirmCancelled')
    ? `, \`${CLI} confirm ${workflowId} --cancelled\` (or \`--not-cancelled\`)`
    : '';
  return [
    `Signals: ${signals.map((name) => `\`${name}\``).join(' · ')}`,
    `From a terminal: \`${CLI} retry --attention ${word}\` for every run that waits for this, \`${CLI} give-up ${workflowId}\`${confirm}.`,
  ].join('\n\n');
}
