import { setTimeout as sleep } from 'node:timers/promises';
import type { Guardian, Program, RunningProgram } from '../local/supervisor';
import type { Disturbance } from './check/recorded';

/** What a process manager waits before it starts a program again that ended by itself. */
const RESTART_AFTER_MS = 300;

/** A program that is started again whenever it ends, as a process manager does. */
export interface KeptProgram {
  name: string;
  logFile: string;
  /** The real process; undefined while there is none. */
  pid(): number | undefined;
  /** `kill -9`, and up again after `downMs`. */
  kill(downMs: number): Promise<void>;
  /** Stops it in its tracks and lets it go on after `ms`. */
  freeze(ms: number): Promise<void>;
  /** Starts it no more. */
  release(): void;
  /** How often it was started. */
  starts(): number;
}

const send = (pid: number | undefined, signal: NodeJS.Signals): void => {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
};

/** Keeps a running program up; `report` is told what was done to it. */
export function keepUp(
  guardian: Pick<Guardian, 'start'>,
  program: Program,
  running: RunningProgram,
  report: (disturbance: Disturbance) => void,
): KeptProgram {
  let pid: number | undefined = running.pid;
  let starts = 1;
  let upAgainAtMs = 0;
  let isReleased = false;

  const keep = async (): Promise<void> => {
    for (let current = running; !isReleased; ) {
      await current.exited;
      pid = undefined;
      await sleep(Math.max(upAgainAtMs - Date.now(), RESTART_AFTER_MS));
      if (isReleased) return;
      current = await guardian.start(program);
      pid = current.pid;
      starts += 1;
    }
  };
  // The guardian refuses once everything is being ended.
  void keep().catch(() => undefined);

  return {
    name: program.name,
    logFile: running.logFile,
    pid: () => pid,
    async kill(downMs) {
      const atMs = Date.now();
      upAgainAtMs = atMs + downMs;
      const before = starts;
      send(pid, 'SIGKILL');
      while (starts === before && !isReleased) await sleep(50);
      report({ kind: 'kill', program: program.name, atMs, untilMs: Date.now() });
    },
    async freeze(ms) {
      const atMs = Date.now();
      const frozen = pid;
      send(frozen, 'SIGSTOP');
      await sleep(ms);
      send(frozen, 'SIGCONT');
      report({ kind: 'freeze', program: program.name, atMs, untilMs: Date.now() });
    },
    release() {
      isReleased = true;
    },
    starts: () => starts,
  };
}
