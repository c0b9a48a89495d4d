import type { DueStock, PushResult } from '../contracts/stock';
import type { Database, Queryable } from './database';
import { claimFor, findDue, lockLevels, lockPush, putBack, resultOf } from './push-claims';
import type { LevelKey } from './stock-levels';

/** Who sends, and how much one push takes. */
export interface Departure {
  /** Named by the workflow, so that an attempt that comes after a lost one is known as such. */
  pushId: string;
  connectionId: number;
  /** The run that sends; what others have left under way is given back. */
  runId: string;
  /** Lines a push. */
  batchSize: number;
  /** Takes zero stock and nothing else. */
  onlyZeros?: boolean;
}

/** A line as one attempt sends it: the desired value at the moment of the call. */
export interface ClaimedLine extends LevelKey {
  quantity: number;
  versionAtMs: number;
  versionId: string;
  revision: number;
}

export type AttemptStart =
  | { open: true; attempt: number; lines: ClaimedLine[] }
  /** The push is closed, or nothing is due. */
  | { open: false; result: PushResult };

const NOTHING: PushResult = { accepted: 0, rejected: 0, unknown: 0 };

/** How often others may take what was found to be due before it is their business. */
const MAX_TRIES = 5;

/** No attempt lasts as long: a push of the run's own that still has lines was brought back with an older copy of the database. */
const LOST_AFTER_MS = 120_000;

export const ownerOf = ({ runId, pushId }: Pick<Departure, 'runId' | 'pushId'>): string => `${runId} ${pushId}`;

/** SQL that is true for a push of another run; its value is the run's id. */
export const IS_FOREIGN = "(p.owner IS NULL OR SUBSTRING_INDEX(p.owner, ' ', 1) <> ?)";

/** Gives the lines of a push back and closes it, unless the channel may be working them off as a job. */
export async function release(tx: Queryable, pushId: string): Promise<void> {
  const push = await lockPush(tx, pushId);
  if (push.state === 'closed') return;
  const [job] = await tx.select("SELECT 1 FROM push_jobs WHERE pushId = ? AND state <> 'ended' LIMIT 1", [pushId]);
  if (job) return;
  await putBack(tx, pushId, push);
  await close(tx, pushId, 'released');
}

const close = (tx: Queryable, pushId: string, outcome: 'released' | 'withdrawn' | 'taken over') =>
  tx.change("UPDATE pushes SET state = 'closed', outcome = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?", [
    outcome,
    pushId,
  ]);

/** Gives back what nobody is sending any more: pushes of other runs, and those that a run of before has planned and never sent. */
export async function releaseStrays(db: Database, { pushId, connectionId, runId }: Departure): Promise<void> {
  const strays = await db.select<{ id: string }>(
    `SELECT p.id FROM pushes p WHERE p.connectionId = ? AND p.state = 'open' AND p.id <> ?
       AND ((p.attempt = 0 AND p.rootPushId IS NULL) OR (p.attempt > 0 AND (${IS_FOREIGN} OR p.updatedAt < ?)))
       AND NOT EXISTS (SELECT 1 FROM push_jobs j WHERE j.pushId = p.id AND j.state <> 'ended')`,
    [connectionId, pushId, runId, new Date(Date.now() - LOST_AFTER_MS)],
  );
  for (const { id } of strays) await db.transaction((tx) => release(tx, id));
}

/** Moves the lines of a waiting part of a refused push to this one, those with zero stock first; returns the root, or undefined when there is none. */
async function takePart(
  tx: Queryable,
  { pushId, connectionId, batchSize, onlyZeros }: Departure,
  hasZerosDue: boolean,
): Promise<string | 'again' | undefined> {
  const [found] = await tx.select<{ id: string; hasZero: number }>(
    `SELECT p.id, EXISTS (SELECT 1 FROM stock_levels lv WHERE lv.pushId = p.id AND lv.desiredQuantity = 0) AS hasZero
     FROM pushes p WHERE p.connectionId = ? AND p.state = 'open' AND p.attempt = 0 AND p.rootPushId IS NOT NULL
     ORDER BY hasZero DESC, p.id LIMIT 1`,
    [connectionId],
  );
  if (!found || (found.hasZero === 0 && (onlyZeros || hasZerosDue))) return undefined;
  const part = await lockPush(tx, found.id);
  // Somebody else has taken it meanwhile.
  if (part.state === 'closed' || part.attempt > 0) return 'again';
  const levels = await lockLevels(tx, found.id);
  if (levels.length === 0 || levels.length > batchSize) {
    // Taken back by an abort, or larger than a batch may be by now.
    await tx.change("UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE pushId = ?", [found.id]);
    await close(tx, found.id, 'withdrawn');
    return 'again';
  }
  await tx.change('UPDATE stock_levels SET pushId = ? WHERE pushId = ?', [pushId, found.id]);
  await close(tx, found.id, 'taken over');
  return part.rootPushId ?? undefined;
}

const linesOf = (tx: Queryable, pushId: string) =>
  tx.select<ClaimedLine>(
    `SELECT connectionId, listing, locationId, desiredQuantity AS quantity, versionAtMs, versionId, revision
     FROM stock_levels WHERE pushId = ? ORDER BY desiredQuantity > 0, dirtySinceMs, listing`,
    [pushId],
  );

