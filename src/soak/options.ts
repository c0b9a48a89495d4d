import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BUGS } from './bugs';

export const HELP = `Runs gateways, workers, MySQL, Temporal and the channels' stand-ins under load while they are killed and misbehave,
then checks the invariants I1 to I9 from what was recorded.

  --seed <n>      load and trouble come from it (1)
  --events <n>    events of the WMS (3000)
  --kills <n>     kill -9 of workers, gateways, Temporal and MySQL (6)
  --seconds <n>   stops sending after so long (3600)
  --bug <name>    puts a bug into the build that runs; it has to be found:
                  ${BUGS.map(({ name }) => name).join(', ')}
  --prove         runs every bug, one after the other
  --temporal <a>  uses the Temporal at this address, host:port, in a namespace of its own, and kills it not;
                  scripts/temporal-postgres.mjs starts one as people run it
  --keep          keeps the run's folder: logs, tables, what was recorded
  --json          prints the report as JSON

Exit code: 0 when every invariant holds (--prove: when every bug was found), 1 when not, 2 for a wrong option.
`;

const number = (least: number, usual: number) => z.coerce.number().int().min(least).default(usual);
const options = z.object({
  seed: number(0, 1),
  events: number(1, 3_000),
  kills: number(0, 6),
  seconds: number(1, 3_600),
  temporal: z
    .string()
    .regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port')
    .optional(),
  bug: z.enum(BUGS.map(({ name }) => name)).optional(),
  prove: z.boolean().default(false),
  keep: z.boolean().default(false),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});

export type Options = z.output<typeof options>;

/** Throws with every fault by the option's name. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: text,
      events: text,
      kills: text,
      seconds: text,
      bug: text,
      temporal: text,
      prove: flag,
      keep: flag,
      json: flag,
      help: flag,
    },
  });
  const parsed = options.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'));
}
