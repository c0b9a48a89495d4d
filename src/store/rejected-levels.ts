import type { Database } from './database';

/** A level that the channel refused. */
export interface RejectedLevel {
  listing: string;
  locationId: string;
  /** What the channel should show. */
  desiredQuantity: number;
  /** What the channel accepted last; null when it never did. */
  acknowledgedQuantity: number | null;
  /** Since when it is refused, milliseconds since the epoch. */
  sinceMs: number;
  /** In the channel's words. */
  error: string | null;
}

const PAGE = 2_000;

/** Every level of the connection that the channel refused, oldest first, in pages: there may be as many as listings. */
export async function* rejectedLevels(db: Database, connectionId: number): AsyncGenerator<RejectedLevel[]> {
  let last: RejectedLevel | undefined;
  for (;;) {
    const after: [string, (string | number)[]] = last
      ? [
          'AND dirtySinceMs >= ? AND (dirtySinceMs > ? OR listing > ? OR (listing = ? AND locationId > ?))',
          [last.sinceMs, last.sinceMs, last.listing, last.listing, last.locationId],
        ]
      : ['', []];
    const page: RejectedLevel[] = await db.select<RejectedLevel>(
      `SELECT listing, locationId, desiredQuantity, acknowledgedQuantity, dirtySinceMs AS sinceMs, lastError AS error
       FROM stock_levels FORCE INDEX (ix_level_age) WHERE connectionId = ? AND state = 'rejected' ${after[0]}
       ORDER BY dirtySinceMs, listing, locationId LIMIT ?`,
      [connectionId, ...after[1], PAGE],
    );
    if (page.length > 0) yield page;
    last = page.at(-1);
    if (page.length < PAGE) return;
  }
}
