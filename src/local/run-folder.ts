import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { signalGroup, startOf } from './process-identity';

const OWNER = 'owner';
const GUARDIAN = 'guardian';
const PID_SUFFIX = '.pid';
const POLL_MS = 50;
/** A guardian that lost its parent stops its servers by itself; this is how long it may take. */
const GUARDIAN_PATIENCE_MS = 15_000;
const TERM_PATIENCE_MS = 5_000;

const entry = z.object({ pid: z.number().int().positive(), started: z.string() });
type Entry = z.output<typeof entry>;

const isAlive = ({ pid, started }: Entry): boolean => startOf(pid) === started;

function readEntry(path: string): Entry | undefined {
  try {
    return entry.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Remembers a process in the run folder, with its start, so that a later run can tell it from a stranger with the same pid. */
export function rememberProcess(runFolder: string, name: string, pid: number): void {
  const started = startOf(pid);
  if (started === undefined) return;
  const path = join(runFolder, `${name}${PID_SUFFIX}`);
  try {
    // Renamed into place: a crash must not leave half a line behind.
    writeFileSync(`${path}.new`, JSON.stringify({ pid, started }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // The folder is gone when the stand is ending: nothing is left to remember.
  }
}

export const rememberGuardian = (runFolder: string, pid: number): void => rememberProcess(runFolder, GUARDIAN, pid);

async function untilDead(processes: readonly Entry[], timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; processes.some(isAlive); waitedMs += POLL_MS) {
    if (waitedMs >= timeoutMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Ends what an earlier run left alive and removes its folder. Touches only processes that are certainly the remembered ones. */
export async function sweep(runFolder: string): Promise<void> {
  let names: string[];
  try {
    names = readdirSync(runFolder).filter((name) => name.endsWith(PID_SUFFIX));
  } catch {
    return;
  }
  const guardian = readEntry(join(runFolder, GUARDIAN + PID_SUFFIX));
  if (guardian && isAlive(guardian) && !(await untilDead([guardian], GUARDIAN_PATIENCE_MS))) {
    signalGroup(guardian.pid, 'SIGKILL');
  }
  const left = names
    .filter((name) => name !== OWNER + PID_SUFFIX)
    .flatMap((name) => readEntry(join(runFolder, name)) ?? []);
  for (const process of left) if (isAlive(process)) signalGroup(process.pid, 'SIGTERM');
  if (!(await untilDead(left, TERM_PATIENCE_MS))) {
    for (const process of left) if (isAlive(process)) signalGroup(process.pid, 'SIGKILL');
  }
  rmSync(runFolder, { recursive: true, force: true, maxRetries: 10 });
}

/** The pid of the live process that uses the folder; undefined when nobody does. */
export function ownerOf(runFolder: string): number | undefined {
  const owner = readEntry(join(runFolder, OWNER + PID_SUFFIX));
  return owner && isAlive(owner) ? owner.pid : undefined;
}

/** Makes the folder this process's own, after a crashed owner if need be. Throws when a live process uses it. */
export async function claimRunFolder(runFolder: string): Promise<void> {
  const owner = ownerOf(runFolder);
  if (owner !== undefined) throw new Error(`It runs already, as process ${owner}: stop that one first.`);
  await sweep(runFolder);
  mkdirSync(dirname(runFolder), { recursive: true, mode: 0o700 });
  try {
    mkdirSync(runFolder, { mode: 0o700 });
  } catch (cause) {
    throw new Error('It is being started by another process at this moment.', { cause });
  }
  rememberProcess(runFolder, OWNER, process.pid);
}
