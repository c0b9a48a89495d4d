import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { LoggedFailure } from './check/recorded';
import type { KeptProgram } from './kept-program';

const failureLine = z.object({
  pid: z.number(),
  type: z.string(),
  activityType: z.string(),
  channel: z.string().optional(),
});

/** The failures that workers logged. */
export function loggedFailures(workers: readonly KeptProgram[]): LoggedFailure[] {
  return workers.flatMap(({ logFile }) =>
    readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .flatMap((line) => {
        const found = failureLine.safeParse(JSON.parse(line)).data;
        return found ? [{ pid: found.pid, type: found.type, channel: found.channel ?? null }] : [];
      }),
  );
}

/** The sum of `stockbridge_failures_total` in a Prometheus text. */
export const failuresCounted = (text: string): number =>
  [...text.matchAll(/^stockbridge_failures_total\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
