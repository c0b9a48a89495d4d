/**
 * Owns the servers of one stand, so that they end with it whatever happens to it. Spawned detached with an IPC channel and the
 * private run folder as its argument; when the channel closes it stops everything, latest first, and removes the folder.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';

const [runFolder = ''] = process.argv.slice(2);
// After a crash nobody waits for a drain: whatever has not ended by then is killed.
const ORPHANED_GRACE_MS = 5_000;
const KILL_PATIENCE_MS = 2_000;

const programs = new Map();
let ending;

// Only util-linux's setpriv knows the flag; with it the kernel ends the servers of a guardian that was killed.
const hasDeathSignal = spawnSync('setpriv', ['--pdeathsig', 'TERM', process.execPath, '-e', '0']).status === 0;

const send = (message) => {
  if (process.connected) process.send(message, () => {});
};

const signalGroup = (pid, signal) => {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
};

const withinMs = (promise, timeoutMs) => {
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  return Promise.race([promise.then(() => true), timeout]).finally(() => clearTimeout(timer));
};

function start({ name, command, args, env, cwd, logFile, graceMs, deathSignal }) {
  if (ending) throw new Error('the stand is ending');
  if (programs.has(name)) throw new Error(`${name} runs already`);
  const log = openSync(logFile, 'a', 0o600);
  const prefix = hasDeathSignal ? ['setpriv', '--pdeathsig', deathSignal] : [];
  const [file, ...rest] = [...prefix, command, ...args];
  // A group of its own: Ctrl-C in the terminal must not reach it, and its own children end with it.
  const child = spawn(file, rest, { cwd, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      const { pid } = child;
      const exited = new Promise((done) => {
        child.once('exit', (code, signal) => {
          signalGroup(pid, 'SIGKILL');
          programs.delete(name);
          send({ event: 'exit', name, pid, code, signal });
          done();
        });
      });
      programs.set(name, { pid, exited, graceMs });
      resolve(pid);
    });
  });
}

async function stop(name, graceMs) {
  const program = programs.get(name);
  if (!program) return;
  signalGroup(program.pid, 'SIGTERM');
  if (await withinMs(program.exited, Math.min(graceMs ?? program.graceMs, program.graceMs))) return;
  signalGroup(program.pid, 'SIGKILL');
  await withinMs(program.exited, KILL_PATIENCE_MS);
}

function end(graceMs) {
  ending ??= (async () => {
    for (const name of [...programs.keys()].reverse()) await stop(name, graceMs);
    rmSync(runFolder, { recursive: true, force: true });
  })();
  return ending;
}

const endAndExit = (graceMs) => end(graceMs).finally(() => process.exit(0));

const requests = {
  start: async (request) => ({ pid: await start(request.program) }),
  stop: async (request) => {
    await stop(request.name, request.graceMs);
    return {};
  },
  end: async (request) => {
    await end(request.graceMs);
    return {};
  },
};

process.on('message', async (request) => {
  try {
    send({ id: request.id, ...(await requests[request.op](request)) });
  } catch (error) {
    send({ id: request.id, error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', () => endAndExit(ORPHANED_GRACE_MS));
process.on('SIGTERM', () => endAndExit(ORPHANED_GRACE_MS));
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
send({ event: 'ready' });
