import type { FailureType } from '../contracts/failures';
import type { PlannedPush, PushResult, Verdict } from '../contracts/stock';
import { type Database, inChunks, type SqlValue } from './database';
import { claim, expectLateArrival, findDue, lockLevels, lockPush, type PushRow, sendAgainLater } from './push-claims';
import { halve } from './push-halves';
import { outcomeOf, sendAgain, settleLevels, settleSubmissionLines, tally } from './push-verdicts';
import type { LevelKey } from './stock-levels';

/** A line as one attempt sends it: the desired value at the moment of the call. */
export interface ClaimedLine extends LevelKey {
  quantity: number;
  versionAtMs: number;
  versionId: string;
  revision: number;
}

export type AttemptStart =
  | { open: true; attempt: number; connectionId: number; lines: ClaimedLine[] }
  | { open: false; result: PushResult };

export interface AttemptFailure {
  type: FailureType;
  message: string;
  /** True when the request may still reach the channel although its answer will never reach us. */
  mayStillApply: boolean;
}

export interface PushStore {
  /**
   * Hands out the connection's open pushes if it has any: a claim whose answer was lost must be found again. Otherwise
   * claims due lines, zero stock first and then the oldest, and cuts them into pushes of at most `batchSize` lines.
   * To be called only while no push of the connection is being sent.
   */
  plan(
    connectionId: number,
    batchSize: number,
    maxPushes: number,
  ): Promise<{ pushes: PlannedPush[]; nextDueInMs: number | null }>;
  /** Opens an attempt and reads what it has to send; tells the result when the push is already closed. */
  beginAttempt(pushId: string): Promise<AttemptStart>;
  /** What became of the push; undefined while it is open. */
  closedResult(pushId: string): Promise<PushResult | undefined>;
  /** Stores a verdict for each line and closes the push; an attempt that was overtaken makes its lines go again instead. */
  settle(
    pushId: string,
    attempt: number,
    sent: readonly ClaimedLine[],
    verdicts: readonly Verdict[],
    sentAtMs: number,
  ): Promise<PushResult>;
  /**
   * Cuts a push that was refused as a whole in two open ones. Does nothing and returns false for a single line, and when
   * so much of the push was refused without one line accepted that the fault cannot lie with single lines.
   */
  halve(pushId: string, attempt: number, refusal: string): Promise<boolean>;
  /** Remembers why an attempt failed; the push stays open for the next one. What it sent and may still apply goes again later. */
  recordFailure(pushId: string, attempt: number, sent: readonly LevelKey[], failure: AttemptFailure): Promise<void>;
  /**
   * Gives the lines of an open push back; they are sent with their then current values. One that the channel may be working
   * off as a job keeps its lines, so that no other job names them.
   */
  release(pushId: string): Promise<void>;
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

const resultOf = (row: PushRow): PushResult => ({
  accepted: row.acceptedCount,
  rejected: row.rejectedCount,
  unknown: row.unknownCount,
  ...(row.error === null ? {} : { sampleMessage: row.error }),
});

export function createPushStore(db: Database): PushStore {
  return {
    async plan(connectionId, batchSize, maxPushes) {
      const open = await db.select<PlannedPush>(
        `SELECT id AS pushId, lineCount, zeroCount FROM pushes WHERE connectionId = ? AND state = 'open'
         ORDER BY zeroCount = 0, id LIMIT ?`,
        [connectionId, maxPushes],
      );
      if (open.length === 0) {
        // A line that still counts as claimed has lost its push. An attempt that stood still since the question above may
        // find that another one has claimed lines meanwhile: those are in an open push, and left.
        await db.change(
          `UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE connectionId = ? AND state = 'claimed'
             AND NOT EXISTS (SELECT 1 FROM pushes p WHERE p.id = stock_levels.pushId AND p.state = 'open')`,
          [connectionId],
        );
      }
      // Read without locks and claimed by key: locking a range would make planning and intake deadlock.
      const due = open.length > 0 ? [] : await findDue(db, connectionId, batchSize * maxPushes);
      const pushes =
        open.length > 0
          ? open
          : due.length === 0
            ? []
            : await db.transaction((tx) => claim(tx, connectionId, due, batchSize));
      const [waiting] = await db.select<{ nextMs: number | null }>(
        "SELECT MIN(notBeforeMs) AS nextMs FROM stock_levels WHERE connectionId = ? AND state = 'dirty'",
        [connectionId],
      );
      const nextMs = waiting?.nextMs ?? null;
      return { pushes, nextDueInMs: nextMs === null ? null : Math.max(0, nextMs - Date.now()) };
    },

    beginAttempt: (pushId) =>
      db.transaction(async (tx) => {
        const push = await lockPush(tx, pushId);
        if (push.state === 'closed') return { open: false, result: resultOf(push) };
        const lines = await tx.select<ClaimedLine>(
          `SELECT connectionId, listing, locationId, desiredQuantity AS quantity, versionAtMs, versionId, revision
           FROM stock_levels WHERE pushId = ? ORDER BY desiredQuantity > 0, dirtySinceMs, listing`,
          [pushId],
        );
        if (lines.length === 0) {
          await tx.change(
            "UPDATE pushes SET state = 'closed', outcome = 'withdrawn', updatedAt = UTC_TIMESTAMP(3) WHERE id = ?",
            [pushId],
          );
          return { open: false, result: { accepted: 0, rejected: 0, unknown: 0 } };
        }
        await tx.change(
          'UPDATE pushes SET attempt = attempt + 1, unansweredAttempts = unansweredAttempts + 1, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?',
          [pushId],
        );
        return { open: true, attempt: push.attempt + 1, connectionId: push.connectionId, lines };
      }),

    async closedResult(pushId) {
      const push = await db.transaction((tx) => lockPush(tx, pushId));
      return push.state === 'closed' ? resultOf(push) : undefined;
    },

    settle: (pushId, attempt, sent, verdicts, sentAtMs) =>
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
             updatedAt = UTC_TIMESTAMP(3) WHERE id = ?`,
          [
            outcomeOf(result),
            result.accepted,
            result.rejected,
            result.unknown,
            result.sampleMessage?.slice(0, 500) ?? null,
            pushId,
          ],
        );
        return result;
      }),

    halve: (pushId, attempt, refusal) => db.transaction((tx) => halve(tx, pushId, attempt, refusal)),

    recordFailure: (pushId, attempt, sent, failure) =>
      db.transaction(async (tx) => {
        const push = await lockPush(tx, pushId);
        await tx.change(
          'UPDATE pushes SET unansweredAttempts = GREATEST(unansweredAttempts - 1, 0), errorType = ?, error = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?',
          [failure.type, failure.message.slice(0, 500), pushId],
        );
        if (!failure.mayStillApply) return;
        if (push.state === 'closed' || push.attempt !== attempt) await sendAgainLater(tx, sent);
        else await expectLateArrival(tx, pushId);
      }),

    release: (pushId) =>
      db.transaction(async (tx) => {
        const push = await lockPush(tx, pushId);
        if (push.state === 'closed') return;
        const [job] = await tx.select("SELECT 1 FROM push_jobs WHERE pushId = ? AND state <> 'ended' LIMIT 1", [
          pushId,
        ]);
        if (job) return;
        await lockLevels(tx, pushId);
        if (push.unansweredAttempts > 0) {
          // An attempt never came back: its process died, and its request may arrive after the ones that follow.
          await expectLateArrival(tx, pushId);
        }
        await tx.change("UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE pushId = ?", [pushId]);
        await tx.change(
          "UPDATE pushes SET state = 'closed', outcome = 'released', updatedAt = UTC_TIMESTAMP(3) WHERE id = ?",
          [pushId],
        );
      }),

    recent: (connectionId, listing, limit) =>
      db.select<PushLineRow>(
        `SELECT pushId, attempt, quantity, versionAtMs, versionId, verdict, message, sentAtMs, late FROM push_lines
         WHERE connectionId = ? AND listing = ? ORDER BY sentAtMs DESC, attempt DESC LIMIT ?`,
        [connectionId, listing, limit],
      ),
  };
}
