import { join } from 'node:path';
import { freePort } from '../local/ports';
import { waitUntilReady } from '../local/readiness';
import { standEnvironment } from '../local/stand-environment';
import { type Guardian, type Program, runProgram } from '../local/supervisor';
import type { Disturbance, TwinName } from './check/recorded';
import { type KeptProgram, keepUp } from './kept-program';
import type { Servers } from './servers';

const HOST = '127.0.0.1';
const GATEWAYS = 2;
const WORKERS = 2;
/** More requests than any run makes. */
const LOG_LIMIT = 5_000_000;

/** The programs of the build, each a process of its own. */
export interface Programs {
  gateways: readonly KeptProgram[];
  workers: readonly KeptProgram[];
  gatewayUrls: readonly string[];
  /** Where each process shows its metrics, by program. */
  metricsUrls: Readonly<Record<string, string>>;
  twinUrls: Readonly<Record<TwinName, string>>;
  /** What the programs read their configuration from. */
  environment: Readonly<Record<string, string>>;
}

export interface ProgramsOptions {
  guardian: Guardian;
  servers: Servers;
  /** The copy of the build that runs. */
  dist: string;
  /** Folder in which the programs run. */
  cwd: string;
  credentialsKey: string;
  seed: number;
  report(disturbance: Disturbance): void;
}

/** Starts twins, two gateways and two workers after `setup` has prepared database and namespace. */
export async function startPrograms(options: ProgramsOptions): Promise<Programs> {
  const { guardian, servers, dist, cwd, report } = options;
  const node = (name: string, script: string, args: readonly string[], env: Record<string, string>): Program => ({
    name,
    command: process.execPath,
    args: [join(dist, script), ...args],
    env,
    cwd,
    deathSignal: 'KILL',
  });
  const ports = {
    ajio: await freePort(),
    eshopbox: await freePort(),
    increff: await freePort(),
    shiphero: await freePort(),
  };
  const url = (port: number): string => `http://${HOST}:${port}`;
  const twinUrls = {
    ajio: url(ports.ajio),
    eshopbox: url(ports.eshopbox),
    increff: url(ports.increff),
    shiphero: url(ports.shiphero),
  };
  const twinArgs = Object.entries(ports).flatMap(([twin, port]) => [`--${twin}-port`, String(port)]);
  const twins = await guardian.start(
    node('twins', 'twins/main.js', [...twinArgs, '--seed', String(options.seed), '--log-limit', String(LOG_LIMIT)], {}),
  );
  const gatewayPorts = await Promise.all(Array.from({ length: GATEWAYS }, () => freePort()));
  const gatewayUrls = gatewayPorts.map(url);
  const environment: Record<string, string> = {
    ...standEnvironment(
      {
        mysqlUrl: servers.mysqlUrl,
        temporalAddress: servers.temporalAddress,
        gatewayHost: HOST,
        gatewayPort: gatewayPorts[0] ?? 0,
        ajioTwinUrl: twinUrls.ajio,
        eshopboxTwinUrl: twinUrls.eshopbox,
      },
      options.credentialsKey,
    ),
    TEMPORAL_NAMESPACE: servers.namespace,
    INCREFF_BASE_URL: twinUrls.increff,
    SHIPHERO_BASE_URL: twinUrls.shiphero,
    PUBLIC_URL: gatewayUrls[0] ?? '',
    LOG_LEVEL: 'info',
  };
  await waitUntilReady(
    twins,
    Object.values(twinUrls).map((one) => `${one}/__twin/health`),
  );
  await runProgram(guardian, node('setup', 'cli/main.js', ['setup'], environment));

  const metricsUrls: Record<string, string> = {};
  const keep = async (program: Program, base: string): Promise<KeptProgram> => {
    const running = await guardian.start(program);
    await waitUntilReady(running, [`${base}/readyz`]);
    metricsUrls[program.name] = `${base}/metrics`;
    return keepUp(guardian, program, running, report);
  };
  const gateways = gatewayPorts.map((port, index) =>
    keep(
      node(`gateway-${index + 1}`, 'starter/main.js', [], { ...environment, GATEWAY_PORT: String(port) }),
      url(port),
    ),
  );
  const workers = Array.from({ length: WORKERS }, async (_, index) => {
    const port = await freePort();
    return keep(
      node(`worker-${index + 1}`, 'worker.js', [], { ...environment, METRICS_PORT: String(port) }),
      url(port),
    );
  });
  return {
    gateways: await Promise.all(gateways),
    workers: await Promise.all(workers),
    gatewayUrls,
    metricsUrls,
    twinUrls,
    environment,
  };
}
