import { readFileSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import type { Stores } from '../store/stores';
import type { Recorded } from './check/recorded';
import { createSecretSearch } from './check/secrets';
import { readHistories } from './histories';
import type { KeptProgram } from './kept-program';
import { failuresCounted, loggedFailures } from './logs';
import type { Programs } from './programs';
import { readAllRows, readTables } from './tables';
import { CONNECTIONS } from './tenants';
import type { TwinControl } from './twin-control';

/** What is known of a run before its evidence is collected. */
export type Known = Pick<Recorded, 'acks' | 'disturbances' | 'signals' | 'samples' | 'quietAfterMs'>;

export interface CollectOptions {
  known: Known;
  stores: Stores;
  client: Client;
  twins: TwinControl;
  programs: Programs;
  dist: string;
  tokens: ReadonlySet<string>;
  keys: Readonly<Record<string, string>>;
  /** Answers of the gateway that were no 2xx. */
  refusals: readonly string[];
}

/** Reads the evidence of a run: twins, tables, histories, logs, metrics. */
export async function collect(options: CollectOptions): Promise<Recorded> {
  const { known, stores, client, twins, programs, dist, keys } = options;
  const kept: readonly KeptProgram[] = [...programs.gateways, ...programs.workers];
  const passwords = CONNECTIONS.flatMap(({ credentials, login }) =>
    Object.values(credentials).filter((value) => value !== login && !value.startsWith('login-')),
  );
  const search = createSecretSearch([...options.tokens, ...passwords, ...Object.values(keys)]);

  const replay = await readHistories(client, dist, search.look);
  await readAllRows(stores.db, (_table, text) => search.look('tables', text));
  for (const { logFile } of kept) search.look('logs', readFileSync(logFile, 'utf8'));
  for (const text of options.refusals) search.look('refusals', text);
  const failureMetrics: Record<number, number> = {};
  for (const program of kept) {
    const url = programs.metricsUrls[program.name];
    if (url === undefined) continue;
    // The connection that is kept may have been closed while the logs were read.
    const text = await (await fetch(url).catch(() => fetch(url))).text();
    search.look('metrics', text);
    const pid = program.pid();
    if (pid !== undefined && programs.workers.includes(program)) failureMetrics[pid] = failuresCounted(text);
  }
  return {
    ...known,
    twins: {
      ajio: await twins.record('ajio'),
      eshopbox: await twins.record('eshopbox'),
      increff: await twins.record('increff'),
      shiphero: await twins.record('shiphero'),
    },
    tables: await readTables(stores.db),
    failures: loggedFailures(programs.workers),
    failureMetrics,
    secrets: { searched: search.searched, found: search.found },
    replay,
  };
}
