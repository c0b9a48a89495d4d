import { loadConfig } from '../config';
import { connectorFor } from '../connectors/registry';
import { createLogger } from '../observability/logger';
import { createMetrics } from '../observability/metrics';
import { runProgram } from '../program';
import { storeSubmissions } from '../store/intake';
import { openStores } from '../store/stores';
import { withdrawSubmission } from '../store/withdrawal';
import { createTemporalClient } from '../temporal';
import { createDispatch } from './dispatch';
import { createGroupCommit } from './group-commit';
import { createOrderIntake } from './order-intake';
import { createPokes } from './pokes';
import { createServer } from './server';
import { createStockIntake } from './stock-intake';
import { createStockViews } from './stock-view';

/** Events that share one commit, and commits at once: enough to fill the disk's queue, few enough to spare the pool. */
const INTAKE_GROUP = { maxGroup: 50, maxConcurrent: 4 };

/** The gateway process. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger('gateway', config.logLevel);
  const metrics = createMetrics();
  const stores = openStores({ ...config, connectionLimit: 20 });
  const dispatch = createDispatch({
    client: createTemporalClient(config),
    connections: stores.cache,
    orders: stores.orders,
    connectorFor,
  });
  const pokes = createPokes(dispatch, (what, error) => {
    metrics.onLostPoke();
    logger.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      `${what} was stored but could not be started yet`,
    );
  });
  const intake = createGroupCommit(
    (drafts: Parameters<typeof storeSubmissions>[1]) => storeSubmissions(stores.db, drafts),
    INTAKE_GROUP,
  );
  const findConnection = (id: number) => stores.cache.get(id);
  metrics.watchParked(stores.parked.countParked);

  const server = await createServer({
    logger,
    publicUrl: config.gateway.publicUrl,
    keys: stores.keys,
    takeStock: createStockIntake({
      findConnection,
      connectorFor,
      store: intake.submit,
      parked: stores.parked,
      poke: pokes.poke,
    }),
    orders: createOrderIntake({
      listConnections: (accountSlug) => stores.connections.list({ accountSlug }),
      connectorFor,
      orders: stores.orders,
      parked: stores.parked,
      startOrder: pokes.startOrder,
    }),
    submissions: stores.submissions,
    withdraw: (id) => withdrawSubmission(stores.db, id),
    poke: pokes.poke,
    views: createStockViews(stores),
    findConnection,
    pingStore: stores.db.ping,
    metrics: metrics.text,
    onAnswer: metrics.onAnswer,
  });
  const address = await server.listen({ host: config.gateway.host, port: config.gateway.port });
  logger.info({ address }, 'gateway listens');

  const closed = new Promise<void>((resolve) => server.server.once('close', () => resolve()));
  await runProgram({ work: closed, stop: () => void server.close() });
  await pokes.drain();
  await stores.close();
  logger.info('gateway stopped');
  // The client's channel to Temporal may still be trying to connect; nothing is left to wait for.
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
