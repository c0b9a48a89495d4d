import { join } from 'node:path';
import { BUGS } from './bugs';
import { HELP, type Options, readOptions } from './options';
import { proveAll } from './prove';
import { linesOf } from './report';
import { runSoak } from './run';
import { fullScenario } from './scenario';

const DIST = join(__dirname, '..');
const PRIVATE_FOLDER = join(DIST, '../.stockbridge');

const print = (line: string): void => void process.stdout.write(`${line}\n`);
/** Where one stands is for people; the report may be read by a program. */
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function soak(options: Options): Promise<boolean> {
  const { seed, events, kills, seconds, bug: name, temporal, keep, json } = options;
  const bug = BUGS.find((one) => one.name === name) ?? null;
  const common = {
    seed,
    ...(temporal !== undefined && { temporalAddress: temporal }),
    folder: join(PRIVATE_FOLDER, `soak-${seed}${bug ? `-${bug.name}` : ''}`),
    cacheFolder: join(PRIVATE_FOLDER, 'cache'),
    dist: DIST,
    keep,
    log,
  };
  const scenario = bug?.scenario ?? fullScenario({ seed, events, kills });
  const report = await runSoak({ ...common, scenario, capSeconds: seconds, bug });
  if (json) print(JSON.stringify(report));
  else for (const line of linesOf(report)) print(line);
  return report.holds;
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const holds = options.prove
    ? await proveAll({ program: __filename, seed: options.seed, print })
    : await soak(options);
  return holds ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`✗ ${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  },
);
