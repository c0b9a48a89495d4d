import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseDown } from './store/database';
import type { SealStore } from './store/seals';

/**
 * Resolves at the first SIGINT or SIGTERM with its name; called before anybody is told that the program runs, so that nobody stops
 * it unheard. A second signal ends the process at once.
 */
export const untilStopped = (): Promise<'SIGINT' | 'SIGTERM'> =>
  new Promise((resolve) => {
    const stop = (signal: 'SIGINT' | 'SIGTERM') => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve(signal);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });

/** Ends the process at once with what went wrong, in one line, and exit code 1. */
export function exitWith(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/**
 * Ends the process with exit code 1 when it has not ended by itself after so long: what hangs, such as a statement that MySQL never
 * answers, is for another process to do again.
 */
export function endWithin(afterMs: number): void {
  const late = () => exitWith(new Error(`not everything ended within ${afterMs / 1_000} s: the process ends as it is`));
  setTimeout(late, afterMs).unref();
}

/** How often a MySQL that was away at the start is asked again. */
const ASK_AGAIN_MS = 1_000;

/**
 * Refuses to start a program that lacks the key of stored credentials: throws the sentence that says so. Where MySQL is away the
 * program may start, and `refused` rejects with that sentence as soon as it is known; otherwise `refused` never settles.
 */
export async function requireCredentialKeys(
  seals: Pick<SealStore, 'requireKeys'>,
): Promise<{ refused: Promise<never> }> {
  const isKnown = () =>
    seals.requireKeys().then(
      () => true,
      (error: unknown) => {
        if (isDatabaseDown(error)) return false;
        throw error;
      },
    );
  const askAgain = async (): Promise<never> => {
    while (!(await isKnown())) await delay(ASK_AGAIN_MS, undefined, { ref: false });
    return new Promise<never>(() => {});
  };
  const refused = (await isKnown()) ? new Promise<never>(() => {}) : askAgain();
  // Whoever started the program waits for it later.
  refused.catch(() => {});
  return { refused };
}
