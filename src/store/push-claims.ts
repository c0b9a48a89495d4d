import type { FailureType } from '../contracts/failures';
import type { PushResult } from '../contracts/stock';
import type { Queryable, SqlValue } from './database';
import { newId } from './new-id';
import { byPlace, type LevelKey } from './stock-levels';

/** How long a request whose answer never came may still reach the channel; its lines go out once more after that. */
export const LATE_ARRIVAL_MS = 30_000;

/** Shorter than the pause before the next attempt. */
const REST_MS = 1_500;

/** Keeps the lines of a push from leaving before the next attempt; a newer value does not wait. */
export const rest = (tx: Queryable, pushId: string) =>
  tx.change('UPDATE stock_levels SET notBeforeMs = GREATEST(notBeforeMs, ?) WHERE pushId = ?', [
    Date.now() + REST_MS,
    pushId,
  ]);

/** Makes the lines of an open push go out once more when a request that was sent with them can no longer arrive. */
export const expectLateArrival = (tx: Queryable, pushId: string) =>
  tx.change('UPDATE stock_levels SET lateUntilMs = ? WHERE pushId = ?', [Date.now() + LATE_ARRIVAL_MS, pushId]);

/**
 * Makes lines go out once more when the request that carried them can no longer arrive, wherever they are by now: an attempt that
 * was overtaken may have lost its push, which then knows nothing of its lines.
 */
export async function sendAgainLater(tx: Queryable, sent: readonly LevelKey[]): Promise<void> {
  const nowMs = Date.now();
  const lateUntilMs = nowMs + LATE_ARRIVAL_MS;
  for (const { connectionId, locationId, listings } of byPlace(sent)) {
    await tx.change(
      `UPDATE stock_levels SET revision = revision + 1, dirtySinceMs = ?, lateUntilMs = ?,
         notBeforeMs = IF(state IN ('clean', 'rejected'), ?, notBeforeMs),
         state = IF(state = 'claimed', 'claimed', 'dirty')
       WHERE connectionId = ? AND locationId = ? AND listing IN (?) ORDER BY connectionId, listing, locationId`,
      [nowMs, lateUntilMs, lateUntilMs, connectionId, locationId, listings.toSorted()],
    );
  }
}

/**
 * Locks the levels of a push in the order of their keys, as intake does. Locked in the order of the push instead, the two
 * would meet from both ends and deadlock under load.
 */
export const lockLevels = (tx: Queryable, pushId: string) =>
  tx.select(
    `SELECT listing FROM stock_levels FORCE INDEX (ix_level_push) WHERE pushId = ?
     ORDER BY pushId, connectionId, listing, locationId FOR UPDATE`,
    [pushId],
  );

/** What is known of a push. */
export interface PushRow {
  connectionId: number;
  state: 'open' | 'closed';
  attempt: number;
  unansweredAttempts: number;
  acceptedCount: number;
  rejectedCount: number;
  unknownCount: number;
  error: string | null;
  errorType: FailureType | null;
  lineCount: number;
  /** The push whose lines this one has a part of; null for a push that was never cut. */
  rootPushId: string | null;
}

export const resultOf = (row: PushRow): PushResult => ({
  accepted: row.acceptedCount,
  rejected: row.rejectedCount,
  unknown: row.unknownCount,
  ...(row.error === null ? {} : { sampleMessage: row.error }),
});

/** A push of which nothing is known, as after the database was put back to an older copy: closed, and nothing was decided by it. */
export const GONE: PushRow = {
  connectionId: 0,
  state: 'closed',
  attempt: 0,
  unansweredAttempts: 0,
  acceptedCount: 0,
  rejectedCount: 0,
  unknownCount: 0,
  error: null,
  errorType: null,
  lineCount: 0,
  rootPushId: null,
};

/**
 * The push, locked until the transaction ends. One that is not there counts as closed: its lines are planned anew, while an error
 * would be tried again for ever.
 */
export const lockPush = async (tx: Queryable, pushId: string): Promise<PushRow> => {
  const [row] = await tx.select<PushRow>(
    `SELECT connectionId, state, attempt, unansweredAttempts, acceptedCount, rejectedCount, unknownCount, error, errorType,
       lineCount, rootPushId
     FROM pushes WHERE id = ? FOR UPDATE`,
    [pushId],
  );
  return row ?? GONE;
};

