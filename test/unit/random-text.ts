import { seededRandom } from '../../src/twins/faults';

/** What identifiers are made of in the worst case: separators, escapes, blanks, control characters, letters of many widths. */
const PIECES = [
  '/',
  '%',
  ' ',
  '\t',
  '\n',
  '\u0000',
  '\u007f',
  '%2F',
  'a',
  'B',
  '0',
  '_',
  '.',
  '#',
  '?',
  'é',
  '日',
  '😀',
  'ﬀ',
];

/** Repeatable texts of 1 to `maxPieces` pieces. */
export function randomTexts(seed: number, count: number, maxPieces = 8): string[] {
  const random = seededRandom(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + pick(maxPieces) }, () => PIECES[pick(PIECES.length)] ?? 'a').join(''),
  );
}
