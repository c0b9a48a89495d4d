/** How a status can be spelled and still be the same word. */
export type Spelling = 'lower' | 'title' | 'padded';

const SPELLINGS: Record<Spelling, (word: string) => string> = {
  lower: (word) => word.toLowerCase(),
  title: (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
  padded: (word) => ` ${word} `,
};
const STATUS_FIELDS = ['status', 'order_status'];
const LIFE_FIELD = 'expires_in';

/** Changes an answer after it was made. */
export type Reshape = (json: unknown) => unknown;

/** Rewrites every field of these names, however deep it stands; `undefined` leaves the field out. */
const rewriting =
  (fields: readonly string[], rewrite: (value: unknown) => unknown): Reshape =>
  (json) => {
    const walk = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(walk);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, fields.includes(name) ? rewrite(inner) : walk(inner)]),
      );
    };
    return walk(json);
  };

/** The same statuses in another spelling. */
export const respelled = (as: Spelling): Reshape =>
  rewriting(STATUS_FIELDS, (value) => (typeof value === 'string' ? SPELLINGS[as](value) : value));

/** A token's life as it is told here, or not told at all. */
export const withLife = (expiresIn: unknown): Reshape => rewriting([LIFE_FIELD], () => expiresIn);
