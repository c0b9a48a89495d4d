import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, type RunningProgram } from './supervisor';

const POLL_MS = 100;
const ANSWER_TIMEOUT_MS = 5_000;
const READY_TIMEOUT_MS = 120_000;
const SHOWN_LINES = 20;

/** Says that a program ended, and how, with the last lines of its log. */
export async function obituary(program: RunningProgram): Promise<string> {
  const { code, signal } = await program.exited;
  return `${program.name} ended with ${signal ?? code}:\n${lastLines(program.logFile, SHOWN_LINES)}`;
}

/** Waits until every address answers 200. Throws when the program ends first, or after two minutes. */
export async function waitUntilReady(program: RunningProgram, urls: readonly string[]): Promise<void> {
  let ended: string | undefined;
  void obituary(program).then((text) => {
    ended = text;
  });
  const waiting = [...urls];
  for (const deadlineMs = Date.now() + READY_TIMEOUT_MS; ; await sleep(POLL_MS)) {
    const [url] = waiting;
    if (url === undefined) return;
    if (ended !== undefined) throw new Error(ended);
    let answer = 'no answer';
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      answer = (await response.text()).slice(0, 500);
      if (response.status === 200) waiting.shift();
    } catch {
      // Not listening yet.
    }
    if (Date.now() > deadlineMs) {
      throw new Error(
        `${program.name} was not ready within two minutes: ${answer}\n${lastLines(program.logFile, SHOWN_LINES)}`,
      );
    }
  }
}
