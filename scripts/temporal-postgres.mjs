/**
 * A Temporal as people run it, for trials on this machine: the server on a PostgreSQL of its own, four history shards, four
 * partitions to a queue, visibility in SQL. Stays up until SIGINT or SIGTERM, and leaves nothing behind but what was built.
 *
 *   node scripts/temporal-postgres.mjs [--port 7243] [--bare]
 *   npm run soak -- --temporal 127.0.0.1:7243
 *
 * Needs Go (it builds server and schema tool once, from Temporal's own module) and PostgreSQL 12 or newer. `--bare` registers no
 * namespace, to see what the programs do then; otherwise it is `default`.
 */
import { fork, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PRIVATE_FOLDER, ROOT, readIfThere, run, StepFailed, seconds } from './steps.mjs';

const VERSION = 'v1.31.2';
const MODULE = 'go.temporal.io/server';
const HOST = '127.0.0.1';
const SHARDS = 4;
const READY_WITHIN_MS = 120_000;
const NAMESPACE = 'default';
const RUNS_KEPT_SECONDS = 7 * 86_400;
const BUILT = join(PRIVATE_FOLDER, 'cache', `temporal-server-${VERSION}`);

const say = (line) => process.stdout.write(`${line}\n`);

async function step(title, work) {
  const startedMs = Date.now();
  const result = await work();
  say(`✓ ${title}  ${seconds(startedMs)}`);
  return result;
}

/** Builds both programs where they are not there yet; on one processor that takes half an hour and more. */
async function build() {
  if (existsSync(BUILT)) return;
  const fresh = `${BUILT}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  // A machine that people work on: half of it, and only what nobody else wants.
  const env = {
    GOMAXPROCS: String(Math.max(1, Math.floor(availableParallelism() / 2))),
    ...process.env,
    GOBIN: fresh,
    GOFLAGS: '-mod=mod',
  };
  for (const program of ['cmd/server', 'cmd/tools/sql']) {
    await run('nice', ['-n', '10', 'go', 'install', '-p', env.GOMAXPROCS, `${MODULE}/${program}@${VERSION}`], { env });
  }
  renameSync(fresh, BUILT);
}

/** The folder of PostgreSQL's programs: Debian keeps them out of PATH, one folder for each release. */
function postgresFolder() {
  const debian = '/usr/lib/postgresql';
  const releases = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : [];
  const folders = [...releases.map((release) => join(debian, release, 'bin')), ...(process.env.PATH ?? '').split(':')];
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
  if (found) return found;
  throw new StepFailed('PostgreSQL is missing: apt-get install -y postgresql');
}

/** PostgreSQL refuses to run as root: there it is its own user's, which Debian's package makes. */
function postgresUser() {
  if (process.getuid?.() !== 0) return undefined;
  const line = readIfThere('/etc/passwd')
    ?.split('\n')
    .find((one) => one.startsWith('postgres:'));
  if (!line) throw new StepFailed('PostgreSQL does not run as root, and there is no user `postgres`');
  const [, , uid, gid] = line.split(':').map(Number);
  return { uid, gid };
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** The guardian of the other commands: whatever ends this process, it ends what it has started, by process id. */
async function startGuardian(folder) {
  const log = openSync(join(folder, 'guardian.log'), 'a');
  const child = fork(join(ROOT, 'scripts/guardian.mjs'), [join(folder, 'run')], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  const waiting = new Map();
  let lastId = 0;
  let onExit = () => {};
  await new Promise((resolve) => {
    child.on('message', ({ id, event, ...rest }) => {
      if (event === 'ready') resolve();
      else if (event === 'exit') onExit(rest);
      else waiting.get(id)?.(rest);
    });
  });
  const ask = async (body) => {
    lastId += 1;
    const id = lastId;
    const answer = await new Promise((resolve) => {
      waiting.set(id, resolve);
      child.send({ ...body, id });
    });
    if (answer.error) throw new StepFailed(answer.error);
    return answer;
  };
  return {
    start: (name, command, args, env = process.env) =>
      ask({
        op: 'start',
        program: {
          name,
          command,
          args,
          env,
          cwd: folder,
          logFile: join(folder, `${name}.log`),
          graceMs: 15_000,
          deathSignal: 'TERM',
        },
      }),
    whenOneEnds: (listener) => {
      onExit = listener;
    },
    end: async () => {
      await ask({ op: 'end' });
      child.disconnect();
    },
  };
}

async function startPostgres(guardian, folder) {
  const bin = postgresFolder();
  const user = postgresUser();
  const data = join(folder, 'postgres');
  mkdirSync(data, { mode: 0o700 });
  if (user) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  const as = user ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  const words = [
    ...as,
    join(bin, 'initdb'),
    '--pgdata',
    data,
    '--username=temporal',
    '--auth=trust',
    '--encoding=UTF8',
  ];
  await run(words[0], words.slice(1));
  const port = await freePort();
  const [command, ...args] = [...as, join(bin, 'postgres'), '-D', data, '-h', HOST, '-p', String(port), '-k', data];
  await guardian.start('postgres', command, [...args, '-c', 'max_connections=200']);
  const isReady = () => spawnSync(join(bin, 'pg_isready'), ['-h', HOST, '-p', String(port), '-q']).status === 0;
  for (const endsMs = Date.now() + READY_WITHIN_MS; !isReady(); await sleep(100)) {
    if (Date.now() > endsMs) throw new StepFailed(`PostgreSQL does not answer: see ${folder}/postgres.log`);
  }
  return port;
}

async function makeSchemas(postgresPort) {
  const access = ['--plugin', 'postgres12', '--ep', HOST, '-p', String(postgresPort), '-u', 'temporal'];
  for (const [database, schema] of [
    ['temporal', 'temporal'],
    ['temporal_visibility', 'visibility'],
  ]) {
    const tool = (...args) => run(join(BUILT, 'sql'), [...access, '--db', database, ...args]);
    await tool('create');
    await tool('setup-schema', '-v', '0.0');
    await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

/** JSON is YAML. Nothing of the queues: four partitions are what a server has by itself. */
function configOf({ postgresPort, frontendPort, ports }) {
  const store = (databaseName) => ({
    sql: {
      ...{ pluginName: 'postgres12', databaseName, connectAddr: `${HOST}:${postgresPort}`, connectProtocol: 'tcp' },
      ...{ user: 'temporal', password: '', maxConns: 20, maxIdleConns: 20, maxConnLifetime: '1h' },
    },
  });
  const service = (grpcPort) => ({ rpc: { grpcPort, membershipPort: ports.pop(), bindOnLocalHost: true } });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { default: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: HOST } },
    services: {
      frontend: service(frontendPort),
      history: service(ports.pop()),
      matching: service(ports.pop()),
      worker: service(ports.pop()),
    },
    clusterMetadata: {
      ...{ enableGlobalNamespace: false, failoverVersionIncrement: 10 },
      ...{ masterClusterName: 'active', currentClusterName: 'active' },
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `${HOST}:${frontendPort}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
  };
}

