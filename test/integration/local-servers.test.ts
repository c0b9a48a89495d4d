import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import { startMysql } from '../../src/local/mysql-server';
import { freePort } from '../../src/local/ports';
import { startOf } from '../../src/local/process-identity';
import { claimRunFolder } from '../../src/local/run-folder';
import { type Guardian, startGuardian } from '../../src/local/supervisor';
import { freshDatabase, freshNamespace, timeSkippingEnvironment } from '../servers/servers';

const SERVERS = join(__dirname, '../servers');
const ANCESTRY = join(__dirname, '../../scripts/ancestry.mjs');
const PATIENCE_MS = 400_000;

let folder: string;
let children: ChildProcess[];
let guardians: Guardian[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockbridge-local-'));
  children = [];
  guardians = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const guardian of guardians) await guardian.end();
  await until(() => pidsIn(folder).every(isDead));
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

const isDead = (pid: number): boolean => startOf(pid) === undefined;

async function until(isTrue: () => boolean): Promise<void> {
  for (const deadlineMs = Date.now() + PATIENCE_MS; !isTrue(); await sleep(50)) {
    if (Date.now() > deadlineMs) throw new Error(`did not happen within ${PATIENCE_MS} ms: ${isTrue}`);
  }
}

const pidOf = (file: string): number => z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(file, 'utf8'))).pid;

/** Pids by name, as a run folder remembers them, without its owner. */
function remembered(inFolder: string): Record<string, number> {
  const run = join(inFolder, 'run');
  const names = existsSync(run) ? readdirSync(run).filter((name) => name.endsWith('.pid') && name !== 'owner.pid') : [];
  return Object.fromEntries(names.map((name) => [name.replace('.pid', ''), pidOf(join(run, name))]));
}
const pidsIn = (inFolder: string): number[] => Object.values(remembered(inFolder));

/** Every unix socket under a folder. */
const socketsIn = (inFolder: string): string[] =>
  readdirSync(inFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => entry.name);

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.text += chunk));
  const pid = z.number().parse(child.pid);
  return { child, pid, output };
}

async function startParent(...parts: string[]) {
  const { MYSQL_URL: _, ...env } = process.env;
  const parent = run(
    process.execPath,
    ['-r', join(SERVERS, 'typescript-hook.cjs'), join(SERVERS, 'stand-parent.ts'), folder, ...parts],
    env,
  );
  await until(() => {
    if (parent.child.exitCode !== null) throw new Error(parent.output.text);
    return parent.output.text.includes('up\n');
  });
  return { ...parent, pids: remembered(folder) };
}

async function guardianOf(inFolder: string): Promise<Guardian> {
  const guardian = await startGuardian({ runFolder: join(inFolder, 'run'), logFolder: join(inFolder, 'logs') });
  guardians.push(guardian);
  return guardian;
}

describe('a stand whose process is killed', () => {
  test('leaves no process and no socket of its MySQL and Temporal', async () => {
    const { pid, pids } = await startParent('mysql', 'temporal');
    expect(Object.keys(pids).sort()).toEqual(expect.arrayContaining(['guardian', 'mysql', 'temporal']));
    expect(socketsIn(folder)).toEqual(['mysql.sock']);

    process.kill(pid, 'SIGKILL');

    await until(() => Object.values(pids).every(isDead));
    await until(() => !existsSync(join(folder, 'run')));
    expect(socketsIn(folder)).toEqual([]);
  });

  test('leaves no program that ignores SIGTERM', async () => {
    const { pid, pids } = await startParent('stubborn');
    process.kill(pid, 'SIGKILL');
    await until(() => Object.values(pids).every(isDead));
  });

  test('leaves nothing when its guardian is killed: the servers end and the stand hears of it', async () => {
    const { output, pids } = await startParent('mysql', 'stubborn');
    process.kill(z.number().parse(pids.guardian), 'SIGKILL');
    await until(() => Object.values(pids).every(isDead));
    await until(() => output.text.includes('lost\n'));
    expect(existsSync(join(folder, 'run'))).toBe(false);
    expect(socketsIn(folder)).toEqual([]);
  });

  (process.platform === 'linux' ? test : test.skip)(
    'leaves no process when its guardian is killed at the same moment, and the next start removes the rest',
    async () => {
      const { pid, pids } = await startParent('mysql', 'stubborn');
      process.kill(pid, 'SIGKILL');
      process.kill(z.number().parse(pids.guardian), 'SIGKILL');
      await until(() => Object.values(pids).every(isDead));
      const guardian = await guardianOf(folder);
      expect(Object.keys(remembered(folder))).toEqual(['guardian']);
      expect(pidsIn(folder)).toEqual([guardian.pid]);
    },
  );

  test('that is asked to end removes its run folder', async () => {
    const { child, pids } = await startParent('mysql');
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(Object.values(pids).filter((pid) => !isDead(pid))).toEqual([]);
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });
});

