import { Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createHttpClient } from '../../src/connectors/http/client';
import type { FileDownloadOptions } from '../../src/connectors/http/file-download';
import type { Connector } from '../../src/connectors/ports';
import { connectorFor } from '../../src/connectors/registry';
import type { FailureType } from '../../src/contracts/failures';
import { createMetrics } from '../../src/observability/metrics';
import { createDispatch } from '../../src/starter/dispatch';
import { createGateway } from '../../src/starter/gateway';
import { migrate } from '../../src/store/migrate';
import { openStores } from '../../src/store/stores';
import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { type EshopboxTwin, startEshopboxTwin } from '../../src/twins/eshopbox-twin';
import { type IncreffTwin, startIncreffTwin } from '../../src/twins/increff-twin';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { createWorkers } from '../../src/workers';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { PatientClient } from './patient-client';
import { PATIENCE_MS } from './waiting';

// Workers tell their every state otherwise.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** The connections that every stand has. */
export const STOCK_CONNECTION = 294;
export const ORDER_CONNECTION = 295;
export const WMS_CONNECTION = 296;

export const AJIO_LOGIN = { username: 'test-seller', password: 'CANARY-password' };
export const ESHOPBOX_LOGIN = {
  clientId: 'test-client',
  clientSecret: 'CANARY-secret',
  refreshToken: 'CANARY-refresh',
};
export const SHIPHERO_LOGIN = { username: 'test-hero', password: 'CANARY-shiphero' };
export const INCREFF_LOGIN = { authUsername: 'test-client', authPassword: 'CANARY-increff' };

export interface StandOptions {
  /** Without a worker nothing is delivered until `startWorkers` is called. */
  worker?: boolean;
  ajioSettings?: object;
  eshopboxSettings?: object;
  /** Where files come from that callers name. @default this machine, over http */
  imports?: Partial<FileDownloadOptions>;
  /** Where channels look for the gateway; by default where it is. */
  publicUrl?: string;
  /** A Temporal with the search attributes; by default a namespace of the test run's own. */
  temporal?: { address: string; namespace: string };
  /** Another way to the test's MySQL for gateway and workers, such as one that can be cut. */
  reachMysql?(url: string): Promise<string>;
}

/**
 * Everything that Stockbridge is made of, in this process, on the real MySQL and Temporal of the test run: a database and a
 * namespace of its own, both twins, the gateway on a free port, the workers.
 */
