import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, look } from './processes.mjs';

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const POLL_INTERVAL_MS = 100;
/** What has not ended by then is killed. */
const GRACE_MS = 20_000;

const send = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

/** Ends every process below this one, those that a dying parent leaves behind included; resolves when none is left. */
async function endDescendants() {
  /** By pid, when it started: a pid that is free again may be anybody's. */
  const seen = new Map();
  const isThere = ([pid, started]) => look(pid)?.started === started;
  for (const killAtMs = Date.now() + GRACE_MS; ; await sleep(POLL_INTERVAL_MS)) {
    for (const [pid, started] of descendantsOf(process.pid)) {
      // Asked once: a second signal makes some programs leave their own things undone.
      if (seen.get(pid) !== started) send(pid, 'SIGTERM');
      seen.set(pid, started);
    }
    const left = [...seen].filter(isThere);
    if (left.length === 0) return;
    if (Date.now() > killAtMs) for (const [pid] of left) send(pid, 'SIGKILL');
  }
}

/**
 * At the first SIGINT, SIGTERM or SIGHUP ends everything that this process started, and then the process itself with what a shell
 * answers for the signal: 130 for SIGINT. Returns what knows about it: `exitCode`, undefined as long as no signal came.
 */
export function endAllOnSignal() {
  const ending = { exitCode: undefined };
  const end = (signal) => {
    // Ctrl-C reaches this process twice, from the terminal and from npm.
    if (ending.exitCode !== undefined) return;
    ending.exitCode = 128 + SIGNALS[signal];
    void endDescendants().finally(() => {
      // Registered last: jest has a word to say about the code as well.
      process.on('exit', () => {
        process.exitCode = ending.exitCode;
      });
      process.exit();
    });
  };
  for (const signal of Object.keys(SIGNALS)) process.on(signal, end);
  return ending;
}
