import { look } from './processes.mjs';

const POLL_INTERVAL_MS = 500;
// Its own shell and npm; a wrapper or two more do no harm.
const MAX_ANCESTORS = 5;

/** The processes from this one's parent up to npm; empty when npm did not start this process. */
function ancestorsUpToNpm() {
  const pids = [];
  for (let pid = process.ppid; pid > 1 && pids.length < MAX_ANCESTORS; ) {
    const found = look(pid);
    if (!found) return [];
    pids.push(pid);
    if (/(^|[/\s])npm(-cli\.js)?(\s|$)/.test(found.command)) return pids;
    pid = found.parent;
  }
  return [];
}

/** Elsewhere each look costs a process, and a killed shell shows as a new parent or as a pid that is free. */
const isThere = process.platform === 'linux' ? (pid) => look(pid) !== undefined : isPidTaken;

function isPidTaken(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Sends this process SIGTERM when npm, or the shell between, is gone: npm passes signals on, but when it is killed itself the
 * program would stay behind. Started by hand or by a service manager, nothing is watched.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const ancestors = ancestorsUpToNpm();
  if (ancestors.length === 0) return;
  const timer = setInterval(() => {
    if (process.ppid === ancestors[0] && ancestors.every(isThere)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, POLL_INTERVAL_MS);
  timer.unref();
}
