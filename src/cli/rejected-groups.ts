import { listingParts } from '../contracts/ids';
import type { RejectedLevel } from '../store/rejected-levels';

/** Lines that were refused for the same reason. */
export interface RejectedGroup {
  /** In the channel's words, with `…` where they name the listing. */
  reason: string;
  lines: number;
  /** Of them, those that should show zero: they may be sold although nothing is there. */
  zeros: number;
  sinceMs: number;
  samples: Pick<RejectedLevel, 'listing' | 'locationId' | 'desiredQuantity'>[];
}

/** Parts that are shorter stand in other words, too. */
const MIN_PART_CHARS = 3;
const SAMPLES = 3;
const UNTOLD = 'no reason was told';

const partsOf = (listing: string): string[] => {
  try {
    return listingParts(listing);
  } catch {
    return [];
  }
};

/** The reason without the listing that it names: the same words about two listings are one reason. */
export function reasonOf({ error, listing }: Pick<RejectedLevel, 'error' | 'listing'>): string {
  if (error === null || error.trim() === '') return UNTOLD;
  return [listing, ...partsOf(listing)]
    .filter((part) => part.length >= MIN_PART_CHARS)
    .sort((a, b) => b.length - a.length)
    .reduce((words, part) => words.replaceAll(part, '…'), error);
}

/** Groups lines as they come; holds as much as there are reasons, not lines. */
export function createGroups() {
  const groups = new Map<string, RejectedGroup>();
  return {
    add(level: RejectedLevel): void {
      const reason = reasonOf(level);
      const group = groups.get(reason) ?? { reason, lines: 0, zeros: 0, sinceMs: level.sinceMs, samples: [] };
      group.lines += 1;
      if (level.desiredQuantity === 0) group.zeros += 1;
      group.sinceMs = Math.min(group.sinceMs, level.sinceMs);
      const { listing, locationId, desiredQuantity } = level;
      if (group.samples.length < SAMPLES) group.samples.push({ listing, locationId, desiredQuantity });
      groups.set(reason, group);
    },
    /** The largest group first. */
    all: (): RejectedGroup[] => [...groups.values()].sort((a, b) => b.lines - a.lines || a.sinceMs - b.sinceMs),
  };
}