export async function startStand(options: StandOptions = {}) {
  const [database, namespace] = await Promise.all([freshDatabase(), options.temporal ?? freshNamespace()]);
  const mysqlUrl = (await options.reachMysql?.(database.url)) ?? database.url;
  const stores = openStores({
    mysqlUrl,
    credentialsKey: Buffer.alloc(32, 7),
    ...(options.reachMysql ? {} : { connectTimeoutMs: PATIENCE_MS }),
  });
  await migrate(stores.db);
  const ajio: AjioTwin = await startAjioTwin({ accounts: [AJIO_LOGIN] });
  const eshopbox: EshopboxTwin = await startEshopboxTwin({ accounts: [{ accountSlug: 'raymond', ...ESHOPBOX_LOGIN }] });
  const increff: IncreffTwin = await startIncreffTwin({ accounts: [INCREFF_LOGIN] });
  const shiphero: ShipheroTwin = await startShipheroTwin({ accounts: [SHIPHERO_LOGIN] });
  const endpoints = {
    AJIO_BASE_URL: ajio.url,
    ESHOPBOX_BASE_URL: `${eshopbox.url}/{accountSlug}`,
    ESHOPBOX_AUTH_URL: `${eshopbox.url}/auth`,
    INCREFF_BASE_URL: increff.url,
    SHIPHERO_BASE_URL: shiphero.url,
  };
  const http = createHttpClient({
    allowedHosts: ['127.0.0.1'],
    allowPrivateAddresses: true,
    // They end what hangs and nothing else, and before the activity does.
    timeouts: { connectMs: 10_000, headersMs: 10_000, totalMs: 20_000 },
  });
  const context = { http, endpoints, now: Date.now };
  const noPlace = { externalChannelId: null, externalWarehouseId: null, locationId: null };
  await stores.connections.insert({
    id: STOCK_CONNECTION,
    channel: 'ajio',
    accountSlug: 'spykar',
    externalChannelId: 'CH1286',
    externalWarehouseId: 'Eshopbox_Mumbai',
    locationId: 'POB1',
    credentials: AJIO_LOGIN,
    settings: options.ajioSettings ?? {},
  });
  await stores.connections.insert({
    ...noPlace,
    id: ORDER_CONNECTION,
    channel: 'ajio',
    accountSlug: 'raymond',
    externalChannelId: 'CH2261',
    externalWarehouseId: 'ACCU',
    credentials: AJIO_LOGIN,
    settings: options.ajioSettings ?? {},
  });
  await stores.connections.insert({
    ...noPlace,
    id: WMS_CONNECTION,
    channel: 'eshopbox',
    accountSlug: 'raymond',
    credentials: {
      client_id: ESHOPBOX_LOGIN.clientId,
      client_secret: ESHOPBOX_LOGIN.clientSecret,
      refresh_token: ESHOPBOX_LOGIN.refreshToken,
    },
    settings: options.eshopboxSettings ?? {},
  });
  const keys = {
    spykar: (await stores.keys.create({ accountSlug: 'spykar', name: 'test', connectionId: null })).key,
    raymond: (await stores.keys.create({ accountSlug: 'raymond', name: 'test', connectionId: null })).key,
  };
  const client = new PatientClient({
    connection: await Connection.connect({ address: namespace.address }),
    namespace: namespace.namespace,
  });
  const native = await NativeConnection.connect({ address: namespace.address });
  const metrics = createMetrics();
  const failures: { activityType: string; type: FailureType | 'Unexpected'; message: string }[] = [];
  const logger = pino({ level: 'silent' });
  const gateway = await createGateway({
    stores,
    client,
    metrics,
    logger,
    publicUrl: undefined,
    allowHttp: options.imports?.allowHttp ?? false,
  });
  // A connection that the gateway ends just as a test sends on it would fail the test.
  gateway.server.server.keepAliveTimeout = 0;
  const gatewayUrl = await gateway.server.listen({ host: '127.0.0.1', port: 0 });

  let workers: Worker[] = [];
  let running: Promise<unknown> = Promise.resolve();
  const startWorkers = async () => {
    workers = await createWorkers({
      connection: native,
      namespace: namespace.namespace,
      client,
      stores,
      context,
      metrics,
      onFailure: (failure) => {
        failures.push(failure);
        metrics.onFailure({ ...failure, channel: failure.details.channel });
      },
      retentionDays: 35,
      imports: { allowedHosts: ['127.0.0.1'], allowHttp: true, ...options.imports },
      publicUrl: options.publicUrl ?? gatewayUrl,
    });
    running = Promise.all(workers.map((worker) => worker.run()));
  };
  const stopWorkers = async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
    workers = [];
  };
  if (options.worker !== false) await startWorkers();

  const send = async (method: string, path: string, key: string, body?: unknown) => {
    const response = await fetch(`${gatewayUrl}${path}`, {
      method,
      headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as unknown,
    };
  };

  return {
    stores,
    client,
    context,
    metrics,
    ajio,
    eshopbox,
    increff,
    shiphero,
    keys,
    gatewayUrl,
    drainPokes: gateway.drain,
    failures,
    temporalAddress: namespace.address,
    namespace: namespace.namespace,
    mysqlUrl: database.url,
    dispatch: createDispatch({
      client,
      connections: stores.cache,
      orders: stores.orders,
      inventorySyncs: stores.inventorySyncs,
      connectorFor,
    }),
    connectorFor: connectorFor as (channel: 'ajio' | 'eshopbox') => Connector,
    startWorkers,
    stopWorkers,
    post: (path: string, key: string, body: unknown) => send('POST', path, key, body),
    get: (path: string, key: string) => send('GET', path, key),
    async stop() {
      await stopWorkers();
      await gateway.close();
      await leaveNamespace(namespace);
      await Promise.all([
        ajio.stop(),
        eshopbox.stop(),
        increff.stop(),
        shiphero.stop(),
        http.close(),
        stores.close(),
        client.connection.close(),
      ]);
      await native.close();
      await database.drop();
    },
  };
}

export type Stand = Awaited<ReturnType<typeof startStand>>;
