import type { FailureType } from './failures';

/**
 * The source's order of truth: the later publication wins, equal times are ordered by message id, then by arrival. Digits in an
 * id are numbers: `evt-9` comes before `evt-10`.
 */
export interface Version {
  /** Milliseconds since the epoch. */
  publishedAtMs: number;
  messageId: string;
}

/** A version as the tables keep it: `versionId` is a {@link versionIdOf}, or an id of our own, or one that was stored before there were keys. */
export interface StoredVersion {
  publishedAtMs: number;
  versionId: string;
}

/** Above every id that begins with a letter or a digit, so that of equal times what arrives wins over an id that was stored without a key. */
const KEY_MARK = '~';
/** Ends the part of a key that sorts; below everything that it holds. */
const KEY_END = ' ';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const ULID = /^(?=.*[A-Z])[0-7][\dA-HJKMNP-TV-Z]{25}$/;

/** A run of digits behind its length, without the zeros in front: text that sorts as the number does. */
const sortableNumber = (digits: string): string => {
  const significant = digits.replace(/^0+(?=\d)/, '');
  return `${significant.length.toString(16).padStart(2, '0')}${significant}`;
};

/** These two have a fixed width and sort by time as they are; their digits are no numbers. */
const sortableText = (id: string): string =>
  UUID.test(id) || ULID.test(id) ? id : id.replace(/[\p{Cc} ]/gu, '!').replace(/\d+/g, sortableNumber);

/**
 * What the tables keep of a message's id of at most 100 characters: a text of at most 302 that SQL, comparing by code point, sorts
 * with digits as numbers, and the id itself behind it, which decides where only zeros in front differ: `~evt-0210 evt-10`.
 */
export const versionIdOf = (messageId: string): string => `${KEY_MARK}${sortableText(messageId)}${KEY_END}${messageId}`;

/** The message's own id of a `versionId`; one that is no key is its own id. */
export function messageIdOf(versionId: string): string {
  const messageId = versionId.slice(versionId.indexOf(KEY_END) + 1);
  return versionId.startsWith(KEY_MARK) && versionIdOf(messageId) === versionId ? messageId : versionId;
}

/** Ranks the halves of characters above the basic plane above all others, as their code points are. */
const rankOf = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** Compares by code point, as the database does, where JavaScript's own order goes by halves of characters. */
function compareTexts(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) return rankOf(a.charCodeAt(at)) - rankOf(b.charCodeAt(at));
  }
  return a.length - b.length;
}

/** Positive when `a` is newer; 0 for the same version. The tables' statements sort likewise. */
export const compareStored = (a: StoredVersion, b: StoredVersion): number =>
  a.publishedAtMs - b.publishedAtMs || compareTexts(a.versionId, b.versionId);

/** Positive when `a` is newer than `b`; 0 for the same version. */
export const compareVersions = (a: Version, b: Version): number =>
  compareStored(
    { publishedAtMs: a.publishedAtMs, versionId: versionIdOf(a.messageId) },
    { publishedAtMs: b.publishedAtMs, versionId: versionIdOf(b.messageId) },
  );

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
  | { listing: string; verdict: 'rejected' | 'unsent'; message: string }
  /** `trouble`: what a person has to see of it although the line goes out again by itself. */
  | { listing: string; verdict: 'unknown'; message: string; trouble?: JobTrouble };

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
  /** What a person has to see of a job although each of its lines has a verdict. */
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
