import { type Scene, startScene } from '../stand/scene';
import { buildPrograms, type Program, patient, startProgram, stopProgram } from './programs';

/** What a worker writes into its log about an answer that nobody tries again. */

let scene: Scene;
let worker: Program;

beforeAll(async () => {
  scene = await startScene({ worker: false });
  await buildPrograms();
  worker = startProgram('worker.js', scene.stand, patient());
});
afterAll(async () => {
  await stopProgram(worker);
  await scene.stop();
});

test('a 4xx is one line with the order, its run, the connection, the status and the channel’s words, and nothing of a customer', async () => {
  const tenant = await scene.tenants.add('logged');
  const message = 'Order window is over for canary@example.com';
  scene.stand.ajio.setFaults([{ kind: 'status', status: 400, body: { message }, on: { account: tenant.slug } }]);
  const { workflowId } = await scene.send.order(tenant, { orderNumber: 'O/1' });
  await scene.see.untilAttention(workflowId, 'ajio_rejected');
  const { runId } = await scene.stand.client.workflow.getHandle(workflowId).describe();
  const line = await worker.logged('Ajio, ');
  expect(line).toMatchObject({
    name: 'worker',
    activityType: 'cancelOnMarketplace',
    type: 'ChannelRejected',
    orderNumber: 'O/1',
    workflowId,
    runId,
    connectionId: tenant.connectionId,
    channel: 'ajio',
    status: 400,
    channelWords: 'Order window is over for [e-mail]',
  });
  expect(worker.output()).not.toMatch(/canary/i);
});
