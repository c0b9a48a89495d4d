import {
  ApplicationFailure,
  condition,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { ACCOUNT_SLUG, ATTENTION, CONNECTION_ID, OUTCOME } from '../contracts/search-attributes';
import { ATTENTION_TIMEOUT } from './activity-options';
import { attentionWord, questionOf } from './advice';
import type { ReadFailure } from './failure-reading';
import { giveUp, retry } from './messages';
import { onSignal } from './signals';

/** How a wait for a person ended. */
export type Decision = 'retry' | 'giveUp' | 'woken' | 'timeout';

/** What a question says beside what is wrong and what can be done. */
export interface Question {
  title: string;
  /** The connection that it is about. @default that of the run */
  connection?: { connectionId: number; displayName: string };
  /** What the person needs to know to decide, a sentence each: what is done already, how much waits. */
  facts?: readonly string[];
  /** What `giveUp` leaves behind, a sentence. */
  leaves?: string;
}

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
  let asked: { channel: string; word: string; isAnnounced: boolean; sinceMs: number } | undefined;
  const isKept = (isSame: boolean) => isAsking && isSame && patched('keeps-answers-sent-meanwhile');
  /** Whether people see a question about this channel. */
  const isAskedOf = (channel: string) => isKept(asked?.channel === channel);
  /** Whether people see this very question, so that its answer may have come while the run was busy. */
  const isAsked = (channel: string, failure: ReadFailure) => isKept(asked?.word === attentionWord(channel, failure));
  const put = (
    channel: string,
    failure: ReadFailure,
    question: Question,
    more: { first: string } | { signals: readonly string[]; goesOnAtMs?: number },
  ) => {
    const { workflowId, typedSearchAttributes } = workflowInfo();
    const word = attentionWord(channel, failure);
    const sinceMs = isAsking && asked?.word === word ? asked.sinceMs : Date.now();
    isAsking = true;
    asked = { channel, word, isAnnounced: 'first' in more, sinceMs };
    upsertSearchAttributes([{ key: ATTENTION, value: word }]);
    const connectionId = failure.details.connectionId ?? typedSearchAttributes.get(CONNECTION_ID);
    show(
      questionOf({
        facts: [],
        signals: [],
        connection: connectionId === undefined ? {} : { connectionId },
        ...question,
        ...more,
        failure,
        word,
        workflowId,
        accountSlug: typedSearchAttributes.get(ACCOUNT_SLUG),
        sinceMs,
      }),
    );
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
     * Says what is wrong and waits for a person: 7 days, or `waitFor` milliseconds. `wake` ends the wait early when it turns true.
     * A signal sent while nobody asked counts for nothing; one sent while this very question was to be seen does.
     */
    async ask(
      channel: string,
      failure: ReadFailure,
      {
        wake,
        waitFor,
        otherSignals = [],
        ...question
      }: Question & { wake?: () => boolean; waitFor?: number; otherSignals?: readonly string[] },
    ): Promise<Decision> {
      if (!isAsked(channel, failure)) decision = undefined;
      const goesOn = waitFor === undefined ? {} : { goesOnAtMs: Date.now() + waitFor };
      put(channel, failure, question, { signals: ['retry', 'giveUp', ...otherSignals], ...goesOn });
      const answered = await condition(
        () => decision !== undefined || wake?.() === true,
        waitFor ?? ATTENTION_TIMEOUT,
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
    announce(channel: string, failure: ReadFailure, { first, ...question }: Question & { first: string }): void {
      if (!isAsked(channel, failure)) decision = undefined;
      put(channel, failure, question, { first });
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
