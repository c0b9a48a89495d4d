import type { FailureType } from '../contracts/failures';
import type { DueStock, PushResult, Verdict } from '../contracts/stock';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import {
  type AttemptStart,
  type ClaimedLine,
  type Departure,
  type DueQuestion,
  depart,
  findDueStock,
  release,
  releaseStrays,
} from './departures';
import {
  expectLateArrival,
  GONE,
  lockLevels,
  lockPush,
  type PushRow,
  putBack,
  rest,
  resultOf,
  sendAgainLater,
} from './push-claims';
import { halve, markWhollyRefused } from './push-halves';
import { outcomeOf, sendAgain, settleLevels, settleSubmissionLines, tally } from './push-verdicts';
import type { LevelKey } from './stock-levels';
import { createTurns } from './turns';

export type { AttemptStart, ClaimedLine, Departure } from './departures';

export interface AttemptFailure {
  type: FailureType;
  message: string;
  /** True when the request may still reach the channel although its answer will never reach us. */
  mayStillApply: boolean;
}

/** How a push stands. */
export interface KnownPush {
  isOpen: boolean;
  result: PushResult;
  /** What the channel answered for the push as a whole, or what its newest attempt failed of. */
  errorType: FailureType | null;
  lineCount: number;
}

export interface PushStore {
  /** Gives back what other runs of the connection have left under way; a job is left to {@link PushJobStore.adopt}. */
  releaseStrays(departure: Departure): Promise<void>;
  /**
   * Claims what is most urgent at this moment, zero stock first and then the oldest, and opens an attempt with it. What an earlier
   * attempt of the push has claimed is given back before.
   */
  depart(departure: Departure): Promise<AttemptStart>;
  /** What could leave at this moment, counted no further than `lanes` pushes can carry. */
  findDue(what: DueQuestion, lanes: number): Promise<Pick<DueStock, 'pushes' | 'hasZeros' | 'nextDueInMs'>>;
  /** Makes lines that count as claimed and have lost their push go out again, as after an older copy was restored; returns how many. */
  freeLostLines(connectionId: number): Promise<number>;
  /** How a push stands; undefined for one that never left, or is not there any more. */
  find(pushId: string): Promise<KnownPush | undefined>;
  /** Stores a verdict for each line and closes the push; an attempt that was overtaken makes its lines go again instead. */
  settle(
    pushId: string,
    attempt: number,
    sent: readonly ClaimedLine[],
    verdicts: readonly Verdict[],
    sentAtMs: number,
    /** Of a request that the channel answered as a whole, so that its lines can be told from those that were refused singly. */
    errorType?: FailureType,
  ): Promise<PushResult>;
  /**
   * Cuts a push that was refused as a whole in two open ones. Does nothing and returns false for a single line, and when
   * so much of the push was refused without one line accepted that the fault cannot lie with single lines.
   */
  halve(pushId: string, attempt: number, refusal: string): Promise<boolean>;
  /**
   * The push that a closed one was a part of, or it itself, when not one line of the whole was accepted and no other part is open; marks
   * it as refused as a whole. Undefined otherwise.
   */
  markWhollyRefused(pushId: string): Promise<string | undefined>;
  /** Remembers why an attempt failed; the push keeps its lines for the next one. What it sent and may still apply goes again later. */
  recordFailure(pushId: string, attempt: number, sent: readonly LevelKey[], failure: AttemptFailure): Promise<void>;
  /** The same, and gives the lines back: what is most urgent by then goes first. After a failure of the channel's own they rest for a moment. */
  fail(pushId: string, attempt: number, sent: readonly LevelKey[], failure: AttemptFailure): Promise<void>;
  /**
   * Gives the lines of an open push back and closes it; they are sent with their then current values. One that the channel may be
   * working off as a job keeps its lines, so that no other job names them.
   */
  release(pushId: string): Promise<void>;
  /**
   * Levels that stand as a push since this one left them: refused, with `wholeOnly` those of requests that the channel refused or
   * answered unusably as a whole, also while they wait to be sent again.
   */
  countUnsettled(connectionId: number, sincePushId: string, wholeOnly: boolean): Promise<number>;
  recent(connectionId: number, listing: string, limit: number): Promise<PushLineRow[]>;
}

export interface PushLineRow {
  pushId: string;
  attempt: number;
  quantity: number;
  versionAtMs: number;
  versionId: string;
  verdict: Verdict['verdict'];
  message: string | null;
  sentAtMs: number;
  late: number;
}

/** Notes the failure; returns the push as it was before. */
async function recordFailure(
  tx: Queryable,
  pushId: string,
  attempt: number,
  sent: readonly LevelKey[],
  failure: AttemptFailure,
): Promise<PushRow> {
  const push = await lockPush(tx, pushId);
  await tx.change(
    `UPDATE pushes SET unansweredAttempts = IF(attempt = ?, GREATEST(unansweredAttempts - 1, 0), unansweredAttempts),
       errorType = ?, error = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?`,
    [attempt, failure.type, failure.message.slice(0, 500), pushId],
  );
  if (failure.mayStillApply) {
    if (push.state === 'closed' || push.attempt !== attempt) await sendAgainLater(tx, sent);
    else await expectLateArrival(tx, pushId);
  }
  return push;
}

