import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Stores } from '../store/stores';
import type { Sample } from './check/recorded';
import type { KeptProgram } from './kept-program';

const SAMPLE_MS = 2_000;
const TOKENS_MS = 500;

/** Samples of processes and the tokens that connections had meanwhile. */
export interface Watch {
  samples: readonly Sample[];
  tokens: ReadonlySet<string>;
  stop(): void;
}

/** Memory and open sockets of a process; undefined when it has ended, or where the system does not tell. */
function look(program: string, pid: number): Sample | undefined {
  try {
    const rssKb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const sockets = readdirSync(`/proc/${pid}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;
    return { program, pid, atMs: Date.now(), rssMb: Number(rssKb ?? 0) / 1_024, sockets };
  } catch {
    return undefined;
  }
}

/** The texts in a stored token: the token itself, or a JSON that holds it beside a refresh token. */
function textsOf(accessToken: string): string[] {
  try {
    const parsed: unknown = JSON.parse(accessToken);
    return typeof parsed === 'object' && parsed !== null
      ? Object.values(parsed).filter((one) => typeof one === 'string')
      : [accessToken];
  } catch {
    return [accessToken];
  }
}

export function startWatch({ programs, stores }: { programs: readonly KeptProgram[]; stores: Stores }): Watch {
  const samples: Sample[] = [];
  const tokens = new Set<string>();
  const sampling = setInterval(() => {
    for (const program of programs) {
      const pid = program.pid();
      const sample = pid === undefined ? undefined : look(program.name, pid);
      if (sample) samples.push(sample);
    }
  }, SAMPLE_MS);
  const reading = setInterval(() => {
    void stores.connections.list().then(
      (connections) => {
        for (const { accessToken } of connections)
          for (const text of accessToken === null ? [] : textsOf(accessToken)) tokens.add(text);
      },
      // MySQL is away: the tokens are there when it is back.
      () => undefined,
    );
  }, TOKENS_MS);
  return {
    samples,
    tokens,
    stop() {
      clearInterval(sampling);
      clearInterval(reading);
    },
  };
}
