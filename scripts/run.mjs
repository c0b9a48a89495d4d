/**
 * What every npm script runs: makes the packages and the build ready, then becomes the program. Plain Node, because it runs
 * before anything is installed.
 */
import { existsSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { endWithNpm } from './ancestry.mjs';
import { build } from './build.mjs';
import { installPackages } from './packages.mjs';
import { look } from './processes.mjs';
import { PRIVATE_FOLDER, ROOT, readIfThere, StepFailed, seconds } from './steps.mjs';

const MIN_NODE = [20, 18, 1];
const PROGRAMS = {
  start: 'dist/local/start.js',
  worker: 'dist/worker.js',
  gateway: 'dist/starter/main.js',
  twins: 'dist/twins/main.js',
  cli: 'dist/cli/main.js',
  soak: 'dist/soak/main.js',
};
/** Programs that belong to a running stand when there is one. */
const STAND_MEMBERS = ['worker', 'gateway', 'cli'];

const [name, ...args] = process.argv.slice(2);
// What a program prints may be read by another one: only the commands that people watch say all they do, on standard output.
const isWatched = name === 'start' || name === 'test';
const say = (line) => (isWatched ? process.stdout : process.stderr).write(`${line}\n`);

function checkNode() {
  const version = process.versions.node.split('.').map(Number);
  const at = MIN_NODE.findIndex((wanted, index) => version[index] !== wanted);
  if (at === -1 || version[at] > MIN_NODE[at]) return;
  throw new StepFailed(`Node ${MIN_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`);
}

async function step(title, work) {
  const startedMs = Date.now();
  const worked = await work().catch((error) => {
    throw error instanceof StepFailed ? new StepFailed(`${title}\n${error.message}`) : error;
  });
  if (worked) say(`✓ ${title}  ${seconds(startedMs)}`);
  else if (isWatched) say(`✓ ${title}  up to date`);
}

/** A stand that was killed together with its guardian leaves its run folder until the next start. */
function standIsUp() {
  const owner = readIfThere(join(PRIVATE_FOLDER, 'run/owner.pid'));
  return owner !== undefined && look(JSON.parse(owner).pid) !== undefined;
}

function loadEnvironment() {
  // A test must not meet what somebody's .env points at, and the soak kills what it works with.
  if (name === 'test' || name === 'soak') return;
  const files = [join(ROOT, '.env')];
  if (STAND_MEMBERS.includes(name) && standIsUp()) files.push(join(PRIVATE_FOLDER, 'run/stand.env'));
  // Never overwrites: what the shell says wins over .env, and .env over the stand.
  for (const file of files) if (existsSync(file)) process.loadEnvFile(file);
}

async function main() {
  if (name !== 'test' && !(name in PROGRAMS)) {
    throw new StepFailed(`usage: node scripts/run.mjs <${[...Object.keys(PROGRAMS), 'test'].join('|')}> [arguments]`);
  }
  checkNode();
  endWithNpm();
  if (name === 'test') {
    const { runTests } = await import('./test.mjs');
    return runTests({ args, step, say });
  }
  await step('packages', installPackages);
  await step('build', build);
  loadEnvironment();
  process.argv = [process.argv[0], join(ROOT, PROGRAMS[name]), ...args];
  // In this very process, and as its main module: a signal reaches the program and not a wrapper.
  Module.runMain();
}

main().catch((error) => {
  process.stderr.write(`✗ ${error instanceof StepFailed ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
