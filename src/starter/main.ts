import { loadConfig } from '../config';
import { createLogger } from '../observability/logger';
import { createProcessMetrics } from '../observability/metrics';
import { exitWith, requireCredentialKeys, untilStopped } from '../program';
import { openStores } from '../store/stores';
import { createTemporalClient } from '../temporal';
import { createGateway } from './gateway';

/** The gateway process. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger('gateway', config.logLevel);
  const metrics = createProcessMetrics();
  const stores = openStores({ ...config, connectionLimit: 20 });
  const keys = await requireCredentialKeys(stores.seals);
  metrics.watchParked(stores.parked.countParked);
  const { publicUrl, host, port } = config.gateway;
  const { imports, graphql } = config;
  const gateway = await createGateway({
    stores,
    client: createTemporalClient(config),
    metrics,
    logger,
    publicUrl,
    allowHttp: imports.allowHttp,
    introspection: graphql.introspection,
  });
  const address = await gateway.server.listen({ host, port });
  const stopped = untilStopped();
  logger.info({ address }, 'gateway listens');
  await Promise.race([stopped, keys.refused]);
  await gateway.close();
  await stores.close();
  logger.info('gateway stopped');
}

main().then(
  // The client's channel to Temporal may still be trying to connect; nothing is left to wait for.
  () => process.exit(0),
  exitWith,
);