/** One try to leave with the lines that were due a moment ago; undefined when they have to be read anew. */
async function tryToLeave(
  tx: Queryable,
  departure: Departure,
  due: readonly (LevelKey & { zero: boolean })[],
): Promise<AttemptStart | undefined> {
  const { pushId, connectionId } = departure;
  // Its row first: two attempts of one push then leave one after the other.
  await tx.change(
    `INSERT IGNORE INTO pushes (id, connectionId, state, lineCount, zeroCount, createdAt, updatedAt)
     VALUES (?, ?, 'open', 0, 0, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [pushId, connectionId],
  );
  const push = await lockPush(tx, pushId);
  if (push.state === 'closed') return { open: false, result: resultOf(push) };
  if (push.connectionId !== connectionId) throw new Error(`push ${pushId} is not of connection ${connectionId}`);
  if ((await putBack(tx, pushId, push)) > 0) {
    await tx.change('UPDATE pushes SET unansweredAttempts = 0 WHERE id = ?', [pushId]);
    return undefined;
  }
  const root = await takePart(
    tx,
    departure,
    due.some(({ zero }) => zero),
  );
  if (root === undefined && due.length > 0) await claimFor(tx, pushId, due);
  const lines = root === 'again' ? [] : await linesOf(tx, pushId);
  if (lines.length === 0) {
    // A push that never left leaves no trace.
    if (push.attempt === 0) await tx.change('DELETE FROM pushes WHERE id = ?', [pushId]);
    // Others were faster.
    if (root === 'again' || due.length > 0) return undefined;
    if (push.attempt > 0) await close(tx, pushId, 'withdrawn');
    return { open: false, result: NOTHING };
  }
  await tx.change(
    `UPDATE pushes SET attempt = attempt + 1, unansweredAttempts = 1, lineCount = ?, zeroCount = ?, rootPushId = ?, owner = ?,
       updatedAt = UTC_TIMESTAMP(3) WHERE id = ?`,
    [lines.length, lines.filter(({ quantity }) => quantity === 0).length, root ?? null, ownerOf(departure), pushId],
  );
  return { open: true, attempt: push.attempt + 1, lines };
}

/** Claims what is most urgent at this moment and opens an attempt with it. */
export async function depart(db: Database, departure: Departure): Promise<AttemptStart> {
  const { connectionId, batchSize, onlyZeros } = departure;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    // Read without locks and claimed by key: locking a range would make departures and intake deadlock.
    const due = await findDue(db, connectionId, batchSize, onlyZeros);
    const start = await db.transaction((tx) => tryToLeave(tx, departure, due));
    if (start) return start;
  }
  return { open: false, result: NOTHING };
}

export interface DueQuestion extends Pick<Departure, 'connectionId' | 'batchSize' | 'onlyZeros'> {
  /** Counts the jobs, too, that other runs than this one have left under way. */
  runId?: string;
}

/** What a connection could send at this moment, counted no further than `lanes` pushes can carry. */
export async function findDueStock(
  db: Database,
  { connectionId, batchSize, onlyZeros, runId }: DueQuestion,
  lanes: number,
): Promise<Pick<DueStock, 'pushes' | 'hasZeros' | 'nextDueInMs'>> {
  const nowMs = Date.now();
  const count = async (what: string, limit: number): Promise<number> => {
    const [found] = await db.select<{ found: number }>(
      `SELECT COUNT(*) AS found FROM (SELECT 1 FROM stock_levels
         WHERE connectionId = ? AND state = 'dirty' AND ${what} AND notBeforeMs <= ? LIMIT ?) due`,
      [connectionId, nowMs, limit],
    );
    return found?.found ?? 0;
  };
  const most = batchSize * lanes;
  const zeros = await count('desiredQuantity = 0', most);
  const others = onlyZeros || zeros >= most ? 0 : await count('desiredQuantity > 0', most - zeros);
  const [parts] = onlyZeros
    ? []
    : await db.select<{ waiting: number }>(
        `SELECT COUNT(*) AS waiting FROM pushes
         WHERE connectionId = ? AND state = 'open' AND attempt = 0 AND rootPushId IS NOT NULL`,
        [connectionId],
      );
  const [jobs] =
    onlyZeros || runId === undefined
      ? []
      : await db.select<{ waiting: number }>(
          `SELECT COUNT(*) AS waiting FROM pushes p JOIN push_jobs j ON j.pushId = p.id AND j.state <> 'ended'
           WHERE p.connectionId = ? AND p.state = 'open' AND ${IS_FOREIGN}`,
          [connectionId, runId],
        );
  const pushes = Math.ceil((zeros + others) / batchSize) + (parts?.waiting ?? 0) + (jobs?.waiting ?? 0);
  if (pushes > 0) return { pushes, hasZeros: zeros > 0, nextDueInMs: 0 };
  const [next] = await db.select<{ nextMs: number | null }>(
    "SELECT MIN(notBeforeMs) AS nextMs FROM stock_levels WHERE connectionId = ? AND state = 'dirty'",
    [connectionId],
  );
  const nextMs = next?.nextMs ?? null;
  return { pushes, hasZeros: false, nextDueInMs: nextMs === null ? null : Math.max(0, nextMs - nowMs) };
}
