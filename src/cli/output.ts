import type { Connection } from '../contracts/connection';

/** What a command has done: one JSON document for programs, lines for people. */
export interface Outcome {
  json: unknown;
  lines: readonly string[];
  /** The command ran to its end and found that something does not work: exit code 1. */
  failed?: boolean;
}

export type Cell = string | number | null | undefined;

const MS_PER_SECOND = 1_000;
const MS_PER_MINUTE = 60 * MS_PER_SECOND;
const MS_PER_HOUR = 60 * MS_PER_MINUTE;
const MS_PER_DAY = 24 * MS_PER_HOUR;

const textOf = (cell: Cell): string =>
  // A channel's words may hold what breaks a row, or what a terminal obeys.
  cell === null || cell === undefined || cell === '' ? '–' : String(cell).replace(/\p{Cc}+/gu, ' ');

/** Rows as aligned columns under their headings; an empty cell reads "–". */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const all = [headings, ...rows.map((row) => headings.map((_heading, index) => textOf(row[index])))];
  const widths = headings.map((_heading, index) => Math.max(...all.map((row) => (row[index] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Names with their values, one a line, the values aligned. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}`);
}

/** Others' words on one line of a terminal: line breaks and control characters as blanks, cut after so many characters. */
export function oneLine(words: string, maxChars = Number.POSITIVE_INFINITY): string {
  const clean = words.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return clean.length <= maxChars ? clean : `${clean.slice(0, maxChars - 1)}…`;
}

/** "1 line", "3 lines". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A length of time in its largest fitting unit: "12 min". */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 2 * MS_PER_MINUTE) return `${Math.round(size / MS_PER_SECOND)} s`;
  if (size < 2 * MS_PER_HOUR) return `${Math.round(size / MS_PER_MINUTE)} min`;
  if (size < 2 * MS_PER_DAY) return `${Math.round(size / MS_PER_HOUR)} h`;
  return `${Math.round(size / MS_PER_DAY)} days`;
}

/** "12 min ago", "in 3 s". */
export const relative = (atMs: number, nowMs: number): string =>
  atMs > nowMs ? `in ${duration(atMs - nowMs)}` : `${duration(nowMs - atMs)} ago`;

/** A moment as people need it: the UTC time to the second and how long ago that is. */
export const moment = (atMs: number, nowMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 19)}Z (${relative(atMs, nowMs)})`;

/** What may be told of a token: its generation and when it dies, never itself. */
export function tokenWords(
  token: Pick<Connection, 'accessToken' | 'tokenGeneration' | 'tokenExpiresAtMs' | 'sealFault'>,
  nowMs: number,
): string {
  if (token.sealFault !== undefined) return 'cannot be opened';
  if (token.accessToken === null) return 'missing';
  const generation = `generation ${token.tokenGeneration}`;
  const { tokenExpiresAtMs } = token;
  if (tokenExpiresAtMs === null) return `${generation}, nobody knows when it expires`;
  return tokenExpiresAtMs > nowMs
    ? `${generation}, expires ${relative(tokenExpiresAtMs, nowMs)}`
    : `${generation}, expired ${relative(tokenExpiresAtMs, nowMs)}`;
}
