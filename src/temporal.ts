import { Client, Connection } from '@temporalio/client';
import type { Config } from './config';

/** A client that connects when it is first used, so that a program starts while Temporal is down. */
export function createTemporalClient(config: Pick<Config, 'temporal'>): Client {
  const { address, apiKey, metadata, tls } = config.temporal.connectionOptions;
  const connection = Connection.lazy({
    address: address ?? config.temporal.address,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tls === undefined ? {} : { tls }),
  });
  return new Client({ connection, namespace: config.temporal.namespace });
}
