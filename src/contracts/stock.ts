import type { FailureType } from './failures';

/** The source's order of truth: the later publication wins, equal times are ordered by message id, then by arrival. */
export interface Version {
  /** Milliseconds since the epoch. */
  publishedAtMs: number;
  messageId: string;
}

/** Sorts as the database does: by code point, where JavaScript's own order goes by halves of characters. */
const sortKey = (text: string): string =>
  Array.from(text, (character) => (character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')).join('');

/** Positive when `a` is newer than `b`; 0 for the same version. */
export function compareVersions(a: Version, b: Version): number {
  if (a.publishedAtMs !== b.publishedAtMs) return a.publishedAtMs - b.publishedAtMs;
  if (a.messageId === b.messageId) return 0;
  return sortKey(a.messageId) > sortKey(b.messageId) ? 1 : -1;
}

/** The largest quantity that any channel and the database take; a larger one is a mistake of the source. */
export const MAX_QUANTITY = 2_147_483_647;

/** A line as it goes out: an absolute quantity of sellable pieces, a whole number from 0 to {@link MAX_QUANTITY}. */
export interface StockLine {
  listing: string;
  quantity: number;
}

/**
 * What the channel said of one line. `unknown`: it was sent and the channel said nothing of it, so it goes out again. `unsent`: the
 * channel refused the request because of other lines, which are rejected; goes again at once.
 */
export type Verdict =
  | { listing: string; verdict: 'accepted' }
  | { listing: string; verdict: 'rejected' | 'unknown' | 'unsent'; message: string };

/** What a channel shows at the moment, as read back; a null quantity means that it does not know the listing. */
export interface ObservedStock {
  listing: string;
  quantity: number | null;
}

/** What a connection could send at this moment. */
export interface DueStock {
  /** How many pushes it would take, counted no further than the lanes can use. */
  pushes: number;
  hasZeros: boolean;
  /** When the next line that has to wait becomes due, milliseconds from now; 0 when some are, null when none waits. */
  nextDueInMs: number | null;
  /** How many pushes may be on the wire at once. */
  lanes: number;
  /** True when the channel works pushes off as jobs, in its own time. */
  asJobs: boolean;
}

export interface PushResult {
  accepted: number;
  rejected: number;
  unknown: number;
  /** Lines that were not applied because of others; they go again at once. Absent: none. */
  unsent?: number;
  /** The channel's words on the first rejected line, for a person to read. */
  sampleMessage?: string;
  /** What went wrong with a job as a whole although each of its lines has a verdict. */
  trouble?: JobTrouble;
}

export interface JobTrouble {
  type: FailureType;
  message: string;
  channelWords?: string;
}

/** A job under way at the channel: watched and then collected under the id of its push. */
export interface RunningJob {
  pushId: string;
  deadlineInMs: number;
}

/** What became of one push, and what is left to send. A push that goes on as a job has its verdicts later. */
export interface PushReport extends PushResult {
  job?: RunningJob;
  due: DueStock;
}

/** What one run of the inventory sync did, in lines and calls. */
export interface SyncTotals {
  pushes: number;
  accepted: number;
  rejected: number;
  unknown: number;
}