/** Waits until the server answers, and registers the namespace where it shall. */
async function waitForTemporal(address, bare, hasEnded) {
  const { Connection } = createRequire(import.meta.url)('@temporalio/client');
  for (const endsMs = Date.now() + READY_WITHIN_MS; ; await sleep(250)) {
    const connection = Connection.lazy({ address });
    try {
      await connection.withDeadline(Date.now() + 5_000, async () => {
        await connection.workflowService.listNamespaces({});
        if (bare) return;
        await connection.workflowService
          .registerNamespace({
            namespace: NAMESPACE,
            workflowExecutionRetentionPeriod: { seconds: RUNS_KEPT_SECONDS },
          })
          .catch((error) => {
            if (!/already exists/i.test(error.message)) throw error;
          });
        // Registered is not known yet.
        await connection.workflowService.countWorkflowExecutions({ namespace: NAMESPACE });
      });
      return;
    } catch (error) {
      if (hasEnded()) throw new StepFailed('the server has ended');
      if (Date.now() > endsMs) throw new StepFailed(`Temporal does not answer: ${error.message}`);
    } finally {
      await connection.close();
    }
  }
}

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string' }, bare: { type: 'boolean', default: false } } });
  const frontendPort = values.port === undefined ? 7243 : Number(values.port);
  if (!Number.isInteger(frontendPort) || frontendPort < 1 || frontendPort > 65_535)
    throw new StepFailed('--port: a whole number from 1 to 65535 is needed');
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve('stopped'));
  });
  await step(`server ${VERSION}`, build);
  // Not in the private folder, which PostgreSQL's user cannot enter.
  const folder = mkdtempSync(join(tmpdir(), 'stockbridge-temporal-'));
  const guardian = await startGuardian(folder);
  try {
    let ended;
    const end = new Promise((resolve) => {
      guardian.whenOneEnds(({ name, code, signal }) => {
        ended = `${name} ended with ${signal ?? code}: ${readIfThere(join(folder, `${name}.log`))?.slice(-2_000)}`;
        resolve(ended);
      });
    });
    const up = async () => {
      const postgresPort = await step('PostgreSQL', () => startPostgres(guardian, folder));
      await step('schemas', () => makeSchemas(postgresPort));
      const ports = [];
      for (let count = 0; count < 7; count += 1) ports.push(await freePort());
      const configFile = join(folder, 'server.yaml');
      writeFileSync(configFile, JSON.stringify(configOf({ postgresPort, frontendPort, ports }), null, 2));
      const address = `${HOST}:${frontendPort}`;
      await step('Temporal', async () => {
        await guardian.start('temporal', join(BUILT, 'server'), [
          '--config-file',
          configFile,
          '--allow-no-auth',
          'start',
        ]);
        await waitForTemporal(address, values.bare, () => ended !== undefined);
      });
      say(`TEMPORAL_ADDRESS=${address}  (logs in ${folder}; stop with Ctrl-C)`);
      return end;
    };
    const outcome = await Promise.race([stopped, up()]).catch((error) => {
      throw ended === undefined ? error : new StepFailed(ended);
    });
    if (outcome !== 'stopped') throw new StepFailed(outcome);
  } finally {
    await guardian.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`✗ ${error instanceof StepFailed ? error.message : error.stack}\n`);
    process.exit(1);
  },
);
