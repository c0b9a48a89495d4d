import { NativeConnection, Runtime } from '@temporalio/worker';
import { loadConfig, publicUrlOf } from './config';
import { createHttpClient } from './connectors/http/client';
import { keepNamespaceReady } from './namespace-keeper';
import { createFailureLog } from './observability/failure-log';
import { createLogger, sdkLogger } from './observability/logger';
import { createProcessMetrics } from './observability/metrics';
import { serveMetrics } from './observability/metrics-server';
import { reserveSdkMetrics } from './observability/sdk-metrics';
import { endWithin, exitWith, requireCredentialKeys, untilStopped } from './program';
import { openStores } from './store/stores';
import { createTemporalClient } from './temporal';
import { createWorkers, END_WITHIN_MS, type WorkersDeps } from './workers';

/** The worker process: config → stores → connectors → activities → workers; SIGTERM lets what is on the wire end. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger('worker', config.logLevel);
  const metrics = createProcessMetrics();
  const sdkMetrics = await reserveSdkMetrics();
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions: { metrics: { prometheus: { bindAddress: sdkMetrics.bindAddress } } },
    logger: sdkLogger(logger),
  });
  const stores = openStores({ ...config, connectionLimit: 20 });
  const keys = await requireCredentialKeys(stores.seals);
  const http = createHttpClient(config.outbound);
  const connection = await NativeConnection.connect(config.temporal.connectionOptions);
  const client = createTemporalClient(config);
  const stopped = untilStopped();
  const namespace = keepNamespaceReady({ client, logger, onChecked: metrics.onNamespaceChecked });
  let state: () => string | undefined = () => 'the workers do not run yet';
  const metricsServer =
    config.metricsPort === undefined
      ? undefined
      : await serveMetrics({
          host: config.gateway.host,
          port: config.metricsPort,
          readMetrics: [metrics.text, sdkMetrics.text],
          whyNotReady: async () => namespace.whyNotReady() ?? state(),
        });
  // Workers of a namespace that is not registered yet would end at once.
  const begins = await Promise.race([namespace.firstLook.then(() => true), stopped.then(() => false)]);
  const deps = {
    connection,
    namespace: config.temporal.namespace,
    client,
    stores,
    context: { http, endpoints: config.endpoints, now: Date.now },
    metrics,
    onFailure: createFailureLog(logger, metrics),
    onReceipt: ({ what, ...receipt }) => logger.debug(receipt, `${what}: answered`),
    retentionDays: config.retentionDays,
    imports: config.imports,
    publicUrl: publicUrlOf(config),
  } satisfies WorkersDeps;
  const workers = begins ? await createWorkers(deps) : [];
  metrics.watchParked(stores.parked.countParked);
  state = () => (workers.every((worker) => worker.getState() === 'RUNNING') ? undefined : 'the workers are stopping');
  logger.info({ taskQueues: workers.map((worker) => worker.options.taskQueue) }, 'worker runs');

  const running = Promise.all(workers.map((worker) => worker.run()));
  await Promise.race([running, stopped, keys.refused]);
  endWithin(END_WITHIN_MS);
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
  namespace.stop();
  await Promise.all([
    metricsServer?.close(),
    http.close(),
    connection.close(),
    client.connection.close(),
    stores.close(),
  ]);
  logger.info('worker stopped');
}

main().catch(exitWith);
