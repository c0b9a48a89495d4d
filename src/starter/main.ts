import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../config';
import { watchNamespace } from '../namespace-look';
import { createLogger } from '../observability/logger';
import { createProcessMetrics } from '../observability/metrics';
import { endWithin, exitWith, requireCredentialKeys, untilStopped } from '../program';
import { openStores } from '../store/stores';
import { createTemporalClient } from '../temporal';
import { createGateway } from './gateway';

/** Longer than a request takes that is received slowly and then waits for verdicts. */
const END_WITHIN_MS = 30_000;

/** The gateway process; after SIGTERM it is out of service for a while before it takes no more. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger('gateway', config.logLevel);
  const metrics = createProcessMetrics();
  const stores = openStores({ ...config, connectionLimit: 20 });
  const keys = await requireCredentialKeys(stores.seals);
  metrics.watchParked(stores.parked.countParked);
  const { publicUrl, host, port, drainSeconds } = config.gateway;
  const client = createTemporalClient(config);
  const { imports, graphql } = config;
  const gateway = await createGateway({
    stores,
    client,
    lacking: watchNamespace(client),
    metrics,
    logger,
    publicUrl,
    allowHttp: imports.allowHttp,
    introspection: graphql.introspection,
  });
  const address = await gateway.server.listen({ host, port });
  const stopped = untilStopped();
  logger.info({ address }, 'gateway listens');
  const signal = await Promise.race([stopped, keys.refused]);
  gateway.announceStop();
  // SIGINT is a person at a terminal, who has nobody in front.
  if (signal === 'SIGTERM' && drainSeconds > 0) {
    logger.info({ drainSeconds }, 'gateway stops: not ready any more, still taking requests');
    await delay(drainSeconds * 1_000);
  }
  endWithin(END_WITHIN_MS);
  await gateway.close();
  await stores.close();
  logger.info('gateway stopped');
}

main().then(
  // The client's channel to Temporal may still be trying to connect; nothing is left to wait for.
  () => process.exit(0),
  exitWith,
);
