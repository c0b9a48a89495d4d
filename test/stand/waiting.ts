import { setTimeout as delay } from 'node:timers/promises';

/** How long tests wait for a server that is there: seconds only say that the machine is busy. */
export const PATIENCE_MS = 120_000;

/** Clocks count whole milliseconds, and a timer may be one early. */
export const ROUNDING_MS = 5;

/**
 * Polls until `look` returns something other than undefined or false, and returns it; fails with `what` after `timeoutMs`, which ends
 * what would hang and judges nothing: how long things take is the machine's business.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 240_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await delay(50);
  }
}
