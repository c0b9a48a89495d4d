import { parseArgs } from 'node:util';
import { z } from 'zod';
import { TWINS, type TwinEntry } from './registry';

const portFlag = (name: string): string => `${name}-port`;

const HELP = `Starts the stand-ins of the channels and keeps them up until SIGTERM or Ctrl-C.

  --host <address>            where they listen (127.0.0.1)
${TWINS.map(({ name, defaultPort }) => `  ${`--${portFlag(name)} <port>`.padEnd(27)} port of ${name}, 0 for a free one (${defaultPort})`).join('\n')}
  --token-ttl-seconds <n>     life of a token (each channel's own)
  --log-limit <n>             requests that each log remembers (10000)
  --seed <n>                  makes the faults' dice repeatable (1)
  --help                      this text

Their faults and state are set over HTTP under /__twin/.
`;

const port = z.coerce.number().int().min(0).max(65_535);
const flags = z.object({
  host: z.string().min(1).default('127.0.0.1'),
  'token-ttl-seconds': z.coerce.number().positive().optional(),
  'log-limit': z.coerce.number().int().min(1).optional(),
  seed: z.coerce.number().int().default(1),
  ...Object.fromEntries(TWINS.map(({ name, defaultPort }) => [portFlag(name), port.default(defaultPort)])),
});

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: text,
      'token-ttl-seconds': text,
      'log-limit': text,
      seed: text,
      help: { type: 'boolean' },
      ...Object.fromEntries(TWINS.map(({ name }) => [portFlag(name), text])),
    },
  });
  return values;
}

async function main(): Promise<void> {
  const given = readFlags(process.argv.slice(2));
  if (given.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const parsed = flags.parse(given);
  const ports: Record<string, unknown> = parsed;
  const { 'token-ttl-seconds': ttlSeconds, 'log-limit': logLimit } = parsed;
  const running: Awaited<ReturnType<TwinEntry['start']>>[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((twin) => twin.stop()));
  };
  try {
    for (const { name, start } of TWINS) {
      const twin = await start({
        host: parsed.host,
        port: port.parse(ports[portFlag(name)]),
        seed: parsed.seed,
        ...(ttlSeconds === undefined ? {} : { tokenTtlMs: ttlSeconds * 1000 }),
        ...(logLimit === undefined ? {} : { logLimit }),
      });
      running.push(twin);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  for (const { name, url } of running) process.stdout.write(`${name} ${url}\n`);
}

main().catch((error: unknown) => {
  const reason =
    error instanceof z.ZodError
      ? error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n')
      : String(error instanceof Error ? error.message : error);
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
});
