import type { PushStore } from '../store/pushes';
import type { StockLevelStore } from '../store/stock-levels';
import type { SubmissionStore } from '../store/submissions';

export interface StockRecordDeps {
  pushes: Pick<PushStore, 'countUnsettled' | 'freeLostLines' | 'release'>;
  levels: Pick<StockLevelStore, 'countWaiting' | 'giveUpWaiting' | 'reviveRejected'>;
  submissions: Pick<SubmissionStore, 'finishDone'>;
}

export interface FinishSubmissionsInput {
  connectionId: number;
  /** Asks how many levels are refused by this push or one after it. */
  rejectedSince?: string;
  /** Asks the same of requests that the channel refused, or answered unusably, as a whole. */
  refusedSince?: string;
}

/** How a connection stands when nothing is due. */
export interface FinishedSubmissions {
  finished: number;
  /** Levels that had lost their push and are due now. */
  freed: number;
  /** Levels that a push of the run was refused for, and that nobody has changed or sent since. */
  rejected: number;
  refused: number;
}

/** What a sync writes down, in our own database only. */
export const createStockRecordActivities = (deps: StockRecordDeps) => ({
  /** Closes the submissions whose last line was decided, and looks what is still undecided or refused. */
  async finishSubmissions(input: FinishSubmissionsInput): Promise<FinishedSubmissions> {
    const { connectionId, rejectedSince, refusedSince } = input;
    const { pushes } = deps;
    return {
      finished: await deps.submissions.finishDone(connectionId),
      freed: await pushes.freeLostLines(connectionId),
      rejected: rejectedSince === undefined ? 0 : await pushes.countUnsettled(connectionId, rejectedSince, false),
      refused: refusedSince === undefined ? 0 : await pushes.countUnsettled(connectionId, refusedSince, true),
    };
  },

  /** What waits to be sent, for a person who is asked about it. */
  countWaiting: ({ connectionId }: { connectionId: number }): Promise<{ lines: number; zeros: number }> =>
    deps.levels.countWaiting(connectionId),

  /** Makes the refused lines go out again with their current values. */
  async reviveRejected({ connectionId }: { connectionId: number }): Promise<{ lines: number }> {
    return { lines: await deps.levels.reviveRejected(connectionId) };
  },

  /** Stops trying the lines that wait; a newer event for a listing wakes it again. */
  async giveUpStock({ connectionId, reason }: { connectionId: number; reason: string }): Promise<{ lines: number }> {
    return { lines: await deps.levels.giveUpWaiting(connectionId, reason) };
  },

  /** For runs that planned their pushes before chunks claimed their lines themselves: there is nothing to plan, and they go on as new ones do. */
  planPushes: async (_: { connectionId: number }) => ({
    pushes: [],
    concurrency: 1,
    nextDueInMs: 0,
    blockedBy: null,
    asJobs: false,
  }),

  /** For the same runs: gives the lines of a push back whose calls failed. */
  releasePush: ({ pushId }: { pushId: string }): Promise<void> => deps.pushes.release(pushId),
});
