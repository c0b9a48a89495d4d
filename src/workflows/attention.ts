import type { Duration } from '@temporalio/common';
import {
  ApplicationFailure,
  condition,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { FailureType } from '../contracts/failures';
import { ATTENTION, OUTCOME } from '../contracts/search-attributes';
import { ATTENTION_TIMEOUT } from './activity-options';
import type { ReadFailure } from './failure-reading';
import { giveUp, retry } from './messages';
import { onSignal } from './signals';

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

/** What can be done about it, as a person at night needs to read it. */
const ADVICE: Record<FailureType | 'Unexpected', string> = {
  ChannelUnavailable: 'The channel did not answer or answered 5xx. Send `retry` when it is back.',
  ChannelRateLimited: 'The channel asks us to slow down. The run goes on by itself.',
  ChannelStillWorking:
    'The channel did not end a job in time. It was stopped, and what it had not done goes out again by itself.',
  ChannelAuthFailed: 'Correct the credentials with `cli connections restore <id>`; waiting runs go on by themselves.',
  ChannelRejected: 'The channel refused it for the reason above. Correct the cause and send `retry`, or send `giveUp`.',
  ChannelContractViolated:
    'The channel answered something that we do not understand. Compare with its documentation, then `retry`.',
  OutcomeUnknown:
    'Nobody knows whether the channel applied it. Look there and say what you saw with `confirmCancelled` or `confirmNotCancelled`; `retry` reads back first.',
  LineInUse:
    'Another order asks for the same line of the marketplace’s order and waits for its outcome. Help that one, or send its event again if its run is over; this run goes on by itself.',
  InputInvalid: 'Credentials, settings or input do not fit. Correct the connection, then `retry`.',
  ConnectionNotFound: 'The connection is gone. Add it again, then `retry`, or send `giveUp`.',
  OrderNotFound:
    'The order is not in the database, as after an older copy was restored. Send its event again, then `retry`.',
  ConnectionPaused: 'Somebody paused the connection. `cli connections resume <id>` lets waiting runs go on.',
  CapabilityMissing: 'The channel cannot do this. Send `giveUp`.',
  InvariantBroken: 'A fault of Stockbridge: please report it with the history of this run.',
  StoreUnavailable: 'MySQL could not be reached. The run goes on by itself when it is back.',
  AttemptLost:
    'The worker died or hung in the middle of it. The run goes on by itself; look at the workers if it stays.',
  Unexpected: 'A fault of Stockbridge: please report it with the history of this run.',
};

/** The value of the search attribute: `<channel>_rejected`. */
export const attentionWord = (channel: string, failure: Pick<ReadFailure, 'type'>): string =>
  `${channel}_${WORDS[failure.type]}`;

/** How a wait for a person ended. */
export type Decision = 'retry' | 'giveUp' | 'woken' | 'timeout';

/** Listens for the two signals of ops and asks for them. One per run, made at its start. */
export function createAttention() {
  let decision: 'retry' | 'giveUp' | undefined;
  let shown = '';
  const show = (text: string) => {
    shown = text;
    setCurrentDetails(text);
  };
  // A run that was continued as new asks on.
  let isAsking = workflowInfo().typedSearchAttributes.get(ATTENTION) !== undefined;
  let asked: { channel: string; word: string; isAnnounced: boolean } | undefined;
  const isKept = (isSame: boolean) => isAsking && isSame && patched('keeps-answers-sent-meanwhile');
  /** Whether people see a question about this channel. */
  const isAskedOf = (channel: string) => isKept(asked?.channel === channel);
  /** Whether people see this very question, so that its answer may have come while the run was busy. */
  const isAsked = (channel: string, failure: ReadFailure) => isKept(asked?.word === attentionWord(channel, failure));
  const put = (channel: string, failure: ReadFailure, title: string, last: string, isAnnounced = false) => {
    const words = failure.details.channelWords ?? failure.message;
    const word = attentionWord(channel, failure);
    isAsking = true;
    asked = { channel, word, isAnnounced };
    upsertSearchAttributes([{ key: ATTENTION, value: word }]);
    show(`### ${title}\n\n> ${words}\n\n${ADVICE[failure.type]}\n\n${last}`);
  };
  onSignal(
    retry,
    () => {
      decision = 'retry';
    },
    { description: 'Runs the step that failed again' },
  );
  onSignal(
    giveUp,
    () => {
      decision = 'giveUp';
    },
    { description: 'Ends the run as failed, with its cause' },
  );

  return {
    /**
     * Says what is wrong and waits for a person: 7 days, or `waitFor`. `wake` ends the wait early when it turns true.
     * A signal sent while nobody asked counts for nothing; one sent while this very question was to be seen does.
     */
    async ask(
      channel: string,
      failure: ReadFailure,
      options: { title: string; wake?: () => boolean; waitFor?: Duration; otherSignals?: readonly string[] },
    ): Promise<Decision> {
      const signals = ['retry', 'giveUp', ...(options.otherSignals ?? [])].map((name) => `\`${name}\``).join(' · ');
      if (!isAsked(channel, failure)) decision = undefined;
      put(channel, failure, options.title, `Signals: ${signals}`);
      const answered = await condition(
        () => decision !== undefined || options.wake?.() === true,
        options.waitFor ?? ATTENTION_TIMEOUT,
        { summary: `waits for retry or giveUp: ${attentionWord(channel, failure)}` },
      );
      const ended: Decision = decision ?? (answered ? 'woken' : 'timeout');
      decision = undefined;
      return ended;
    },

    /**
     * Shows what a person will be asked when the run has done what comes `first`, a sentence. An answer that they send before counts,
     * unless another question comes between.
     */
    announce(channel: string, failure: ReadFailure, { title, first }: { title: string; first: string }): void {
      if (!isAsked(channel, failure)) decision = undefined;
      put(channel, failure, title, first, true);
    },

    isAskedOf,

    /** Whether people have seen this very question announced and nothing else was asked since. */
    isAnnounced: (channel: string, failure: ReadFailure) => asked?.isAnnounced === true && isAsked(channel, failure),

    /** Says where the run stands, and takes the question back if there is one. */
    clear(details: string): void {
      if (isAsking) upsertSearchAttributes([{ key: ATTENTION, value: null }]);
      isAsking = false;
      show(details);
    },

    /** Tells a person something beside what the details say now; the next question or change takes it away. */
    note(text: string): void {
      setCurrentDetails(`${shown}\n\n${text}`);
    },
  };
}

export type Attention = ReturnType<typeof createAttention>;

export const setOutcome = (outcome: string): void => upsertSearchAttributes([{ key: OUTCOME, value: outcome }]);

/** The failure that ends a run which nobody helped, carrying its cause. */
export const failWith = (failure: ReadFailure, decision: Decision): ApplicationFailure =>
  ApplicationFailure.create({
    type: failure.type,
    message: `${decision === 'giveUp' ? 'given up' : 'nobody decided in time'}: ${failure.details.channelWords ?? failure.message}`,
    details: [failure.details],
    nonRetryable: true,
  });
