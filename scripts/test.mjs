import { mkdirSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.mjs';
import { endAllOnSignal } from './ending.mjs';
import { installPackages } from './packages.mjs';
import { PRIVATE_FOLDER, ROOT, readIfThere, run, StepFailed, seconds } from './steps.mjs';

const tally = { passed: 0, failed: 0 };
const ending = endAllOnSignal();
/** After a signal nothing new begins: the process ends as soon as what it started has. */
const unlessEnding = () => (ending.exitCode === undefined ? undefined : new Promise(() => {}));
const STDOUT = 1;
/** Small enough for every build, with every kind of blow in it; a longer run is `npm run soak`. */
const SOAK = ['--seed', '1', '--events', '3000', '--kills', '6'];

async function check(title, work, say) {
  const startedMs = Date.now();
  try {
    await work();
    tally.passed += 1;
    say(`✓ ${title}  ${seconds(startedMs)}`);
  } catch (error) {
    await unlessEnding();
    tally.failed += 1;
    say(`✗ ${title}  ${seconds(startedMs)}\n${error instanceof StepFailed ? error.message : error.stack}`);
  }
}

/** Adds what jest wrote down; without a readable result, or without one executed test, that is a failure of its own. */
function countTests(resultFile) {
  try {
    const result = JSON.parse(readIfThere(resultFile));
    tally.passed += result.numPassedTests;
    tally.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    if (result.numPassedTests + result.numFailedTests === 0 || result.wasInterrupted) tally.failed += 1;
    // Jest may fail for a reason that no test shows, such as its global tear-down.
    else if (!result.success && tally.failed === 0) tally.failed += 1;
  } catch {
    tally.failed += 1;
  }
}

/**
 * Packages, build, types, lint, a soak and every jest project, then one line that says how many passed and failed: each test, each
 * suite that could not run, types, lint and soak as one each. Ends the process, with 1 when anything failed; a signal ends all of it.
 */
export async function runTests({ args, step, say }) {
  const folder = join(PRIVATE_FOLDER, 'test');
  const resultFile = join(folder, `result-${process.pid}.json`);
  let jestRan = false;
  // Jest ends the process by itself in some cases, so that the last line is written on the way out.
  process.on('exit', (code) => {
    if (jestRan) countTests(resultFile);
    rmSync(resultFile, { force: true });
    if (code !== 0 && tally.failed === 0) tally.failed += 1;
    process.exitCode = ending.exitCode ?? (tally.failed === 0 && tally.passed > 0 ? 0 : 1);
    writeSync(STDOUT, `${tally.passed} passed, ${tally.failed} failed\n`);
  });
  try {
    await step('packages', installPackages);
    await step('build', build);
  } catch (error) {
    await unlessEnding();
    tally.failed += 1;
    throw error;
  }
  const bin = (path) => join(ROOT, 'node_modules', path);
  await check('types', () => run(process.execPath, [bin('typescript/bin/tsc'), '-p', 'test/tsconfig.json']), say);
  await check('lint', () => run(process.execPath, [bin('@biomejs/biome/bin/biome'), 'check', '.']), say);
  // Not beside jest: it measures time, and so do some tests. Arguments ask jest for a part, and so not for this. By the script, which
  // ends with npm.
  if (args.length === 0 && process.env.MYSQL_URL)
    say('– soak  left out: it kills its MySQL, and MYSQL_URL names yours');
  else if (args.length === 0)
    await check('soak', () => run(process.execPath, [join(ROOT, 'scripts/run.mjs'), 'soak', ...SOAK]), say);

  process.env.NODE_ENV ??= 'test';
  process.chdir(ROOT);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  jestRan = true;
  const ci = process.env.CI === 'true' ? ['--ci'] : [];
  // In this process: whatever kills it kills jest, and so its servers.
  const jest = createRequire(import.meta.url)('jest');
  await jest.run(['--maxWorkers=3', ...ci, '--json', `--outputFile=${resultFile}`, ...args]);
  await unlessEnding();
  process.exit();
}
