import type { Database, Queryable } from './database';

/** The rows of a submission that an abort took back, and the rows that had gone out or were going out. */
export interface Withdrawal {
  withdrawnRows: number[];
  sentRows: number[];
}

interface OpenLine {
  submissionId: string;
  rowNumber: number;
  connectionId: number;
  listing: string;
  locationId: string;
  versionAtMs: number;
  versionId: string;
}

interface Fallback {
  quantity: number;
  versionAtMs: number;
  versionId: string;
}

const MATCHES_LEVEL = 'connectionId = ? AND listing = ?';

/** The newest other value that anybody gave for the line's listing and location. */
async function findFallback(tx: Queryable, line: OpenLine): Promise<Fallback | undefined> {
  const [other] = await tx.select<Fallback>(
    `SELECT quantity, versionAtMs, versionId FROM submission_lines
     WHERE ${MATCHES_LEVEL} AND locationId = ? AND submissionId <> ? AND quantity IS NOT NULL
       AND status IN ('pending', 'success', 'superseded')
     ORDER BY versionAtMs DESC, versionId DESC, rowNumber DESC LIMIT 1`,
    [line.connectionId, line.listing, line.locationId, line.submissionId],
  );
  return other;
}

/** Takes one location's part back and returns the sum that is left, or undefined when the line is no part of a sum. */
async function withdrawPart(tx: Queryable, line: OpenLine): Promise<Fallback | 'nothing left' | undefined> {
  const isThisPart = `${MATCHES_LEVEL} AND locationId = ? AND versionAtMs = ? AND versionId = ?`;
  const part = [line.connectionId, line.listing, line.locationId, line.versionAtMs, line.versionId];
  const [found] = await tx.select(`SELECT 1 FROM location_stock WHERE ${isThisPart} FOR UPDATE`, part);
  if (!found) return undefined;
  const fallback = await findFallback(tx, line);
  await (fallback
    ? tx.change(`UPDATE location_stock SET quantity = ?, versionAtMs = ?, versionId = ? WHERE ${isThisPart}`, [
        fallback.quantity,
        fallback.versionAtMs,
        fallback.versionId,
        ...part,
      ])
    : tx.change(`DELETE FROM location_stock WHERE ${isThisPart}`, part));
  const parts = await tx.select<Fallback>(
    `SELECT quantity, versionAtMs, versionId FROM location_stock WHERE ${MATCHES_LEVEL} ORDER BY versionAtMs DESC, versionId DESC`,
    [line.connectionId, line.listing],
  );
  const [newest] = parts;
  if (!newest) return 'nothing left';
  return { ...newest, quantity: parts.reduce((sum, { quantity }) => sum + quantity, 0) };
}

/** Makes the level show what is known without the line. A level that never reached the channel and has no other value goes. */
async function fallBack(tx: Queryable, line: OpenLine, value: Fallback | undefined): Promise<void> {
  const waiting = `${MATCHES_LEVEL} AND state IN ('dirty', 'rejected')`;
  if (!value) {
    const level = [line.connectionId, line.listing];
    await tx.change(`DELETE FROM stock_levels WHERE ${waiting} AND acknowledgedAtMs IS NULL`, level);
    // What it was before is no longer kept: the channel goes on showing what it has accepted last.
    await tx.change(
      `UPDATE stock_levels SET desiredQuantity = acknowledgedQuantity, versionAtMs = acknowledgedVersionAtMs,
         versionId = acknowledgedVersionId, revision = revision + 1,
         state = IF(unknownCount = 0 AND acknowledgedAtMs >= lateUntilMs, 'clean', 'dirty')
       WHERE ${waiting} AND acknowledgedAtMs IS NOT NULL`,
      level,
    );
    return;
  }
  await tx.change(
    `UPDATE stock_levels SET desiredQuantity = ?, versionAtMs = ?, versionId = ?, revision = revision + 1,
       state = IF(unknownCount = 0 AND COALESCE(acknowledgedAtMs, 0) >= lateUntilMs AND acknowledgedQuantity = ? AND acknowledgedVersionAtMs = ? AND acknowledgedVersionId = ?, 'clean', 'dirty')
     WHERE ${waiting}`,
    [
      value.quantity,
      value.versionAtMs,
      value.versionId,
      value.quantity,
      value.versionAtMs,
      value.versionId,
      line.connectionId,
      line.listing,
    ],
  );
}

