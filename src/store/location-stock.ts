import type { Version } from '../contracts/stock';
import { inChunks, type Queryable, type SqlValue } from './database';
import { isNewer, type LevelKey, levelKey, upsertDesired } from './stock-levels';

/** What one location says of a level that is the sum of several. */
export interface LocationPart {
  level: LevelKey;
  locationId: string;
  quantity: number;
  version: Version;
}

const NEWER = isNewer();

/**
 * Stores the parts that are newer than what is known and makes their levels show the new sums. Returns the version that is
 * now stored for each part, by level key and location.
 */
export async function addUpLocations(tx: Queryable, parts: readonly LocationPart[]): Promise<Map<string, Version>> {
  const stored = new Map<string, Version>();
  if (parts.length === 0) return stored;
  const rows = parts
    .map(({ level, locationId, quantity, version }): [string, SqlValue[]] => [
      `${levelKey(level)}\n${locationId}`,
      [level.connectionId, level.listing, locationId, quantity, version.publishedAtMs, version.messageId],
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
  for (const chunk of inChunks(rows)) {
    await tx.change(
      `INSERT INTO location_stock (connectionId, listing, locationId, quantity, versionAtMs, versionId) VALUES ?
       ON DUPLICATE KEY UPDATE quantity = IF(${NEWER}, VALUES(quantity), quantity),
         versionId = IF(${NEWER}, VALUES(versionId), versionId), versionAtMs = IF(${NEWER}, VALUES(versionAtMs), versionAtMs)`,
      [chunk],
    );
  }
  const levels = [...new Map(parts.map((part) => [levelKey(part.level), part.level])).values()];
  for (const chunk of inChunks(levels)) {
    const all = await tx.select<{
      connectionId: number;
      listing: string;
      locationId: string;
      quantity: number;
      versionAtMs: number;
      versionId: string;
    }>(
      'SELECT connectionId, listing, locationId, quantity, versionAtMs, versionId FROM location_stock WHERE (connectionId, listing) IN (?)',
      [chunk.map((level) => [level.connectionId, level.listing])],
    );
    const wishes = chunk.map((level) => {
      const own = all.filter((row) => row.connectionId === level.connectionId && row.listing === level.listing);
      for (const row of own) {
        stored.set(`${levelKey(level)}\n${row.locationId}`, {
          publishedAtMs: row.versionAtMs,
          messageId: row.versionId,
        });
      }
      const newest = own.reduce((a, b) =>
        b.versionAtMs > a.versionAtMs || (b.versionAtMs === a.versionAtMs && b.versionId > a.versionId) ? b : a,
      );
      return {
        ...level,
        quantity: own.reduce((sum, row) => sum + row.quantity, 0),
        version: { publishedAtMs: newest.versionAtMs, messageId: newest.versionId },
      };
    });
    await upsertDesired(tx, wishes);
  }
  return stored;
}
