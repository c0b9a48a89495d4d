import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a live process started, as an opaque text: a pid together with it is never shared by two processes. Undefined when the
 * process has ended; a zombie has ended.
 */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      const found = execFileSync('ps', ['-o', 'state=', '-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      });
      return found.trim() === '' || found.trim().startsWith('Z') ? undefined : found.trim().replace(/^\S+\s+/, '');
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Field 22 of the whole line, counted from the state, which is the third.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Signals a whole process group; a group that has ended is no error. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leaderPid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
