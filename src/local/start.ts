import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';
import { type Deferred, deferred } from './deferred';
import { playDemo } from './demo';
import { startMysql } from './mysql-server';
import { freePort } from './ports';
import { obituary, waitUntilReady } from './readiness';
import { credentialsKey, standEnvironment, writeEnvironmentFile } from './stand-environment';
import { type Guardian, type RunningProgram, runProgram, startGuardian } from './supervisor';
import { findTemporal } from './temporal-binary';
import { startTemporal } from './temporal-server';

const HELP = `Brings up MySQL, Temporal, the channels' stand-ins, the gateway and a worker, plays the sample events and stays up.

  npm start                stays up until Ctrl-C
  npm start -- --exit      stops after the demo: 0 when every expected effect was seen, else 1

MYSQL_URL and TEMPORAL_ADDRESS use servers of yours; otherwise both are started here, empty each time.
`;

const ROOT = join(__dirname, '../..');
const DIST = dirname(__dirname);
const PRIVATE_FOLDER = join(ROOT, '.stockbridge');
const RUN_FOLDER = join(PRIVATE_FOLDER, 'run');
const HOST = '127.0.0.1';
const GATEWAY_PORT = 8080;
/** In-flight work may end on Ctrl-C; it is safe with the worker's death too. */
const DRAIN_MS = 15_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const seconds = (sinceMs: number): string => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startedMs = Date.now();
  const result = await work();
  print(`✓ ${title}  ${seconds(startedMs)}`);
  return result;
}

interface Stand {
  mysqlUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  gatewayUrl: string;
  ajioTwinUrl: string;
  eshopboxTwinUrl: string;
}

/** Brings everything up; `failed` is rejected when a part of it dies by itself later. */
async function bringUp(guardian: Guardian, failed: Deferred<never>): Promise<Stand> {
  const watch = (ended: Promise<string>) => void ended.then((text) => failed.reject(new Error(text)));
  const node = async (name: string, script: string, args: readonly string[], env: Record<string, string>) => {
    const program: RunningProgram = await guardian.start({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', join(DIST, script), ...args],
      env: { ...process.env, ...env },
      cwd: ROOT,
      graceMs: DRAIN_MS,
      deathSignal: 'KILL',
    });
    watch(obituary(program));
    return program;
  };

  const twins = async () => {
    const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
    const [ajioTwinUrl = '', eshopboxTwinUrl = '', increffTwinUrl = '', shipheroTwinUrl = ''] = ports.map(
      (port) => `http://${HOST}:${port}`,
    );
    const urls = { ajioTwinUrl, eshopboxTwinUrl, increffTwinUrl, shipheroTwinUrl };
    const args = ['ajio', 'eshopbox', 'increff', 'shiphero'].flatMap((name, at) => [
      `--${name}-port`,
      String(ports[at]),
    ]);
    const program = await node('twins', 'twins/main.js', ['--host', HOST, ...args], {});
    await waitUntilReady(
      program,
      Object.values(urls).map((url) => `${url}/__twin/health`),
    );
    return urls;
  };
  const [mysql, temporal, twinUrls] = await Promise.all([
    step('MySQL', () => startMysql({ folder: join(PRIVATE_FOLDER, 'mysql'), guardian, log: print })),
    step('Temporal', () =>
      startTemporal({
        guardian,
        findBinary: () => findTemporal({ cacheFolder: join(PRIVATE_FOLDER, 'cache'), log: print }),
        namespaces: ['default'],
        searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
        // With a database that is empty each time, histories of earlier runs would speak of rows that are gone.
        folder: join(PRIVATE_FOLDER, 'temporal'),
        withUi: true,
      }),
    ),
    step('twins', twins),
  ]);

  for (const server of [mysql, temporal]) watch(server.ended);

  const gatewayHost = process.env.GATEWAY_HOST || HOST;
  const gatewayPort = Number(process.env.GATEWAY_PORT) || (await freePort(GATEWAY_PORT, gatewayHost));
  const addresses = {
    mysqlUrl: mysql.url,
    temporalAddress: temporal.address,
    ...twinUrls,
    gatewayHost,
    gatewayPort,
  };
  const key = credentialsKey(join(PRIVATE_FOLDER, 'credentials-key'));
  // The demo is played in this process and stores connections as the other programs do.
  process.env.CREDENTIALS_KEY = key;
  const environment = standEnvironment(addresses, key);
  writeEnvironmentFile(join(RUN_FOLDER, 'stand.env'), environment);

  await step('setup', () =>
    runProgram(guardian, {
      name: 'setup',
      command: process.execPath,
      args: [join(DIST, 'cli/main.js'), 'setup'],
      env: { ...process.env, ...environment },
      cwd: ROOT,
    }),
  );
  const metricsPort = await freePort();
  const gatewayUrl = `http://${gatewayHost}:${gatewayPort}`;
  await Promise.all([
    step('gateway', async () =>
      waitUntilReady(await node('gateway', 'starter/main.js', [], environment), [`${gatewayUrl}/readyz`]),
    ),
    step('worker', async () => {
      const worker = await node('worker', 'worker.js', [], { ...environment, METRICS_PORT: String(metricsPort) });
      await waitUntilReady(worker, [`http://${HOST}:${metricsPort}/readyz`]);
    }),
  ]);
  const { mysqlUrl, temporalAddress } = addresses;
  return { mysqlUrl, temporalAddress, temporalUiUrl: temporal.uiUrl, gatewayUrl, ...twinUrls };
}

function readFlags(): { exit?: boolean; help?: boolean } {
  try {
    return parseArgs({ options: { exit: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(2);
  }
}

const INTERRUPTED = Symbol('interrupted');

async function main(): Promise<number> {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const startedMs = Date.now();
  const interrupted = deferred<typeof INTERRUPTED>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.resolve(INTERRUPTED));
  // Whoever read the output may be gone before the stand is.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupted.resolve(INTERRUPTED));

  mkdirSync(PRIVATE_FOLDER, { recursive: true, mode: 0o700 });
  const logFolder = join(PRIVATE_FOLDER, 'logs');
  const guardian = await startGuardian({ runFolder: RUN_FOLDER, logFolder });
  const failed = deferred<never>();
  const onLost = () => failed.reject(new Error('The process that watches over the servers was killed.'));
  guardian.lost.then(onLost, onLost);
  const orStopped = <T>(work: Promise<T>) => Promise.race([work, interrupted.promise, failed.promise]);
  try {
    const stand = await orStopped(bringUp(guardian, failed));
    if (stand === INTERRUPTED) return 130;
    print(`set-up took ${seconds(startedMs)}`);
    const played = await orStopped(playDemo({ ...stand, print }));
    if (played === INTERRUPTED) return 130;
    if (flags.exit) return played.complete ? 0 : 1;
    print('Stop with Ctrl-C.');
    await orStopped(interrupted.promise);
    print('stopping');
    return 0;
  } finally {
    await guardian.end();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`✗ ${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  },
);