/** What is known of the lines of a push. */
export interface PushPart {
  pushId: string;
  lineCount: number;
  zeroCount: number;
}

/** Opens pushes that hold parts of a refused one and wait for somebody to send them. */
export async function insertParts(
  tx: Queryable,
  connectionId: number,
  pushes: readonly PushPart[],
  rootPushId: string,
): Promise<void> {
  if (pushes.length === 0) return;
  const rows = pushes.map((push): SqlValue[] => [
    push.pushId,
    connectionId,
    'open',
    push.lineCount,
    push.zeroCount,
    rootPushId,
    new Date(),
    new Date(),
  ]);
  await tx.change(
    'INSERT INTO pushes (id, connectionId, state, lineCount, zeroCount, rootPushId, createdAt, updatedAt) VALUES ?',
    [rows],
  );
}

/** Claims those of the lines that are still dirty for a push that is there; returns how many. */
export async function claimFor(tx: Queryable, pushId: string, keys: readonly LevelKey[]): Promise<number> {
  let claimed = 0;
  for (const { connectionId, locationId, listings } of byPlace(keys)) {
    // All of them before the first is changed, in the order of their keys; see lockLevels.
    await tx.select(
      `SELECT listing FROM stock_levels FORCE INDEX (PRIMARY)
       WHERE connectionId = ? AND locationId = ? AND listing IN (?) ORDER BY connectionId, listing FOR UPDATE`,
      [connectionId, locationId, listings],
    );
    const { affectedRows } = await tx.change(
      `UPDATE stock_levels SET state = 'claimed', pushId = ?
       WHERE connectionId = ? AND locationId = ? AND listing IN (?) AND state = 'dirty'`,
      [pushId, connectionId, locationId, listings],
    );
    claimed += affectedRows;
  }
  return claimed;
}

/** Gives the lines of an open push back, so that what is most urgent goes out next; returns how many. The push stays open. */
export async function putBack(tx: Queryable, pushId: string, push: PushRow): Promise<number> {
  const levels = await lockLevels(tx, pushId);
  if (levels.length === 0) return 0;
  if (push.unansweredAttempts > 0) {
    // An attempt never came back: its process died, and its request may arrive after the ones that follow.
    await expectLateArrival(tx, pushId);
  }
  if (push.rootPushId === null) {
    await tx.change("UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE pushId = ?", [pushId]);
    return levels.length;
  }
  // A part of a push that was refused stays one, or the search for the lines at fault would begin anew.
  const partId = newId();
  await tx.change('UPDATE stock_levels SET pushId = ? WHERE pushId = ?', [partId, pushId]);
  await insertParts(
    tx,
    push.connectionId,
    [{ pushId: partId, lineCount: levels.length, zeroCount: 0 }],
    push.rootPushId,
  );
  return levels.length;
}

/** Lines that are due, zero stock first and then the oldest; or zero stock only. Takes no locks. */
export async function findDue(
  db: Queryable,
  connectionId: number,
  limit: number,
  onlyZeros = false,
): Promise<(LevelKey & { zero: boolean })[]> {
  const due = `SELECT connectionId, listing, locationId, desiredQuantity = 0 AS zero FROM stock_levels
    WHERE connectionId = ? AND state = 'dirty' AND notBeforeMs <= ?`;
  const nowMs = Date.now();
  const zeros = await db.select<LevelKey & { zero: number }>(
    `${due} AND desiredQuantity = 0 ORDER BY dirtySinceMs LIMIT ?`,
    [connectionId, nowMs, limit],
  );
  const others =
    onlyZeros || zeros.length >= limit
      ? []
      : await db.select<LevelKey & { zero: number }>(`${due} AND desiredQuantity > 0 ORDER BY dirtySinceMs LIMIT ?`, [
          connectionId,
          nowMs,
          limit - zeros.length,
        ]);
  return [...zeros, ...others].map((key) => ({ ...key, zero: key.zero === 1 }));
}
