import { messageIdOf, type StoredVersion } from '../contracts/stock';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';

/** What a stock level is the level of. */
export interface LevelKey {
  connectionId: number;
  listing: string;
  /** '' when the connection shows no particular location. */
  locationId: string;
}

export interface DesiredLevel extends LevelKey {
  quantity: number;
  version: StoredVersion;
}

export const levelKey = (level: LevelKey): string => `${level.connectionId}\n${level.listing}\n${level.locationId}`;

/**
 * Groups levels by all of their key but the listing. MySQL compares a list of whole keys with every row it finds, which
 * takes the square of its length; a list of listings it searches.
 */
export function byPlace(
  levels: readonly LevelKey[],
): { connectionId: number; locationId: string; listings: string[] }[] {
  const places = new Map<string, { connectionId: number; locationId: string; listings: string[] }>();
  for (const { connectionId, locationId, listing } of levels) {
    const key = `${connectionId}\n${locationId}`;
    const place = places.get(key) ?? { connectionId, locationId, listings: [] };
    place.listings.push(listing);
    places.set(key, place);
  }
  return [...places.values()];
}

/** SQL that is true when the row given by VALUES is as new as the stored one or newer: at equal versions the later arrival wins. */
export const isNewer = (): string =>
  '(VALUES(versionAtMs) > versionAtMs OR (VALUES(versionAtMs) = versionAtMs AND VALUES(versionId) >= versionId))';

const NEWER = isNewer();

/**
 * Makes each level desire the given quantity unless it already knows a newer version. A level in an open push stays claimed;
 * its revision tells the push that it has to go again. Returns the version that is now stored, by level key.
 */
export async function upsertDesired(
  tx: Queryable,
  wishes: readonly DesiredLevel[],
): Promise<Map<string, StoredVersion>> {
  const stored = new Map<string, StoredVersion>();
  const nowMs = Date.now();
  // Key order: two transactions that touch the same rows then wait for each other instead of deadlocking.
  const sorted = [...wishes].sort((a, b) => (levelKey(a) < levelKey(b) ? -1 : 1));
  for (const chunk of inChunks(sorted)) {
    const rows = chunk.map((wish): SqlValue[] => [
      wish.connectionId,
      wish.listing,
      wish.locationId,
      wish.quantity,
      wish.version.publishedAtMs,
      wish.version.versionId,
      nowMs,
      'dirty',
      nowMs,
    ]);
    // MySQL assigns from left to right and each condition reads versionAtMs and versionId, so those two come last.
    await tx.change(
      `INSERT INTO stock_levels (connectionId, listing, locationId, desiredQuantity, versionAtMs, versionId, desiredAtMs, state, dirtySinceMs)
       VALUES ? ON DUPLICATE KEY UPDATE
         desiredQuantity = IF(${NEWER}, VALUES(desiredQuantity), desiredQuantity),
         desiredAtMs = IF(${NEWER}, VALUES(desiredAtMs), desiredAtMs),
         revision = IF(${NEWER}, revision + 1, revision),
         notBeforeMs = IF(${NEWER}, 0, notBeforeMs),
         dirtySinceMs = IF(${NEWER} AND state <> 'dirty', VALUES(dirtySinceMs), dirtySinceMs),
         state = IF(${NEWER} AND state <> 'claimed', 'dirty', state),
         versionId = IF(${NEWER}, VALUES(versionId), versionId),
         versionAtMs = IF(${NEWER}, VALUES(versionAtMs), versionAtMs)`,
      [rows],
    );
    const current: (LevelKey & { versionAtMs: number; versionId: string })[] = [];
    for (const { connectionId, locationId, listings } of byPlace(chunk)) {
      current.push(
        ...(await tx.select<LevelKey & { versionAtMs: number; versionId: string }>(
          `SELECT connectionId, listing, locationId, versionAtMs, versionId FROM stock_levels
           WHERE connectionId = ? AND locationId = ? AND listing IN (?)`,
          [connectionId, locationId, listings],
        )),
      );
    }
    for (const row of current) stored.set(levelKey(row), { publishedAtMs: row.versionAtMs, versionId: row.versionId });
  }
  return stored;
}

