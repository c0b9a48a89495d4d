import { createServer, type Socket } from 'node:net';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { createMetrics } from '../../src/observability/metrics';
import { createGateway, type Gateway } from '../../src/starter/gateway';
import { createTemporalClient } from '../../src/temporal';
import type { SweepWorkflow } from '../../src/workflows';
import { createSender } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

const HOUR_MS = 3_600_000;

let scene: Scene;
let silent: Awaited<ReturnType<typeof listenSilently>>;
let deaf: { client: Client; gateway: Gateway; metrics: ReturnType<typeof createMetrics> };
let send: ReturnType<typeof createSender>;

/** Takes connections and says nothing: a Temporal that hangs is worse than one that is gone. */
async function listenSilently() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => socket.destroy())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the silent server has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    // A client that waits for the first word keeps its connection, and the process, until somebody cuts it.
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

beforeAll(async () => {
  scene = await startScene();
  silent = await listenSilently();
  const { address } = silent;
  const { namespace } = scene.stand;
  const client = createTemporalClient({ temporal: { address, namespace, connectionOptions: {} } });
  const metrics = createMetrics();
  const logger = pino({ level: 'silent' });
  const gateway = await createGateway({ stores: scene.stand.stores, client, metrics, logger, publicUrl: undefined });
  const url = await gateway.server.listen({ host: '127.0.0.1', port: 0 });
  deaf = { client, gateway, metrics };
  send = createSender({
    async post(path, key, body) {
      const headers = { 'x-api-key': key, 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    },
  });
});
afterAll(async () => {
  await deaf.gateway.close();
  await deaf.client.connection.close();
  silent.close();
  await scene.stop();
});

test('while Temporal hangs the gateway answers without it, loses nothing, and the sweep delivers afterwards', async () => {
  const { see, stand } = scene;
  const tenant = await scene.tenants.add('stranded');
  // Temporal never answers in this test, so every answer is one that did not wait for it.
  const stock = await send.stock(tenant, { messageId: 'm1', stock: { V1: 3 } });
  const order = await send.order(tenant, { orderNumber: 'O-stranded' });
  expect([stock.status, order.status]).toEqual(['accepted', 'accepted']);
  await eventually('both calls to Temporal were given up', async () =>
    (await deaf.metrics.text()).includes('stockbridge_lost_pokes_total 2') ? true : undefined,
  );
  expect(see.stockCalls(tenant)).toHaveLength(0);
  expect(see.cancels('O-stranded')).toHaveLength(0);

  const sweep = () =>
    stand.client.workflow.execute<typeof SweepWorkflow>('SweepWorkflow', {
      args: [{ once: true }],
      workflowId: 'sweep-by-hand',
      taskQueue: WORKFLOW_TASK_QUEUE,
    });
  // What has just come in is on its way by itself; later than now, so that a slow machine does not make it old.
  await stand.stores.db.change('UPDATE stock_levels SET dirtySinceMs = dirtySinceMs + ?', [HOUR_MS]);
  await stand.stores.db.change('UPDATE orders SET updatedAt = updatedAt + INTERVAL 1 HOUR', []);
  expect(await sweep()).toEqual({
    pokedConnections: 0,
    startedOrders: 0,
    startedImports: 0,
    failedCount: 0,
    failed: [],
  });
  await stand.stores.db.change('UPDATE stock_levels SET dirtySinceMs = dirtySinceMs - ?', [2 * HOUR_MS]);
  await stand.stores.db.change('UPDATE orders SET updatedAt = updatedAt - INTERVAL 2 HOUR', []);
  expect(await sweep()).toEqual({
    pokedConnections: 1,
    startedOrders: 1,
    startedImports: 0,
    failedCount: 0,
    failed: [],
  });

  expect(await see.result(see.syncId(tenant))).toMatchObject({ accepted: 1 });
  expect(see.shownStock(tenant)).toEqual({ V1: 3 });
  expect(await see.result(order.workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.wmsCancels('O-stranded')).toHaveLength(1);
  expect(await see.submission(tenant, stock.submissionId)).toMatchObject({ status: 'success' });
  expect(await sweep()).toEqual({
    pokedConnections: 0,
    startedOrders: 0,
    startedImports: 0,
    failedCount: 0,
    failed: [],
  });
});
