import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What the system knows of a process: `parent` its pid, `command` its words, `started` when it started (opaque: two processes
 * that had the same pid differ in it). Undefined when it has ended; a zombie has ended.
 */
export function look(pid) {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state, parent] = fields;
      if (state === 'Z' || state === 'X') return undefined;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      // Field 22 of the whole line, counted from the state, which is the third.
      return { parent: Number(parent), command, started: fields[19] };
    }
    const columns = ['-o', 'ppid=', '-o', 'state=', '-o', 'lstart=', '-o', 'command=', '-p', String(pid)];
    const found = /^\s*(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\w+\s+[\d:]+\s+\d+)\s+(.*)$/s.exec(
      execFileSync('ps', columns, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }),
    );
    if (!found) return undefined;
    const [, parent, state, started, command] = found;
    return state.startsWith('Z') ? undefined : { parent: Number(parent), command, started };
  } catch {
    return undefined;
  }
}
