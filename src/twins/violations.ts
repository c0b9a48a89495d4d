/** What a caller can do wrong at a channel: each is answered as the channel would, and counted for tests to look at. */
export const VIOLATIONS = [
  'missingToken',
  'unknownToken',
  'deadToken',
  /** A token of one account, used for another. */
  'foreignToken',
  /** An order of one account, addressed by another. */
  'foreignOrder',
  /** A stock sync of one account, addressed by another. */
  'foreignSync',
  'badLogin',
  'badBody',
  'batchTooLarge',
  /** The same line twice in one request. */
  'duplicateLine',
  /** A request beyond the channel's own limit. */
  'rateLimit',
  /** An operation that cost more than was left of the channel's credits. */
  'throttled',
  /** Two stock syncs of one warehouse at once that name the same SKU. */
  'overlappingSync',
  'unknownRoute',
] as const;

export type Violation = (typeof VIOLATIONS)[number];

/** The violations of one twin, each with its count, also when that is 0. */
export interface Violations {
  count(violation: Violation): void;
  counts(): Record<string, number>;
  clear(): void;
}

export function createViolations(): Violations {
  const counted = new Map<Violation, number>();
  return {
    count: (violation) => counted.set(violation, (counted.get(violation) ?? 0) + 1),
    counts: () => Object.fromEntries(VIOLATIONS.map((violation) => [violation, counted.get(violation) ?? 0])),
    clear: () => counted.clear(),
  };
}