export interface StockLevelRow extends LevelKey {
  desiredQuantity: number;
  versionAtMs: number;
  versionId: string;
  desiredAtMs: number;
  state: 'clean' | 'dirty' | 'claimed' | 'rejected';
  /** When the level came into its state. */
  dirtySinceMs: number;
  notBeforeMs: number;
  pushId: string | null;
  sentQuantity: number | null;
  sentVersionAtMs: number | null;
  sentVersionId: string | null;
  sentAtMs: number | null;
  acknowledgedQuantity: number | null;
  acknowledgedVersionAtMs: number | null;
  acknowledgedVersionId: string | null;
  acknowledgedAtMs: number | null;
  observedQuantity: number | null;
  observedAtMs: number | null;
  lastError: string | null;
}

export interface StockLevelStore {
  /** Levels of the listing, with the messages' own ids for versions. */
  find(connectionId: number, listing: string): Promise<StockLevelRow[]>;
  /** Listings of the connection that contain the text, in order; with an empty text the first ones. */
  findListings(connectionId: number, text: string, limit: number): Promise<string[]>;
  /** Every level of the connection goes out again with its current value; returns how many. */
  markAllDirty(connectionId: number): Promise<number>;
  /** The levels that the channel refused go out again with their current value; returns how many. */
  reviveRejected(connectionId: number): Promise<number>;
  /** What waits is given up, with the reason on each level and on the lines that asked for it; returns how many levels. A newer value wakes it again. */
  giveUpWaiting(connectionId: number, reason: string): Promise<number>;
  /**
   * Connections whose lines have been due for longer than `ageMs`, in order of their ids; also those that need new credentials, so that a run is
   * open that asks for them. What a person has paused rests.
   */
  findStale(ageMs: number, limit: number, after?: number): Promise<number[]>;
  recordObserved(
    connectionId: number,
    observed: readonly { listing: string; quantity: number | null }[],
  ): Promise<void>;
  /** Levels that are to be sent, in an open push or not, and how many of them are at zero. */
  countWaiting(connectionId: number): Promise<{ lines: number; zeros: number }>;
  countByState(connectionId: number): Promise<Record<string, number>>;
}

