import { fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { deferred } from './deferred';
import { claimRunFolder, rememberGuardian, rememberProcess, sweep } from './run-folder';

const GUARDIAN_PROGRAM = join(__dirname, '../../scripts/guardian.mjs');
const DEFAULT_GRACE_MS = 10_000;

/** A program for the guardian to run. */
export interface Program {
  /** Names its log and its pid file; unique among what runs. */
  name: string;
  /** Absolute path. */
  command: string;
  args: readonly string[];
  /** Whole environment; the guardian's own when it is left out. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** How long it may take to end after SIGTERM before it is killed. @default 10000 */
  graceMs?: number;
  /** What the kernel sends it when the guardian is killed; Linux only. @default 'TERM' */
  deathSignal?: 'TERM' | 'KILL';
}

export interface Exit {
  code: number | null;
  signal: string | null;
}

export interface RunningProgram {
  name: string;
  pid: number;
  logFile: string;
  exited: Promise<Exit>;
  /** Asks it to end, then makes it. */
  stop(options?: { graceMs?: number }): Promise<void>;
}

/** One process beside this one that owns the servers: whatever ends this process, it ends them and removes the run folder. */
export interface Guardian {
  readonly pid: number;
  readonly runFolder: string;
  /** Resolves when the guardian died without being asked to, after everything it ran was stopped. */
  readonly lost: Promise<void>;
  start(program: Program): Promise<RunningProgram>;
  /** Stops everything, latest first, and the guardian; resolves when nothing is left. */
  end(options?: { graceMs?: number }): Promise<void>;
}

const message = z.union([
  z.object({ event: z.literal('ready') }),
  z.object({
    event: z.literal('exit'),
    name: z.string(),
    pid: z.number(),
    code: z.number().nullable(),
    signal: z.string().nullable(),
  }),
  z.object({ id: z.number(), pid: z.number().optional(), error: z.string().optional() }),
]);
type Reply = { pid?: number | undefined; error?: string | undefined };

/** The last lines of a log, for a person to read; empty when there is none. */
export function lastLines(logFile: string, count: number): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

/** Starts a guardian with a run folder of its own. Throws when a live process uses the folder already. */
export async function startGuardian(options: { runFolder: string; logFolder: string }): Promise<Guardian> {
  const { runFolder, logFolder } = options;
  await claimRunFolder(runFolder);
  // A log tells of one run.
  rmSync(logFolder, { recursive: true, force: true });
  mkdirSync(logFolder, { recursive: true, mode: 0o700 });
  const log = openSync(join(logFolder, 'guardian.log'), 'w', 0o600);
  const child = fork(GUARDIAN_PROGRAM, [runFolder], {
    // Its own session: Ctrl-C and the end of the terminal must reach this process first.
    detached: true,
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);

  const replies = new Map<number, (reply: Reply) => void>();
  const exits = new Map<number, (exit: Exit) => void>();
  // A program may end before this process has heard that it started.
  const early = new Map<number, Exit>();
  const ready = deferred<void>();
  const lost = deferred<void>();
  const gone = deferred<void>();
  let ending = false;
  let lastId = 0;

  child.on('message', (raw) => {
    const heard = message.parse(raw);
    if ('id' in heard) {
      replies.get(heard.id)?.(heard);
      replies.delete(heard.id);
    } else if (heard.event === 'ready') ready.resolve();
    else {
      const { pid, code, signal } = heard;
      const listener = exits.get(pid);
      if (listener) listener({ code, signal });
      else early.set(pid, { code, signal });
    }
  });
  child.once('error', (error) => ready.reject(error));
  child.once('exit', () => {
    ready.reject(new Error(`The guardian ended at once: ${lastLines(join(logFolder, 'guardian.log'), 5)}`));
    for (const reply of replies.values()) reply({ error: 'the guardian has ended' });
    replies.clear();
    gone.resolve();
    // The kernel or this sweep ends what it ran, wherever there is no such kernel.
    if (!ending) void sweep(runFolder).then(lost.resolve, lost.reject);
  });
  await ready.promise;
  const pid = z.number().parse(child.pid);
  rememberGuardian(runFolder, pid);

  const request = async (body: Record<string, unknown>): Promise<Reply> => {
    if (!child.connected) throw new Error('the guardian has ended');
    const id = ++lastId;
    const { promise, resolve } = deferred<Reply>();
    replies.set(id, resolve);
    child.send({ ...body, id });
    const reply = await promise;
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  };

  return {
    pid,
    runFolder,
    lost: lost.promise,
    start: async (program) => {
      const logFile = join(logFolder, `${program.name}.log`);
      const { env = process.env, cwd = process.cwd(), graceMs = DEFAULT_GRACE_MS, deathSignal = 'TERM' } = program;
      const started = await request({ op: 'start', program: { ...program, env, cwd, graceMs, deathSignal, logFile } });
      const programPid = z.number().parse(started.pid);
      rememberProcess(runFolder, program.name, programPid);
      const exited = deferred<Exit>();
      const earlyExit = early.get(programPid);
      if (earlyExit) exited.resolve(earlyExit);
      else exits.set(programPid, exited.resolve);
      return {
        name: program.name,
        pid: programPid,
        logFile,
        exited: exited.promise,
        stop: async (stopOptions) => {
          await request({ op: 'stop', name: program.name, ...stopOptions });
        },
      };
    },
    end: async (endOptions) => {
      ending = true;
      if (!child.connected) return gone.promise;
      // A guardian that dies meanwhile has stopped nothing more: the sweep does the rest.
      await request({ op: 'end', ...endOptions }).catch(() => sweep(runFolder));
      if (child.connected) child.disconnect();
      await gone.promise;
    },
  };
}

/** Runs a program to its end under the guardian. Throws with the last lines of its log when it fails. */
export async function runProgram(guardian: Guardian, program: Program): Promise<void> {
  const running = await guardian.start(program);
  const { code, signal } = await running.exited;
  if (code !== 0)
    throw new Error(`${program.name} ended with ${signal ?? code}:\n${lastLines(running.logFile, 15)}`.trimEnd());
}
