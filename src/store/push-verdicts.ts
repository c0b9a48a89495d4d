import type { PushResult, Verdict } from '../contracts/stock';
import type { Queryable } from './database';

/** A line that the channel said nothing of goes again after 5 s, then 10 s, … at most 10 min. */
const UNKNOWN_BACKOFF_MS = 5_000;
const UNKNOWN_BACKOFF_CAP_MS = 600_000;

/** Marks lines that an overtaken attempt has sent after all: what they said may now stand at the channel. */
export const sendAgain = (tx: Queryable, pushId: string, attempt: number) =>
  tx.change(
    `UPDATE stock_levels lv JOIN push_lines pl
       ON pl.pushId = ? AND pl.attempt = ? AND lv.connectionId = pl.connectionId AND lv.listing = pl.listing AND lv.locationId = pl.locationId
     SET lv.revision = lv.revision + 1, lv.notBeforeMs = 0, lv.dirtySinceMs = ?,
       lv.state = IF(lv.state = 'claimed', 'claimed', 'dirty')`,
    [pushId, attempt, Date.now()],
  );

/**
 * Turns the verdicts of the ledger into the state of the levels; what changed meanwhile, or was not mentioned, stays to be sent.
 * No assignment reads a column that was assigned before it: over several tables the order is the database's own.
 */
export const settleLevels = (tx: Queryable, pushId: string, attempt: number, nowMs: number) =>
  tx.change(
    `UPDATE stock_levels lv JOIN push_lines pl
       ON pl.pushId = ? AND pl.attempt = ? AND lv.connectionId = pl.connectionId AND lv.listing = pl.listing AND lv.locationId = pl.locationId
     SET
       lv.sentQuantity = pl.quantity, lv.sentVersionAtMs = pl.versionAtMs, lv.sentVersionId = pl.versionId, lv.sentAtMs = pl.sentAtMs,
       lv.acknowledgedQuantity = IF(pl.verdict = 'accepted', pl.quantity, lv.acknowledgedQuantity),
       lv.acknowledgedVersionAtMs = IF(pl.verdict = 'accepted', pl.versionAtMs, lv.acknowledgedVersionAtMs),
       lv.acknowledgedVersionId = IF(pl.verdict = 'accepted', pl.versionId, lv.acknowledgedVersionId),
       lv.acknowledgedAtMs = IF(pl.verdict = 'accepted', ?, lv.acknowledgedAtMs),
       lv.lastError = pl.message,
       lv.notBeforeMs = CASE
         WHEN lv.revision <> pl.revision THEN 0
         WHEN pl.verdict = 'unknown' THEN ? + LEAST(? * POW(2, LEAST(lv.unknownCount, 20)), ?)
         ELSE lv.lateUntilMs END,
       lv.unknownCount = IF(pl.verdict = 'unknown', lv.unknownCount + 1, 0),
       lv.dirtySinceMs = ?,
       lv.state = CASE
         WHEN lv.revision <> pl.revision OR pl.verdict = 'unknown' OR lv.lateUntilMs > ? THEN 'dirty'
         WHEN pl.verdict = 'accepted' THEN 'clean'
         ELSE 'rejected' END,
       lv.pushId = NULL
     WHERE lv.pushId = ?`,
    [pushId, attempt, nowMs, nowMs, UNKNOWN_BACKOFF_MS, UNKNOWN_BACKOFF_CAP_MS, nowMs, nowMs, pushId],
  );

/** Tells the lines that came in what became of them: the ones that were sent, and the older ones that this value replaces. */
export const settleSubmissionLines = (tx: Queryable, pushId: string, attempt: number) =>
  tx.change(
    `UPDATE submission_lines sl
     JOIN push_lines pl ON pl.pushId = ? AND pl.attempt = ? AND sl.connectionId = pl.connectionId AND sl.listing = pl.listing
     LEFT JOIN location_stock ls ON ls.connectionId = sl.connectionId AND ls.listing = sl.listing AND ls.locationId = sl.locationId
     SET sl.status = CASE
         WHEN (sl.locationId = pl.locationId AND sl.versionAtMs = pl.versionAtMs AND sl.versionId = pl.versionId)
           OR (sl.locationId <> pl.locationId AND sl.versionAtMs = ls.versionAtMs AND sl.versionId = ls.versionId)
           THEN IF(pl.verdict = 'accepted', 'success', 'error')
         ELSE 'superseded' END,
       sl.error = IF(sl.versionAtMs = pl.versionAtMs AND sl.versionId = pl.versionId, pl.message, sl.error),
       sl.pushId = pl.pushId
     WHERE sl.status = 'pending' AND pl.verdict IN ('accepted', 'rejected')
       AND (sl.versionAtMs < pl.versionAtMs OR (sl.versionAtMs = pl.versionAtMs AND sl.versionId <= pl.versionId))`,
    [pushId, attempt],
  );

/** Counts of the verdicts and the first words of complaint. */
export const tally = (verdicts: readonly Verdict[]): PushResult => {
  const count = (verdict: Verdict['verdict']) => verdicts.filter((line) => line.verdict === verdict).length;
  const said = verdicts.find((line) => line.verdict !== 'accepted');
  return {
    accepted: count('accepted'),
    rejected: count('rejected'),
    unknown: count('unknown'),
    ...(said && 'message' in said ? { sampleMessage: said.message } : {}),
  };
};

/** One word for how a whole push went. */
export const outcomeOf = (result: PushResult): string =>
  result.rejected + result.unknown === 0
    ? 'accepted'
    : result.accepted > 0
      ? 'partial'
      : result.rejected > 0
        ? 'rejected'
        : 'unknown';
