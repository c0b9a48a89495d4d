import { cliOn } from '../integration/cli-runner';
import { cuttableWay } from '../stand/cuttable-way';
import { ajioItem } from '../stand/events';
import { startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** A scene with the command line and a way to MySQL that can be cut, for the words of `Attention` in docs/operations.md. */
export async function startAttentionScene() {
  const way = cuttableWay();
  const scene = await startScene({ reachMysql: way.to });
  const { mysqlUrl, temporalAddress, namespace, ajio, metrics, stores } = scene.stand;
  metrics.watchParked(stores.parked.countParked);
  const cli = cliOn({
    MYSQL_URL: mysqlUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
    AJIO_BASE_URL: ajio.url,
    OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    OUTBOUND_ALLOW_PRIVATE: 'true',
  });
  return {
    ...scene,
    way,
    cli,
    async stop() {
      await scene.stop();
      way.close();
    },
    /** `cli retry --attention <word>`, when the runs can be found by it. */
    retryAll: (word: string): Promise<string> =>
      eventually(`a retry of ${word}`, async () => {
        const { out } = await cli(['retry', '--attention', word]);
        return out.includes(' retried.') ? out : undefined;
      }),
    /** Ajio knows the order, with a line that is open. */
    makeKnown: (orderNumber: string): void =>
      ajio.setState({ orders: { [orderNumber]: { lines: { [ajioItem(orderNumber, '1')]: { quantity: 1 } } } } }),
    sendOrder: async (tenant: Tenant): Promise<string> =>
      (await scene.send.order(tenant, { orderNumber: `O-${tenant.slug}` })).workflowId,
    /** Answers the id of the connection's sync. */
    async sendStock(tenant: Tenant, stock: Record<string, number> = { V1: 1 }): Promise<string> {
      await scene.send.stock(tenant, { messageId: `m-${tenant.slug}`, stock });
      return scene.see.syncId(tenant);
    },
    /** A sample of what the gateway's and the worker's `/metrics` say. */
    metricsText: (): Promise<string> => metrics.text(),
  };
}

export type AttentionScene = Awaited<ReturnType<typeof startAttentionScene>>;