/** Pushes with lines of the submission that nobody has tried to send; locked, so that nobody does meanwhile. */
async function lockUnsentPushes(tx: Queryable, submissionId: string): Promise<ReadonlySet<string>> {
  const found = await tx.select<{ pushId: string }>(
    `SELECT DISTINCT lv.pushId FROM submission_lines sl
     JOIN stock_levels lv ON lv.connectionId = sl.connectionId AND lv.listing = sl.listing AND lv.state = 'claimed'
     JOIN pushes p ON p.id = lv.pushId AND p.state = 'open' AND p.attempt = 0
     WHERE sl.submissionId = ? AND sl.status = 'pending'`,
    [submissionId],
  );
  if (found.length === 0) return new Set();
  const locked = await tx.select<{ id: string }>(
    "SELECT id FROM pushes WHERE id IN (?) AND state = 'open' AND attempt = 0 ORDER BY id FOR UPDATE",
    [found.map(({ pushId }) => pushId)],
  );
  return new Set(locked.map(({ id }) => id));
}

/**
 * Whether the line could be taken back; one in an open push that somebody has tried to send may be on its way and is left, as is one
 * that was decided meanwhile.
 */
async function withdrawLine(tx: Queryable, line: OpenLine, unsent: ReadonlySet<string>): Promise<boolean> {
  const [level] = await tx.select<{
    state: string;
    pushId: string | null;
    versionAtMs: number;
    versionId: string;
    isUnheard: number;
  }>(
    `SELECT state, pushId, versionAtMs, versionId,
       acknowledgedAtMs IS NULL AND (unknownCount > 0 OR lateUntilMs > 0) AS isUnheard
     FROM stock_levels WHERE ${MATCHES_LEVEL} FOR UPDATE`,
    [line.connectionId, line.listing],
  );
  if (level?.state === 'claimed' && !unsent.has(level.pushId ?? '')) return false;
  // Sent without an answer, and nothing else is known that could take its place.
  if (level?.isUnheard === 1) return false;
  // Its level is ours from here on: whoever decided the line has done so before.
  const [current] = await tx.select<{ status: string }>(
    'SELECT status FROM submission_lines WHERE submissionId = ? AND rowNumber = ? FOR UPDATE',
    [line.submissionId, line.rowNumber],
  );
  if (current?.status !== 'pending') return false;
  if (level?.state === 'claimed') {
    await tx.change(`UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE ${MATCHES_LEVEL}`, [
      line.connectionId,
      line.listing,
    ]);
  }
  const rest = await withdrawPart(tx, line);
  if (rest !== undefined) {
    await fallBack(tx, line, rest === 'nothing left' ? undefined : rest);
    return true;
  }
  const isWanted = level?.versionAtMs === line.versionAtMs && level.versionId === line.versionId;
  if (isWanted) await fallBack(tx, line, await findFallback(tx, line));
  return true;
}

/**
 * Withdraws the lines of a submission that were not sent yet: each listing falls back to the newest other value that is
 * known. Lines that went out, or that somebody has tried to send and not heard of, stay as they are.
 */
export async function withdrawSubmission(db: Database, submissionId: string): Promise<Withdrawal> {
  return db.transaction(async (tx) => {
    const open = await tx.select<OpenLine>(
      `SELECT submissionId, rowNumber, connectionId, listing, locationId, versionAtMs, versionId FROM submission_lines
       WHERE submissionId = ? AND status = 'pending' ORDER BY listing, locationId`,
      [submissionId],
    );
    const unsent = await lockUnsentPushes(tx, submissionId);
    const withdrawnRows: number[] = [];
    for (const line of open) if (await withdrawLine(tx, line, unsent)) withdrawnRows.push(line.rowNumber);
    if (withdrawnRows.length > 0) {
      await tx.change("UPDATE submission_lines SET status = 'aborted' WHERE submissionId = ? AND rowNumber IN (?)", [
        submissionId,
        withdrawnRows,
      ]);
    }
    const sent = await tx.select<{ rowNumber: number }>(
      `SELECT rowNumber FROM submission_lines
       WHERE submissionId = ? AND (pushId IS NOT NULL OR status = 'pending') ORDER BY rowNumber`,
      [submissionId],
    );
    return { withdrawnRows: withdrawnRows.sort((a, b) => a - b), sentRows: sent.map((row) => row.rowNumber) };
  });
}
