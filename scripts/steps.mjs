import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { look } from './processes.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** The ignored folder that holds everything which is made at run time. */
export const PRIVATE_FOLDER = join(ROOT, '.stockbridge');

const LOCK_POLL_MS = 200;
const SHOWN_LINES = 20;

/** A step that failed for a reason which its message already says in full. */
export class StepFailed extends Error {
  name = 'StepFailed';
}

export const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

export const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
};

/** Text of a file, undefined when there is none. */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Some tools name the cause first and others last. */
function shorten(output) {
  const lines = output.trimEnd().split('\n');
  if (lines.length <= 2 * SHOWN_LINES) return lines.join('\n');
  return [...lines.slice(0, SHOWN_LINES), '…', ...lines.slice(-SHOWN_LINES)].join('\n');
}

/** Runs a command without input and returns its output; throws a {@link StepFailed} with its words when it fails. */
export function run(command, args, { env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    const shown = [command, ...args].map((word) => word.replace(`${ROOT}/`, '')).join(' ');
    child.once('error', (error) => reject(new StepFailed(`${shown}: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      reject(new StepFailed(`${shorten(output)}\n${shown} ended with ${signal ?? code}`));
    });
  });
}

const nameOf = (pid) => `${pid} ${look(pid)?.started}`;
/** Compares the start as well: after a crash and a reboot the pid may belong to anybody. */
const isAlive = (holder) => nameOf(Number.parseInt(holder, 10)) === holder;

/** Runs `work` while no other command of this project does; the lock of a process that died is taken over. */
export async function withLock(name, work) {
  mkdirSync(PRIVATE_FOLDER, { recursive: true, mode: 0o700 });
  const lock = join(PRIVATE_FOLDER, `${name}.lock`);
  const own = `${lock}-${process.pid}`;
  writeFileSync(own, nameOf(process.pid));
  try {
    for (;;) {
      try {
        linkSync(own, lock);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const holder = readIfThere(lock);
      if (holder !== undefined && !isAlive(holder)) removeStale(lock, holder);
      else await sleep(LOCK_POLL_MS);
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Only one of several waiting commands may remove it, or the second would remove the lock that the first has just taken. */
function removeStale(lock, holder) {
  const claim = `${lock}-stale-${sha256(holder)}`;
  try {
    linkSync(lock, claim);
  } catch {
    return;
  }
  try {
    if (readIfThere(lock) === holder) rmSync(lock, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}
