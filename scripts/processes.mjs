import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

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

function allPids() {
  if (process.platform === 'linux') return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).match(/\d+/g) ?? [];
}

/** The processes below `root` as pairs of pid and start, parents first. */
export function descendantsOf(root) {
  const all = new Map(allPids().map((pid) => [Number(pid), look(Number(pid))]));
  const below = (parent) =>
    [...all]
      .filter(([, found]) => found?.parent === parent)
      .flatMap(([pid, { started }]) => [[pid, started], ...below(pid)]);
  return below(root);
}
