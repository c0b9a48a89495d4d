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

/** Whether lines that were not applied because of others may go again at once: one that is rejected takes no part any more, so there is an end to it. */
async function isProgress(tx: Queryable, pushId: string, attempt: number): Promise<boolean> {
  const rejected = await tx.select(
    "SELECT 1 FROM push_lines WHERE pushId = ? AND attempt = ? AND verdict = 'rejected' LIMIT 1",
    [pushId, attempt],
  );
  return rejected.length > 0;
}

/**
 * Turns the verdicts of the ledger into the state of the levels; what changed meanwhile, was not mentioned, or was held up by other
 * lines stays to be sent. No assignment reads a column that was assigned before it: over several tables the order is the database's own.
 */
export async function settleLevels(tx: Queryable, pushId: string, attempt: number, nowMs: number): Promise<void> {
  const waits = (await isProgress(tx, pushId, attempt)) ? ['unknown'] : ['unknown', 'unsent'];
  await tx.change(
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
         WHEN pl.verdict IN (?) THEN ? + LEAST(? * POW(2, LEAST(lv.unknownCount, 20)), ?)
         ELSE lv.lateUntilMs END,
       lv.unknownCount = CASE
         WHEN pl.verdict IN (?) THEN lv.unknownCount + 1
         WHEN pl.verdict = 'unsent' THEN lv.unknownCount
         ELSE 0 END,
       lv.dirtySinceMs = IF(pl.verdict = 'unsent', lv.dirtySinceMs, ?),
       lv.state = CASE
         WHEN lv.revision <> pl.revision OR pl.verdict IN ('unknown', 'unsent') OR lv.lateUntilMs > ? THEN 'dirty'
         WHEN pl.verdict = 'accepted' THEN 'clean'
         ELSE 'rejected' END,
       lv.pushId = NULL
     WHERE lv.pushId = ?`,
    [
      ...[pushId, attempt, nowMs, waits, nowMs, UNKNOWN_BACKOFF_MS, UNKNOWN_BACKOFF_CAP_MS, waits],
      ...[nowMs, nowMs, pushId],
    ],
  );
}

/**
 * Tells the lines that came in what became of them: the ones that were sent, and the older ones that this value replaces. Where another
 * value of the very same version came meanwhile, which line was sent cannot be told, and the next push decides.
 */
export const settleSubmissionLines = (tx: Queryable, pushId: string, attempt: number) =>
  tx.change(
    `UPDATE submission_lines sl
     JOIN push_lines pl ON pl.pushId = ? AND pl.attempt = ? AND sl.connectionId = pl.connectionId AND sl.listing = pl.listing
     JOIN stock_levels lv ON lv.connectionId = pl.connectionId AND lv.listing = pl.listing AND lv.locationId = pl.locationId
     LEFT JOIN location_stock ls ON ls.connectionId = sl.connectionId AND ls.listing = sl.listing AND ls.locationId = sl.locationId
     SET sl.status = CASE
         WHEN (sl.locationId = pl.locationId AND sl.versionAtMs = pl.versionAtMs AND sl.versionId = pl.versionId)
           OR (sl.locationId <> pl.locationId AND sl.versionAtMs = ls.versionAtMs AND sl.versionId = ls.versionId)
           THEN IF(pl.verdict = 'accepted', 'success', 'error')
         ELSE 'superseded' END,
       sl.error = IF(sl.versionAtMs = pl.versionAtMs AND sl.versionId = pl.versionId, pl.message, sl.error),
       sl.pushId = pl.pushId
     WHERE sl.status = 'pending' AND pl.verdict IN ('accepted', 'rejected')
       AND (lv.revision = pl.revision OR lv.versionAtMs <> pl.versionAtMs OR lv.versionId <> pl.versionId
         OR sl.versionAtMs <> pl.versionAtMs OR sl.versionId <> pl.versionId)
       AND (sl.versionAtMs < pl.versionAtMs OR (sl.versionAtMs = pl.versionAtMs AND sl.versionId <= pl.versionId))`,
    [pushId, attempt],
  );

/** Counts of the verdicts and the first words of complaint. */
export const tally = (verdicts: readonly Verdict[]): PushResult => {
  const count = (verdict: Verdict['verdict']) => verdicts.filter((line) => line.verdict === verdict).length;
  // Lines that were held up repeat what was said of the ones at fault.
  const said =
    verdicts.find((line) => line.verdict === 'rejected') ?? verdicts.find((line) => line.verdict !== 'accepted');
  const unsent = count('unsent');
  const trouble = verdicts.find((line) => 'trouble' in line && line.trouble !== undefined);
  return {
    accepted: count('accepted'),
    rejected: count('rejected'),
    unknown: count('unknown'),
    ...(unsent > 0 ? { unsent } : {}),
    ...(said && 'message' in said ? { sampleMessage: said.message } : {}),
    ...(trouble && 'trouble' in trouble && trouble.trouble ? { trouble: trouble.trouble } : {}),
  };
};

/** One word for how a whole push went. */
export const outcomeOf = (result: PushResult): string =>
  result.rejected + result.unknown + (result.unsent ?? 0) === 0
    ? 'accepted'
    : result.accepted > 0
      ? 'partial'
      : result.rejected > 0
        ? 'rejected'
        : 'unknown';
