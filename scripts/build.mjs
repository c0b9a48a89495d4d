import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PRIVATE_FOLDER, ROOT, readIfThere, run, StepFailed, seconds, sha256, withLock } from './steps.mjs';

const DIST = join(ROOT, 'dist');
const HASH_FILE = '.build-hash';

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();

function sourceHash() {
  const files = [...filesUnder(join(ROOT, 'src')), join(ROOT, 'tsconfig.json'), join(ROOT, 'package-lock.json')];
  return sha256(...files.flatMap((file) => [relative(ROOT, file), readFileSync(file)]));
}

const isCurrent = (hash) => readIfThere(join(DIST, HASH_FILE)) === hash;

/** The compiler counted the way to the sources from its own output folder, which lies one level deeper than `dist`. */
function moveSourceMaps(folder) {
  for (const file of filesUnder(folder).filter((name) => name.endsWith('.js.map'))) {
    const map = JSON.parse(readFileSync(file, 'utf8'));
    map.sources = map.sources.map((source) => source.replace(/^\.\.\//, ''));
    writeFileSync(file, JSON.stringify(map));
  }
}

async function compile(output) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', output]);
  moveSourceMaps(output);
  for (const file of filesUnder(join(ROOT, 'src')).filter((name) => name.endsWith('.sql'))) {
    cpSync(file, join(output, relative(join(ROOT, 'src'), file)));
  }
}

/** Bundled ahead, so that a worker starts without a bundler and every worker runs the same code. */
async function bundleWorkflows(output) {
  const { bundleWorkflowCode, DefaultLogger } = createRequire(import.meta.url)('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(output, 'workflows/index.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(output, 'workflow-bundle.js'), code);
}

/** Compiles `src` to `dist` when something changed; true when it did. A failed build leaves the last good one in place. */
export async function build() {
  if (isCurrent(sourceHash())) return false;
  return withLock('build', async () => {
    const hash = sourceHash();
    if (isCurrent(hash)) return false;
    const fresh = join(PRIVATE_FOLDER, 'build');
    const old = join(PRIVATE_FOLDER, 'build-old');
    const clear = () =>
      [fresh, old].forEach((folder) => {
        rmSync(folder, { recursive: true, force: true });
      });
    clear();
    try {
      mkdirSync(fresh);
      await compile(fresh);
      await bundleWorkflows(fresh);
      writeFileSync(join(fresh, HASH_FILE), hash);
      if (readIfThere(join(DIST, HASH_FILE)) === undefined) rmSync(DIST, { recursive: true, force: true });
      else renameSync(DIST, old);
      renameSync(fresh, DIST);
    } finally {
      clear();
    }
    return true;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const startedMs = Date.now();
  try {
    const built = await build();
    process.stdout.write(built ? `✓ build  ${seconds(startedMs)}\n` : '✓ build  up to date\n');
  } catch (error) {
    process.stderr.write(`✗ build\n${error instanceof StepFailed ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
