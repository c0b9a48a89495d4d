import { text } from 'node:stream/consumers';
import type { Client } from '@temporalio/client';
import type { Config } from '../config';
import { createHttpClient } from '../connectors/http/client';
import type { ConnectorContext } from '../connectors/ports';
import { connectorFor } from '../connectors/registry';
import type { Connection } from '../contracts/connection';
import { createDispatch, type Dispatch } from '../starter/dispatch';
import { KeyMissingError } from '../store/seals';
import { openStores, type Stores } from '../store/stores';
import { createTemporalClient } from '../temporal';
import { CliError } from './failures';
import type { ProgressSink } from './progress';

/** What a command works with; every part connects when it is first used. */
export interface CliContext {
  config: Config;
  stores: Stores;
  client: Client;
  dispatch: Dispatch;
  connectorContext: ConnectorContext;
  /** Standard input to its end, as text. */
  readStdin(): Promise<string>;
  /** Standard input as it comes. */
  stdin(): AsyncIterable<Uint8Array>;
  /** Where a long command says how far it is; silent where JSON was asked for. */
  progress: ProgressSink;
  /** Asks a person a question that is answered by yes or no. Throws a {@link UsageError} that names `--yes` where nobody can be asked. */
  ask(question: string): Promise<boolean>;
  /** Throws the sentence that says which key of stored credentials is missing. A MySQL that is away is left to the command, which may not need it. */
  requireKeys(): Promise<void>;
  /** The connection; a {@link CliError} that names the id when there is none. */
  connection(id: number): Promise<Connection>;
}

/** A command of a person may change every line of a connection at once. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** Opens everything that the environment names, runs `work` on it and closes it again. */
export async function withContext<T>(
  config: Config,
  { stdin, progress, ask }: Pick<CliContext, 'stdin' | 'progress' | 'ask'>,
  work: (context: CliContext) => Promise<T>,
): Promise<T> {
  const stores = openStores({ ...config, connectionLimit: 4, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  const client = createTemporalClient(config);
  const http = createHttpClient(config.outbound);
  try {
    return await work({
      config,
      stores,
      client,
      dispatch: createDispatch({
        client,
        connections: stores.cache,
        orders: stores.orders,
        inventorySyncs: stores.inventorySyncs,
        connectorFor,
      }),
      connectorContext: { http, endpoints: config.endpoints, now: Date.now },
      readStdin: () => text(stdin()),
      stdin,
      progress,
      ask,
      async requireKeys() {
        await stores.seals.requireKeys().catch((error: unknown) => {
          if (error instanceof KeyMissingError) throw error;
        });
      },
      async connection(id) {
        const found = await stores.connections.find(id);
        if (!found) throw new CliError(`there is no connection ${id}`);
        return found;
      },
    });
  } finally {
    await Promise.allSettled([stores.close(), client.connection.close(), http.close()]);
  }
}

/** Opens Temporal alone, runs `work` on it and closes it again. */
export async function withTemporal<T>(config: Config, work: (client: Client) => Promise<T>): Promise<T> {
  const client = createTemporalClient(config);
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}
