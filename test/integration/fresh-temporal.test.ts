import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { z } from 'zod';
import { RETENTION_SCHEDULE_ID, SWEEP_SCHEDULE_ID } from '../../src/contracts/ids';
import { freePort } from '../../src/local/ports';
import { makeNamespaceReady } from '../../src/namespace';
import { watchNamespace } from '../../src/namespace-look';
import { createTemporalClient } from '../../src/temporal';
import inventoryEvent from '../fixtures/events/inventory.json';
import { freshNamespace, leaveNamespace } from '../servers/servers';
import { type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, startProgram, stopProgram } from './programs';

const { address } = freshNamespace();
const namespaces: string[] = [];
const programs: Program[] = [];
let connection: Connection;
let stand: Stand;

beforeAll(async () => {
  await buildPrograms();
  connection = await Connection.connect({ address });
  stand = await startStand({ worker: false });
});
afterAll(async () => {
  for (const program of programs) await stopProgram(program);
  for (const namespace of namespaces) await leaveNamespace({ address, namespace });
  await stand.stop();
  await connection.close();
});

function unregistered(): Client {
  const namespace = `fresh-${randomBytes(6).toString('hex')}`;
  namespaces.push(namespace);
  return new Client({ connection, namespace });
}

const start = (path: string, changes: Record<string, string>): Program => {
  const program = startProgram(path, stand, changes);
  programs.push(program);
  return program;
};

const readiness = z.object({ status: z.unknown(), detail: z.string().optional() });
async function ask(url: string): Promise<{ status: number; detail: string | undefined }> {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, detail: readiness.parse(await answer.json()).detail };
}

it('tells in words what a namespace lacks, step by step, and asks no more once it lacks nothing', async () => {
  const client = unregistered();
  const { namespace } = client.options;
  const lacking = watchNamespace(client);
  expect(await lacking()).toBe(
    `Temporal has no namespace ${namespace}: a worker makes what is missing, or \`cli setup\``,
  );

  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  const bare = await eventually('the namespace is known', async () => {
    const words = await lacking();
    return words?.startsWith('Temporal has no') ? undefined : words;
  });
  for (const name of ['ConnectionId', 'Attention', 'Outcome', SWEEP_SCHEDULE_ID, RETENTION_SCHEDULE_ID])
    expect(bare).toContain(name);

  await makeNamespaceReady(client, { update: false });
  await client.schedule.getHandle(SWEEP_SCHEDULE_ID).delete();
  await eventually('only one schedule is missing', async () => {
    const words = await lacking();
    return (
      words ===
      `the namespace ${namespace} lacks schedule ${SWEEP_SCHEDULE_ID}: a worker makes what is missing, or \`cli setup\``
    );
  });

  await makeNamespaceReady(client, { update: false });
  await eventually('nothing is missing', async () => (await lacking()) === undefined);
  await client.schedule.getHandle(RETENTION_SCHEDULE_ID).delete();
  expect(await lacking()).toBeUndefined();
});

it('holds nothing against a Temporal that is away', async () => {
  const temporal = { address: `127.0.0.1:${await freePort()}`, namespace: 'any', connectionOptions: {} };
  const client = createTemporalClient({ temporal });
  expect(await watchNamespace(client)()).toBeUndefined();
  await client.connection.close();
});

it('without `setup` a gateway stores and says that it is not ready, and a worker makes what is missing and delivers', async () => {
  const client = unregistered();
  const { namespace } = client.options;
  const gateway = start('starter/main.js', { TEMPORAL_NAMESPACE: namespace });
  const gatewayUrl = z.string().parse((await gateway.logged('gateway listens')).address);
  const refused = await eventually('the gateway has heard of Temporal', async () => {
    const answer = await ask(gatewayUrl);
    return answer.status === 503 ? answer : undefined;
  });
  expect(refused.detail).toContain(`no namespace ${namespace}`);
  const stored = await fetch(`${gatewayUrl}/events/inventory`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': stand.keys.spykar },
    body: JSON.stringify(inventoryEvent),
  });
  expect(stored.status).toBe(202);

  const metricsPort = await freePort();
  const worker = start('worker.js', { TEMPORAL_NAMESPACE: namespace, METRICS_PORT: String(metricsPort) });
  await worker.logged('made what the namespace lacked');
  await eventually('the worker is ready', async () =>
    ask(`http://127.0.0.1:${metricsPort}`).then(
      ({ status }) => status === 200,
      () => undefined,
    ),
  );
  await eventually('the gateway is ready', async () => (await ask(gatewayUrl)).status === 200);
  await eventually('what was stored is delivered', async () =>
    stand.ajio.log().some((entry) => entry.path === '/updateInventory' && entry.status === 200),
  );
});
