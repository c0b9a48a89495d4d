import { type Database, inChunks } from './database';

/** How events of a connection were read last that named no zone. */
export interface EventClock {
  timeZone: string;
  /** By how much later than the zone says. */
  shiftMs: number;
}

export interface EventClockStore {
  /** The clock of the connection; `first` when it has none yet, which is then kept. */
  findOrKeep(connectionId: number, first: EventClock): Promise<EventClock>;
  /** Whether the clock still was `from` and is `to` now. */
  replace(connectionId: number, from: EventClock, to: EventClock): Promise<boolean>;
  /** Whether a version of one of the listings is later than `afterMs` and not later than `untilMs`. */
  knowsBetween(connectionId: number, listings: readonly string[], afterMs: number, untilMs: number): Promise<boolean>;
}

export function createEventClockStore(db: Database): EventClockStore {
  return {
    async findOrKeep(connectionId, first) {
      const find = () =>
        db.select<EventClock>('SELECT timeZone, shiftMs FROM event_clocks WHERE connectionId = ?', [connectionId]);
      const [known] = await find();
      if (known) return known;
      await db.change(
        'INSERT INTO event_clocks (connectionId, timeZone, shiftMs) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE connectionId = connectionId',
        [connectionId, first.timeZone, first.shiftMs],
      );
      const [kept] = await find();
      return kept ?? first;
    },
    async replace(connectionId, from, to) {
      const { affectedRows } = await db.change(
        'UPDATE event_clocks SET timeZone = ?, shiftMs = ? WHERE connectionId = ? AND timeZone = ? AND shiftMs = ?',
        [to.timeZone, to.shiftMs, connectionId, from.timeZone, from.shiftMs],
      );
      return affectedRows > 0;
    },
    async knowsBetween(connectionId, listings, afterMs, untilMs) {
      for (const chunk of inChunks(listings)) {
        const [found] = await db.select(
          'SELECT 1 FROM stock_levels WHERE connectionId = ? AND listing IN (?) AND versionAtMs > ? AND versionAtMs <= ? LIMIT 1',
          [connectionId, chunk, afterMs, untilMs],
        );
        if (found) return true;
      }
      return false;
    },
  };
}
