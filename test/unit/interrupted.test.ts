import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startOf } from '../../src/local/process-identity';
import { eventually } from '../stand/waiting';

const ROOT = join(__dirname, '../..');
const ENDING = join(ROOT, 'scripts/ending.mjs');
const MEMBERS = ['program', 'child', 'grandchild', 'detached'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockbridge-interrupted-'));
});
afterEach(() => {
  for (const pid of pids().filter((one) => startOf(one) !== undefined)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const fileOf = (name: string) => join(folder, `${name}.pid`);
const pids = () =>
  MEMBERS.filter((name) => existsSync(fileOf(name)))
    .map((name) => Number(readFileSync(fileOf(name), 'utf8')))
    // One that is made and not written yet is nobody.
    .filter((pid) => pid > 0);

/** Stays until it is ended, and says in a file that it is there. */
const member = (name: string, more = '') =>
  write(
    `${name}.mjs`,
    `import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     setInterval(() => {}, 60_000);
     ${more}
     writeFileSync('${name}.pid', String(process.pid));`,
  );
const starts = (name: string, options = '') =>
  `spawn(process.execPath, ['${name}.mjs'], { stdio: 'ignore', ${options} });`;

const packageScripts = () =>
  z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).scripts;

/** The script of package.json, on a program that does what the tests do: it starts others, which start others. */
function writePackage() {
  const script = packageScripts().test?.replace('scripts/run.mjs', 'program.mjs');
  write('package.json', JSON.stringify({ scripts: { test: script } }));
  member('grandchild');
  member('detached');
  member('child', starts('grandchild'));
  const ending = `const { endAllOnSignal } = await import(${JSON.stringify(ENDING)}); endAllOnSignal();
     process.on('exit', () => { process.exitCode = 1; });`;
  member('program', `${ending} ${starts('child')} ${starts('detached', 'detached: true')}`);
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s to npm alone ends everything that npm test started, with %i', async (signal, expected) => {
  writePackage();
  // Not under this run's npm.
  const { npm_lifecycle_event: _, ...env } = process.env;
  const npm = spawn('npm', ['test', '--prefix', folder], { cwd: folder, env, stdio: 'ignore' });
  const exited = once(npm, 'exit');
  await eventually('everything is up', () => (pids().length === MEMBERS.length ? true : undefined));
  const started = pids();

  npm.kill(signal);

  expect(await exited).toEqual([expected, null]);
  expect(started.filter((pid) => startOf(pid) !== undefined)).toEqual([]);
});

it('no shell stands between npm and a program that runs on: it would keep SIGINT to itself', () => {
  const runs = Object.entries(packageScripts()).filter(([, script]) => script.includes('scripts/run.mjs'));
  expect(runs.map(([name]) => name)).toEqual(['start', 'test', 'worker', 'gateway', 'twins', 'cli', 'soak']);
  expect(runs.filter(([, script]) => !script.startsWith('exec '))).toEqual([]);
});
