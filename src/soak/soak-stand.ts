import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { loadConfig } from '../config';
import { ownerOf, sweep } from '../local/run-folder';
import { type Guardian, startGuardian } from '../local/supervisor';
import { openStores, type Stores } from '../store/stores';
import { createTemporalClient } from '../temporal';
import type { Disturbance } from './check/recorded';
import { applyEdits, copyBuild, type Edit } from './patch';
import { type Programs, startPrograms } from './programs';
import { type Servers, startServers } from './servers';
import { addTenants } from './tenancy';
import { createTwinControl, type TwinControl } from './twin-control';

export interface SoakStandOptions {
  seed: number;
  /** Changes of the copy of the build that runs. */
  edits: readonly Edit[];
  /** Where the run keeps everything; removed in the end unless `keep` says otherwise. */
  folder: string;
  cacheFolder: string;
  /** A Temporal of somebody else, which is not killed; by default one of its own. */
  temporalAddress?: string;
  /** The build that is copied. */
  dist: string;
  keep: boolean;
  log(line: string): void;
}

/** Servers, twins, gateways and workers, each a process of its own, with their tenants. */
export interface SoakStand {
  /** The copy of the build that runs. */
  dist: string;
  servers: Servers;
  programs: Programs;
  stores: Stores;
  client: Client;
  twins: TwinControl;
  /** Keys of the gateway by account. */
  keys: Readonly<Record<string, string>>;
  /** What was done to the processes so far. */
  disturbances: readonly Disturbance[];
  /** Milliseconds since the epoch. */
  startedMs: number;
}

/** Brings a stand up from an empty database, has the work done on it, and ends everything. */
export async function withSoakStand<T>(options: SoakStandOptions, work: (stand: SoakStand) => Promise<T>): Promise<T> {
  const { folder, log } = options;
  const startedMs = Date.now();
  const runFolder = join(folder, 'run');
  const owner = ownerOf(runFolder);
  if (owner !== undefined)
    throw new Error(`A soak with this seed runs already, as process ${owner}: take another seed.`);
  // What a soak that was killed left behind.
  await sweep(runFolder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const dist = join(folder, 'dist');
  copyBuild(options.dist, dist);
  applyEdits(dist, options.edits);
  const guardian = await startGuardian({ runFolder, logFolder: join(folder, 'logs') });
  const interrupted = () => void guardian.end({ graceMs: 0 }).finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupted);
  let leave = async (): Promise<void> => undefined;
  try {
    const stand = await bringUp({ ...options, dist }, guardian, startedMs, (servers) => {
      leave = servers.leave;
    });
    log(`up after ${((Date.now() - startedMs) / 1_000).toFixed(1)} s`);
    const result = await work(stand);
    await Promise.all([stand.stores.close(), stand.client.connection.close()]);
    return result;
  } finally {
    await guardian.end({ graceMs: 1_000 });
    await leave().catch((error: unknown) => log(`the namespace of this soak stays: ${error}`));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupted);
    // A server that was killed may be writing its last.
    if (!options.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    else log(`everything is kept in ${folder}`);
  }
}

async function bringUp(
  options: SoakStandOptions,
  guardian: Guardian,
  startedMs: number,
  onServers: (servers: Servers) => void,
): Promise<SoakStand> {
  const { folder, cacheFolder, temporalAddress, dist, seed, log } = options;
  const disturbances: Disturbance[] = [];
  const report = (one: Disturbance): void => void disturbances.push(one);
  const servers = await startServers({
    ...{ guardian, folder, cacheFolder, log, report },
    ...(temporalAddress !== undefined && { temporalAddress }),
  });
  onServers(servers);
  const credentialsKey = randomBytes(32).toString('base64');
  const programs = await startPrograms({ guardian, servers, dist, cwd: folder, credentialsKey, seed, report });
  const stores = openStores({ ...loadConfig(programs.environment), connectionLimit: 4 });
  const client = createTemporalClient(loadConfig(programs.environment));
  const twins = createTwinControl(programs.twinUrls);
  const keys = await addTenants(stores);
  return { dist, servers, programs, stores, client, twins, keys, disturbances, startedMs };
}
