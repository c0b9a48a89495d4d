import { z } from 'zod';

/** A status as its schema writes it: `success`, ` Success ` and `SUCCESS` are one word, and so are `PARTIAL SUCCESS` and `PARTIAL_SUCCESS`. */
export const statusWord = (said: string): string =>
  said
    .trim()
    .toUpperCase()
    .replace(/[\s-]+/g, '_');

/** One of these words (in capitals, parts joined by `_`), however the channel spells it. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.string().transform(statusWord).pipe(z.enum(words));
