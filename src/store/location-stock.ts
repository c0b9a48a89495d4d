import { compareStored, MAX_QUANTITY, type StoredVersion } from '../contracts/stock';
import { inChunks, type Queryable, type SqlValue } from './database';
import { byPlace, isNewer, type LevelKey, levelKey, upsertDesired } from './stock-levels';

/** What one location says of a level that is the sum of several. */
export interface LocationPart {
  level: LevelKey;
  locationId: string;
  quantity: number;
  version: StoredVersion;
}

interface PartRow {
  listing: string;
  locationId: string;
  quantity: number;
  versionAtMs: number;
  versionId: string;
}

const NEWER = isNewer();

const versionOf = (row: PartRow): StoredVersion => ({ publishedAtMs: row.versionAtMs, versionId: row.versionId });

/** The quantity of all locations and the newest version among them, by listing. */
function sumsOf(parts: readonly PartRow[]): Map<string, { quantity: number; version: StoredVersion }> {
  const sums = new Map<string, { quantity: number; version: StoredVersion }>();
  for (const part of parts) {
    const sum = sums.get(part.listing);
    const version = versionOf(part);
    sums.set(part.listing, {
      quantity: Math.min((sum?.quantity ?? 0) + part.quantity, MAX_QUANTITY),
      version: sum && compareStored(sum.version, version) > 0 ? sum.version : version,
    });
  }
  return sums;
}

/**
 * Stores the parts that are newer than what is known and makes their levels show the new sums. Returns the version that is
 * now stored for each part, by level key and location.
 */
export async function addUpLocations(
  tx: Queryable,
  parts: readonly LocationPart[],
): Promise<Map<string, StoredVersion>> {
  const stored = new Map<string, StoredVersion>();
  if (parts.length === 0) return stored;
  const rows = parts
    .map(({ level, locationId, quantity, version }): [string, SqlValue[]] => [
      `${levelKey(level)}\n${locationId}`,
      [level.connectionId, level.listing, locationId, quantity, version.publishedAtMs, version.versionId],
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
  for (const { connectionId, locationId, listings } of byPlace(levels)) {
    for (const chunk of inChunks(listings)) {
      // Locked: another transaction may be adding the part of another location to the same sum.
      const all = await tx.select<PartRow>(
        `SELECT listing, locationId, quantity, versionAtMs, versionId FROM location_stock
         WHERE connectionId = ? AND listing IN (?) FOR UPDATE`,
        [connectionId, chunk],
      );
      for (const row of all)
        stored.set(
          `${levelKey({ connectionId, listing: row.listing, locationId })}\n${row.locationId}`,
          versionOf(row),
        );
      await upsertDesired(
        tx,
        [...sumsOf(all)].map(([listing, sum]) => ({ connectionId, listing, locationId, ...sum })),
      );
    }
  }
  return stored;
}
