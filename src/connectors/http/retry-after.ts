const DEFAULT_RETRY_AFTER_MS = 30_000;
/** A channel that says "now", or a time gone by, is still given a moment. */
const MIN_RETRY_AFTER_MS = 1_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** How long a `Retry-After` asks us to wait: seconds or an HTTP date, between 1 s and 1 h; undefined when it does not say. */
function readWaitMs(header: string | undefined, nowMs: number): number | undefined {
  const value = header?.trim() ?? '';
  const waitMs = /^\d+$/.test(value)
    ? Number(value) * 1_000
    : HTTP_DATE.test(value)
      ? Date.parse(value) - nowMs
      : Number.NaN;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS);
}

/** How long we are to wait after a 429: as `Retry-After` says, 30 s when it does not. */
export const retryAfterMsOf = (header: string | undefined, nowMs: number): number =>
  readWaitMs(header, nowMs) ?? DEFAULT_RETRY_AFTER_MS;

/** The pause that any other answer announces; nothing when it announces none, so that the caller's own policy decides. */
export function pauseOf(header: string | undefined, nowMs: number): { retryAfterMs?: number } {
  const retryAfterMs = readWaitMs(header, nowMs);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}
