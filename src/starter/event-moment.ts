import { LRUCache } from 'lru-cache';
import type { IntakeWarning } from '../contracts/submission';
import type { EventClock, EventClockStore } from '../store/event-clocks';
import { offsetMsAt, readWmsTime } from './wms-time';

const MS_PER_MINUTE = 60_000;
/** What clocks are apart; later than this is no time at which anything can have been published. */
export const MAX_AHEAD_MS = 5 * MS_PER_MINUTE;
/** More than zones can be wrong by: such a clock is not set at all. */
const REFUSED_AHEAD_MS = 24 * 60 * MS_PER_MINUTE;
/** An event that is younger than this may have come without delay. */
const PROMPT_MS = 60 * MS_PER_MINUTE;
/** Zones are a multiple of this apart. */
const ZONE_STEP_MS = 15 * MS_PER_MINUTE;
const CACHE_TTL_MS = 10_000;
const MAX_CLOCKS = 5_000;

/** When an event counts as published, milliseconds since the epoch, and what its sender should know about it; or why its time cannot be used. */
export type EventMoment = { publishedAtMs: number; warnings: readonly IntakeWarning[] } | { fault: string };

export interface EventMomentDeps {
  clocks: EventClockStore;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Tells when an event of a connection was published, whose times without a zone are in `timeZone`. */
export type ReadEventMoment = (event: {
  publishedAt: string;
  connectionId: number;
  timeZone: string;
  listings: readonly string[];
}) => Promise<EventMoment>;

const inWords = (ms: number): string => {
  const minutes = Math.round(ms / MS_PER_MINUTE);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [hours > 0 ? `${hours} h` : '', rest > 0 || hours === 0 ? `${rest} min` : ''].filter(Boolean).join(' ');
};

/**
 * An order of truth needs times that can be compared. Three things make them wrong: a clock that is ahead, which would hide all
 * that comes after it; an hour that clocks show twice; and a connection whose zone was changed, so that the same clock on the
 * sender's wall means another moment than before.
 */
export function createEventMoments({ clocks, now }: EventMomentDeps): ReadEventMoment {
  const cache = new LRUCache<number, EventClock>({ max: MAX_CLOCKS, ttl: CACHE_TTL_MS });

  /**
   * By how much later than its zone says an event is read that names none. After a change to a zone that makes times earlier,
   * what comes next would be older than what came before. It is read as before, until an event shows that the sender's clock has
   * changed as well: as before it would be from the future.
   */
  async function shiftOf(connectionId: number, timeZone: string, atMs: number): Promise<number> {
    const possibleMs = Math.max(0, Math.floor((now() + MAX_AHEAD_MS - atMs) / ZONE_STEP_MS) * ZONE_STEP_MS);
    let known = cache.get(connectionId);
    for (;;) {
      known ??= await clocks.findOrKeep(connectionId, { timeZone, shiftMs: 0 });
      const earlierMs = known.timeZone === timeZone ? 0 : offsetMsAt(timeZone, atMs) - offsetMsAt(known.timeZone, atMs);
      const wantedMs = Math.max(0, known.shiftMs + earlierMs);
      const clock = { timeZone, shiftMs: wantedMs > possibleMs ? 0 : wantedMs };
      const isSame = clock.timeZone === known.timeZone && clock.shiftMs === known.shiftMs;
      if (isSame || (await clocks.replace(connectionId, known, clock))) {
        cache.set(connectionId, clock);
        return clock.shiftMs;
      }
      known = undefined;
    }
  }

  /**
   * Which of two moments is meant. Not one in the future; the later one if it is now; and of two that are long past the earlier
   * one, unless something newer of the same listings is known from the time between them, for then the clock has gone round.
   */
  async function chosen(
    [earlierMs, laterMs = earlierMs]: readonly number[],
    connectionId: number,
    listings: readonly string[],
  ): Promise<number> {
    const nowMs = now();
    if (earlierMs === undefined || laterMs === undefined) throw new Error('a time has no moment');
    if (earlierMs === laterMs || laterMs > nowMs + MAX_AHEAD_MS) return earlierMs;
    if (laterMs > nowMs - PROMPT_MS) return laterMs;
    return (await clocks.knowsBetween(connectionId, listings, earlierMs, laterMs)) ? laterMs : earlierMs;
  }

  return async ({ publishedAt, connectionId, timeZone, listings }) => {
    const read = readWmsTime(publishedAt, timeZone);
    if ('fault' in read) return read;
    const shiftMs = read.isLocal ? await shiftOf(connectionId, timeZone, read.momentsMs[0]) : 0;
    const moments = read.momentsMs.map((atMs) => atMs + shiftMs);
    const publishedAtMs = await chosen(moments, connectionId, listings);
    const aheadMs = publishedAtMs - now();
    if (aheadMs > REFUSED_AHEAD_MS)
      return { fault: 'is more than a day ahead: it would outrank every event until then' };
    const warnings: IntakeWarning[] = [];
    if (shiftMs > 0)
      warnings.push({
        kind: 'time_zone_changed',
        path: 'publishedAt',
        message: `is read ${inWords(shiftMs)} later than ${timeZone} says, as before the connection's time zone was changed: otherwise it would be older than what came before`,
      });
    if (aheadMs <= MAX_AHEAD_MS) return { publishedAtMs, warnings };
    warnings.push({
      kind: 'stamped_ahead',
      path: 'publishedAt',
      message: `is ${inWords(aheadMs)} ahead: it counts as ${inWords(MAX_AHEAD_MS)} ahead, or it would outrank every event until then. Is the sender's clock right, and its zone that of the connection (${timeZone})?`,
    });
    return { publishedAtMs: publishedAtMs - aheadMs + MAX_AHEAD_MS, warnings };
  };
}