describe('a program that npm started', () => {
  test('is asked to end when npm is killed', async () => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: 'node program.mjs' } }));
    writeFileSync(
      join(folder, 'program.mjs'),
      `import { endWithNpm } from ${JSON.stringify(ANCESTRY)};
       import { writeFileSync } from 'node:fs';
       endWithNpm();
       process.on('SIGTERM', () => { writeFileSync('asked', ''); process.exit(0); });
       setInterval(() => {}, 1000);
       writeFileSync('program.json', JSON.stringify({ pid: process.pid }));`,
    );
    const npm = run('npm', ['start', '--prefix', folder]);
    await until(() => existsSync(join(folder, 'program.json')));
    await sleep(1_200);
    const program = pidOf(join(folder, 'program.json'));
    expect(isDead(program)).toBe(false);

    process.kill(npm.pid, 'SIGKILL');

    await until(() => isDead(program));
    expect(existsSync(join(folder, 'asked'))).toBe(true);
  });
});

describe('a run folder', () => {
  test('is refused while a live process uses it', async () => {
    await guardianOf(folder);
    await expect(guardianOf(folder)).rejects.toThrow(`process ${process.pid}`);
  });

  test('of a dead run gives up its processes, but never a stranger with a remembered pid', async () => {
    const [ours, stranger] = ['ours', 'stranger'].map(() => {
      const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
      children.push(child);
      return z.number().parse(child.pid);
    });
    const runFolder = join(folder, 'run');
    mkdirSync(runFolder);
    writeFileSync(join(runFolder, 'owner.pid'), JSON.stringify({ pid: process.pid, started: 'another life' }));
    writeFileSync(join(runFolder, 'ours.pid'), JSON.stringify({ pid: ours, started: startOf(ours ?? 0) }));
    writeFileSync(join(runFolder, 'stranger.pid'), JSON.stringify({ pid: stranger, started: 'another life' }));

    await claimRunFolder(runFolder);

    expect([ours, stranger].map((pid) => isDead(pid ?? 0))).toEqual([true, false]);
    expect(readdirSync(runFolder)).toEqual(['owner.pid']);
  });
});

test('a program that ends by itself is reported with its code', async () => {
  const guardian = await guardianOf(folder);
  const program = await guardian.start({ name: 'short', command: process.execPath, args: ['-e', 'process.exit(7)'] });
  expect(await program.exited).toEqual({ code: 7, signal: null });
});

test('a preferred port is given when it is free, another one when it is taken', async () => {
  const port = await freePort();
  expect(await freePort(port)).toBe(port);
  const guardian = await guardianOf(folder);
  const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
  const taker = await guardian.start({ name: 'taker', command: process.execPath, args: ['-e', script] });
  await until(() => readFileSync(taker.logFile, 'utf8').includes('up'));
  expect(await freePort(port)).not.toBe(port);
});

const embedded = process.env.MYSQL_URL ? test.skip : test;
embedded('the private MySQL lets in one user with a password and nobody without, and may make databases', async () => {
  const long = join(folder, 'a-rather-long-folder-name-so-that-a-socket-path-would-not-fit'.repeat(2));
  mkdirSync(long);
  const guardian = await guardianOf(long);
  const { url } = await startMysql({ folder: join(long, 'mysql'), guardian, log: () => {} });
  const connection = await createConnection({ uri: url });
  await connection.query('CREATE DATABASE stockbridge_other');
  await expect(connection.query('CREATE DATABASE other')).rejects.toThrow('Access denied');
  await connection.end();
  const { hostname, port } = new URL(url);
  for (const user of ['root', 'stockbridge', '']) {
    const refused = createConnection({ host: hostname, port: Number(port), user });
    await expect(refused).rejects.toThrow('Access denied');
  }
});

describe('what tests get from the global set-up', () => {
  test('a database of its own that can be dropped, and a namespace that nobody else has', async () => {
    const [one, two] = [await freshDatabase(), await freshDatabase()];
    expect(one.url).not.toBe(two.url);
    const connection = await createConnection({ uri: one.url });
    await connection.query('CREATE TABLE thing (id INT)');
    await connection.end();
    await Promise.all([one.drop(), two.drop()]);
    await expect(createConnection({ uri: one.url })).rejects.toThrow('Unknown database');

    const { address, namespace } = freshNamespace();
    expect(freshNamespace().namespace).not.toBe(namespace);
    const temporal = await Connection.connect({ address });
    const { customAttributes } = await temporal.operatorService.listSearchAttributes({ namespace });
    await temporal.close();
    expect(Object.keys(customAttributes).sort()).toEqual(SEARCH_ATTRIBUTES.map(({ name }) => name).sort());
  });

  test('a Temporal whose clock skips, and which ends with its environment', async () => {
    const environment = await timeSkippingEnvironment();
    const beforeMs = await environment.currentTimeMs();
    await environment.sleep('1 day');
    const passedMs = (await environment.currentTimeMs()) - beforeMs;
    await environment.teardown();
    expect(passedMs).toBeGreaterThanOrEqual(24 * 60 * 60 * 1000);
    // The server has ended as well: it would keep whoever reads the test's output waiting.
    await expect(Connection.connect({ address: environment.address, connectTimeout: 500 })).rejects.toThrow();
  });
});