export function createPushStore(db: Database): PushStore {
  const inTurn = createTurns();
  return {
    releaseStrays: (departure) => releaseStrays(db, departure),
    // Lanes that leave together would find the same lines and wait for each other in the database.
    depart: (departure) => inTurn(departure.connectionId, () => depart(db, departure)),
    findDue: (what, lanes) => findDueStock(db, what, lanes),

    async freeLostLines(connectionId) {
      const { affectedRows } = await db.change(
        `UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE connectionId = ? AND state = 'claimed'
           AND NOT EXISTS (SELECT 1 FROM pushes p WHERE p.id = stock_levels.pushId AND p.state = 'open')`,
        [connectionId],
      );
      return affectedRows;
    },

    async find(pushId) {
      const push = await db.transaction((tx) => lockPush(tx, pushId));
      if (push === GONE) return undefined;
      const { errorType, lineCount } = push;
      return { isOpen: push.state === 'open', result: resultOf(push), errorType, lineCount };
    },

    settle: (pushId, attempt, sent, verdicts, sentAtMs, errorType) =>
      db.transaction(async (tx) => {
        const push = await lockPush(tx, pushId);
        const late = push.state === 'closed' || push.attempt !== attempt;
        const rows = sent.map((line, index): SqlValue[] => {
          const verdict = verdicts[index];
          if (!verdict || verdict.listing !== line.listing)
            throw new Error(`verdict ${index} is not about ${line.listing}`);
          return [
            pushId,
            attempt,
            index,
            line.connectionId,
            line.listing,
            line.locationId,
            line.revision,
            line.quantity,
            line.versionAtMs,
            line.versionId,
            verdict.verdict,
            'message' in verdict ? verdict.message.slice(0, 500) : null,
            sentAtMs,
            late ? 1 : 0,
          ];
        });
        for (const chunk of inChunks(rows)) {
          await tx.change(
            `INSERT INTO push_lines (pushId, attempt, lineNumber, connectionId, listing, locationId, revision, quantity,
               versionAtMs, versionId, verdict, message, sentAtMs, late) VALUES ?`,
            [chunk],
          );
        }
        if (late) {
          await sendAgain(tx, pushId, attempt);
          return push.state === 'closed' ? resultOf(push) : tally(verdicts);
        }
        await lockLevels(tx, pushId);
        const nowMs = Date.now();
        if (push.unansweredAttempts > 1) {
          // An attempt before this one never came back, not even with a failure: its process died with the request on the wire.
          await expectLateArrival(tx, pushId);
        }
        await settleLevels(tx, pushId, attempt, nowMs);
        await settleSubmissionLines(tx, pushId, attempt);
        const result = tally(verdicts);
        await tx.change(
          `UPDATE pushes SET state = 'closed', outcome = ?, acceptedCount = ?, rejectedCount = ?, unknownCount = ?, error = ?,
             errorType = COALESCE(?, IF(errorType IN ('ChannelRejected', 'ChannelContractViolated'), NULL, errorType)),
             updatedAt = UTC_TIMESTAMP(3) WHERE id = ?`,
          [
            outcomeOf(result),
            result.accepted,
            result.rejected,
            result.unknown,
            result.sampleMessage?.slice(0, 500) ?? null,
            errorType ?? null,
            pushId,
          ],
        );
        return result;
      }),

    markWhollyRefused: (pushId) => db.transaction((tx) => markWhollyRefused(tx, pushId)),
    halve: (pushId, attempt, refusal) => db.transaction((tx) => halve(tx, pushId, attempt, refusal)),

    async recordFailure(pushId, attempt, sent, failure) {
      await db.transaction((tx) => recordFailure(tx, pushId, attempt, sent, failure));
    },

    fail: (pushId, attempt, sent, failure) =>
      db.transaction(async (tx) => {
        const push = await recordFailure(tx, pushId, attempt, sent, failure);
        // Other lanes leave them to the next attempt, whose policy says when a channel that failed is asked again.
        if (failure.type === 'ChannelUnavailable') await rest(tx, pushId);
        if (push.state === 'open' && push.attempt === attempt)
          await putBack(tx, pushId, { ...push, unansweredAttempts: 0 });
      }),

    release: (pushId) => db.transaction((tx) => release(tx, pushId)),

    async countUnsettled(connectionId, sincePushId, wholeOnly) {
      const [found] = await db.select<{ levels: number }>(
        `SELECT COUNT(*) AS levels FROM stock_levels lv
         WHERE lv.connectionId = ? AND (lv.state = 'rejected'${wholeOnly ? ' OR lv.unknownCount > 0' : ''})
           AND EXISTS (
             SELECT 1 FROM push_lines pl JOIN pushes p ON p.id = pl.pushId
             WHERE pl.connectionId = lv.connectionId AND pl.listing = lv.listing AND pl.sentAtMs = lv.sentAtMs
               AND pl.pushId >= ? AND pl.verdict IN ('rejected', 'unknown')${wholeOnly ? ' AND p.errorType IN (?, ?)' : ''})`,
        [connectionId, sincePushId, ...(wholeOnly ? ['ChannelRejected', 'ChannelContractViolated'] : [])],
      );
      return found?.levels ?? 0;
    },

    recent: (connectionId, listing, limit) =>
      db.select<PushLineRow>(
        `SELECT pushId, attempt, quantity, versionAtMs, versionId, verdict, message, sentAtMs, late FROM push_lines
         WHERE connectionId = ? AND listing = ? ORDER BY sentAtMs DESC, attempt DESC LIMIT ?`,
        [connectionId, listing, limit],
      ),
  };
}
