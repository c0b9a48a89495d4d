import type { Queryable } from './database';
import { newId } from './new-id';
import { expectLateArrival, insertParts, lockLevels, lockPush } from './push-claims';

/** Refusals without one accepted line, beyond what it takes to reach a single bad line, before the whole is given up. */
const SPARE_REFUSALS = 3;

interface Tree {
  lineCount: number;
  refusals: number;
  accepted: number;
}

/** What became so far of the push and of everything that it was cut into. */
async function treeOf(tx: Queryable, rootPushId: string): Promise<Tree> {
  const [tree] = await tx.select<Tree>(
    `SELECT MAX(IF(id = ?, lineCount, 0)) AS lineCount, SUM(outcome <=> 'halved') AS refusals, SUM(acceptedCount) AS accepted
     FROM pushes WHERE id = ? OR rootPushId = ?`,
    [rootPushId, rootPushId, rootPushId],
  );
  if (!tree) throw new Error(`there is no push ${rootPushId}`);
  return tree;
}

/** On the way down to one bad line among n there are ⌈log2 n⌉ refusals, and as many halves that are accepted. */
const isHopeless = ({ lineCount, refusals, accepted }: Tree): boolean =>
  accepted === 0 && refusals >= 2 * Math.ceil(Math.log2(lineCount)) + SPARE_REFUSALS;

/**
 * The push that was cut in the first place, when nothing of it was accepted and nothing else of it waits: then the fault may lie with
 * something else than its lines. Marks the refusals of all its parts as such. Undefined otherwise.
 */
export async function markWhollyRefused(tx: Queryable, pushId: string): Promise<string | undefined> {
  const { rootPushId } = await lockPush(tx, pushId);
  const root = rootPushId ?? pushId;
  const [tree] = await tx.select<{ accepted: number; others: number }>(
    `SELECT SUM(acceptedCount) AS accepted, SUM(state = 'open' AND id <> ?) AS others FROM pushes WHERE id = ? OR rootPushId = ?`,
    [pushId, root, root],
  );
  if (!tree || tree.accepted > 0 || tree.others > 0) return undefined;
  await tx.change(
    "UPDATE pushes SET errorType = 'ChannelRejected' WHERE (id = ? OR rootPushId = ?) AND outcome = 'rejected'",
    [root, root],
  );
  return root;
}

/** Closes the push and opens one for each half of its lines; false when that would help nobody. */
export async function halve(tx: Queryable, pushId: string, attempt: number, refusal: string): Promise<boolean> {
  const push = await lockPush(tx, pushId);
  // Overtaken by another attempt, which decides.
  if (push.state === 'closed' || push.attempt !== attempt) return true;
  const rootPushId = push.rootPushId ?? pushId;
  await lockLevels(tx, pushId);
  const lines = await tx.select<{ listing: string; locationId: string; isZero: number }>(
    `SELECT listing, locationId, desiredQuantity = 0 AS isZero FROM stock_levels WHERE pushId = ?
     ORDER BY desiredQuantity > 0, dirtySinceMs, listing`,
    [pushId],
  );
  if (lines.length < 2 || isHopeless(await treeOf(tx, rootPushId))) return false;
  if (push.unansweredAttempts > 1) await expectLateArrival(tx, pushId);
  // Zero stock is parted from the rest first, so that it waits for no line that is not.
  const zeros = lines.filter((line) => line.isZero === 1).length;
  const middle = zeros > 0 && zeros < lines.length ? zeros : Math.ceil(lines.length / 2);
  const halves = [lines.slice(0, middle), lines.slice(middle)].map((half) => ({ pushId: newId(), half }));
  for (const { pushId: halfId, half } of halves) {
    await tx.change('UPDATE stock_levels SET pushId = ? WHERE pushId = ? AND listing IN (?)', [
      halfId,
      pushId,
      half.map((line) => line.listing),
    ]);
  }
  await insertParts(
    tx,
    push.connectionId,
    halves.map(({ pushId: halfId, half }) => ({
      pushId: halfId,
      lineCount: half.length,
      zeroCount: half.filter((line) => line.isZero === 1).length,
    })),
    rootPushId,
  );
  await tx.change(
    "UPDATE pushes SET state = 'closed', outcome = 'halved', error = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?",
    [refusal.slice(0, 500), pushId],
  );
  return true;
}
