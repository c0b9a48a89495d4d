import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../store/database';

const POLL_MS = 500;
/** Looks in a row that must find nothing, so that a moment between two things to do is not taken for rest. */
const LOOKS = 3;

/** What is still to be done, by kind; nothing is left when all are 0. */
export type Unfinished = Record<'levels' | 'pushes' | 'submissions' | 'orders', number>;

const QUESTION = `SELECT
  (SELECT COUNT(*) FROM stock_levels WHERE state IN ('dirty', 'claimed')) AS levels,
  (SELECT COUNT(*) FROM pushes WHERE state = 'open') AS pushes,
  (SELECT COUNT(*) FROM submissions WHERE status IN ('pending', 'processing')) AS submissions,
  (SELECT COUNT(*) FROM orders WHERE status IN ('stored', 'started')) AS orders`;

/** Waits until nothing is left to do; null when that takes longer than `withinMs`, else when it was seen first, milliseconds since the epoch. */
export async function untilQuiet(
  db: Database,
  { withinMs, onLook }: { withinMs: number; onLook(left: Unfinished): void },
): Promise<number | null> {
  let quietSinceMs: number | undefined;
  let looks = 0;
  for (const endsAtMs = Date.now() + withinMs; Date.now() < endsAtMs; await sleep(POLL_MS)) {
    const [left] = await db.select<Unfinished>(QUESTION).catch(() => []);
    if (!left) continue;
    onLook(left);
    const isQuiet = Object.values(left).every((count) => Number(count) === 0);
    looks = isQuiet ? looks + 1 : 0;
    quietSinceMs = isQuiet ? (quietSinceMs ?? Date.now()) : undefined;
    if (looks >= LOOKS && quietSinceMs !== undefined) return quietSinceMs;
  }
  return null;
}