export function createStockLevelStore(db: Database): StockLevelStore {
  /** Levels go out again with their current value, and the lines that asked for a refused one wait for its verdict anew. */
  const revive = (connectionId: number, states: readonly StockLevelRow['state'][]): Promise<number> =>
    db.transaction(async (tx) => {
      await tx.change(
        `UPDATE submission_lines sl JOIN stock_levels lv
           ON lv.connectionId = sl.connectionId AND lv.listing = sl.listing AND lv.state = 'rejected'
         SET sl.status = 'pending', sl.error = NULL
         WHERE sl.connectionId = ? AND sl.status = 'error' AND sl.quantity IS NOT NULL
           AND sl.versionAtMs = lv.versionAtMs AND sl.versionId = lv.versionId`,
        [connectionId],
      );
      await tx.change(
        `UPDATE submissions s SET s.status = 'pending' WHERE s.connectionId = ? AND s.status = 'error'
           AND EXISTS (SELECT 1 FROM submission_lines sl WHERE sl.submissionId = s.id AND sl.status = 'pending')`,
        [connectionId],
      );
      const { affectedRows } = await tx.change(
        `UPDATE stock_levels SET revision = revision + 1, notBeforeMs = 0, unknownCount = 0, dirtySinceMs = ?,
           state = IF(state = 'claimed', 'claimed', 'dirty') WHERE connectionId = ? AND state IN (?)`,
        [Date.now(), connectionId, states],
      );
      return affectedRows;
    });
  return {
    async find(connectionId, listing) {
      const rows = await db.select<StockLevelRow>(
        'SELECT * FROM stock_levels WHERE connectionId = ? AND listing = ? ORDER BY locationId',
        [connectionId, listing],
      );
      return rows.map((row) => ({
        ...row,
        versionId: messageIdOf(row.versionId),
        sentVersionId: row.sentVersionId && messageIdOf(row.sentVersionId),
        acknowledgedVersionId: row.acknowledgedVersionId && messageIdOf(row.acknowledgedVersionId),
      }));
    },
    async findListings(connectionId, text, limit) {
      const rows = await db.select<{ listing: string }>(
        "SELECT DISTINCT listing FROM stock_levels WHERE connectionId = ? AND listing LIKE ? ESCAPE '!' ORDER BY listing LIMIT ?",
        [connectionId, `%${text.replace(/[!%_]/g, '!$&')}%`, limit],
      );
      return rows.map((row) => row.listing);
    },
    markAllDirty: (connectionId) => revive(connectionId, ['clean', 'dirty', 'claimed', 'rejected']),
    reviveRejected: (connectionId) => revive(connectionId, ['rejected']),
    giveUpWaiting: (connectionId, reason) =>
      db.transaction(async (tx) => {
        const words = reason.slice(0, 500);
        // Parts of a refused push that nobody has tried to send wait as well.
        const parts = await tx.select<{ id: string }>(
          "SELECT id FROM pushes WHERE connectionId = ? AND state = 'open' AND attempt = 0 ORDER BY id FOR UPDATE",
          [connectionId],
        );
        if (parts.length > 0) {
          await tx.change("UPDATE stock_levels SET state = 'dirty', pushId = NULL WHERE pushId IN (?)", [
            parts.map(({ id }) => id),
          ]);
        }
        const { affectedRows } = await tx.change(
          "UPDATE stock_levels SET state = 'rejected', lastError = ? WHERE connectionId = ? AND state = 'dirty'",
          [words, connectionId],
        );
        // The levels above stay locked, so a newer value that arrives now keeps its line: it is not in a rejected level.
        await tx.change(
          `UPDATE submission_lines sl JOIN stock_levels lv ON lv.connectionId = sl.connectionId AND lv.listing = sl.listing
           SET sl.status = 'error', sl.error = ?
           WHERE sl.connectionId = ? AND sl.status = 'pending' AND lv.state = 'rejected'`,
          [words, connectionId],
        );
        return affectedRows;
      }),
    async findStale(ageMs, limit, after = 0) {
      const nowMs = Date.now();
      const rows = await db.select<{ connectionId: number }>(
        `SELECT DISTINCT lv.connectionId FROM stock_levels lv
         JOIN connections c ON c.id = lv.connectionId AND c.status <> 'paused'
         WHERE lv.state IN ('dirty', 'claimed') AND lv.dirtySinceMs < ? AND lv.notBeforeMs < ? AND lv.connectionId > ?
         ORDER BY lv.connectionId LIMIT ?`,
        [nowMs - ageMs, nowMs, after, limit],
      );
      return rows.map((row) => row.connectionId);
    },
    async recordObserved(connectionId, observed) {
      const nowMs = Date.now();
      await db.transaction(async (tx) => {
        for (const { listing, quantity } of [...observed].sort((a, b) => (a.listing < b.listing ? -1 : 1))) {
          await tx.change(
            'UPDATE stock_levels SET observedQuantity = ?, observedAtMs = ? WHERE connectionId = ? AND listing = ?',
            [quantity, nowMs, connectionId, listing],
          );
        }
      });
    },
    async countWaiting(connectionId) {
      const [found] = await db.select<{ waiting: number; zeros: number }>(
        `SELECT COUNT(*) AS waiting, COALESCE(SUM(desiredQuantity = 0), 0) AS zeros FROM stock_levels
         WHERE connectionId = ? AND state IN ('dirty', 'claimed')`,
        [connectionId],
      );
      return { lines: found?.waiting ?? 0, zeros: found?.zeros ?? 0 };
    },
    async countByState(connectionId) {
      const rows = await db.select<{ state: string; levels: number }>(
        'SELECT state, COUNT(*) AS levels FROM stock_levels WHERE connectionId = ? GROUP BY state',
        [connectionId],
      );
      return Object.fromEntries(rows.map((row) => [row.state, row.levels]));
    },
  };
}
