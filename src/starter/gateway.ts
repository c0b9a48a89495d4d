import type { Client } from '@temporalio/client';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { connectorFor } from '../connectors/registry';
import type { Metrics } from '../observability/metrics';
import { isDatabaseDown } from '../store/database';
import { storeSubmissions } from '../store/intake';
import type { Stores } from '../store/stores';
import { withdrawSubmission } from '../store/withdrawal';
import { WORK_LIMITS, type WorkLimits } from './admission';
import { createDispatch } from './dispatch';
import { createGroupCommit } from './group-commit';
import { createIncreffIntake } from './increff-intake';
import { createInventorySyncHandler } from './inventory-sync/handler';
import { createOrderIntake } from './order-intake';
import { createPokes } from './pokes';
import { createServer } from './server';
import { shared } from './shared';
import { createStockIntake } from './stock-intake';
import { createStockViews } from './stock-view';

/** Events that share one commit, and commits at once: two, because commits at once wait for each other wherever they name the same listings. */
const INTAKE_GROUP = { maxGroup: 125, maxConcurrent: 2, isCommon: isDatabaseDown };

export interface GatewayOptions {
  stores: Stores;
  client: Client;
  metrics: Metrics;
  logger: FastifyBaseLogger;
  publicUrl: string | undefined;
  /** Fetches files of stock over http, too. @default false */
  allowHttp?: boolean;
  /** Tells the GraphQL schema to whoever has a key. @default false */
  introspection?: boolean;
  /** Tells in words what Temporal's namespace lacks: a gateway that nobody's worker serves is not ready. @default nothing */
  lacking?(): Promise<string | undefined>;
  /** @default {@link WORK_LIMITS} */
  limits?: WorkLimits;
}

export interface Gateway {
  server: FastifyInstance;
  /** Resolves when all that was answered has been handed to Temporal, or could not be. */
  drain(): Promise<void>;
  /** From now on the gateway says that it is not ready and ends connections with their next answer, but still takes requests. */
  announceStop(): void;
  /** Stops taking requests, lets those that are here end, and sends the pokes that still wait. */
  close(): Promise<void>;
}

/** Puts the gateway together; the caller makes it listen. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { stores, client, metrics, logger, publicUrl, allowHttp = false, introspection = false } = options;
  const { limits = WORK_LIMITS, lacking = async () => undefined } = options;
  let isStopping = false;
  const dispatch = createDispatch({
    client,
    connections: stores.cache,
    orders: stores.orders,
    inventorySyncs: stores.inventorySyncs,
    connectorFor,
  });
  const pokes = createPokes(dispatch, (what, error) => {
    metrics.onLostPoke();
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ reason }, `${what} was stored but could not be started yet`);
  });
  const intake = createGroupCommit(
    (drafts: Parameters<typeof storeSubmissions>[1]) => storeSubmissions(stores.db, drafts),
    { ...INTAKE_GROUP, ownerOf: ({ accountSlug }) => accountSlug },
  );
  const findConnection = (id: number) => stores.cache.get(id);
  const withdraw = (id: string) => withdrawSubmission(stores.db, id);
  const server = await createServer({
    logger,
    publicUrl,
    limits,
    // A flood with one key asks the database once at a time, not once a request.
    keys: { verify: shared(stores.keys.verify) },
    takeStock: createStockIntake({
      findConnection,
      connectorFor,
      store: intake.submit,
      parked: stores.parked,
      poke: pokes.poke,
      clocks: stores.eventClocks,
      now: Date.now,
      onWarning({ kind, message }, { id }) {
        metrics.onEventWarning(kind);
        logger.warn({ connectionId: id, kind }, `an event was taken with a warning: ${message}`);
      },
    }),
    takeIncreff: createIncreffIntake({
      findConnection,
      connectorFor,
      store: intake.submit,
      submissions: stores.submissions,
      poke: pokes.poke,
    }),
    handleGraphql: createInventorySyncHandler({
      allowHttp,
      introspection,
      findConnection,
      connectorFor,
      files: stores.inventorySyncs,
      syncs: stores.syncProgress,
      items: stores.syncItems,
      submissions: stores.submissions,
      withdraw,
      startImport: pokes.startImport,
      poke: pokes.poke,
    }),
    orders: createOrderIntake({
      listConnections: (accountSlug) => stores.connections.list({ accountSlug }),
      connectorFor,
      orders: stores.orders,
      parked: stores.parked,
      startOrder: pokes.startOrder,
    }),
    jobs: stores.jobs,
    submissions: stores.submissions,
    withdraw,
    poke: pokes.poke,
    views: createStockViews(stores),
    findConnection,
    pingStore: shared(stores.db.ping),
    lacking,
    isStopping: () => isStopping,
    metrics: shared(metrics.text),
    onAnswer: metrics.onAnswer,
  });
  return {
    server,
    drain: pokes.drain,
    announceStop() {
      isStopping = true;
    },
    async close() {
      isStopping = true;
      await server.close();
      await pokes.drain();
    },
  };
}
