import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { RETENTION_SCHEDULE_ID, SWEEP_SCHEDULE_ID } from '../../src/contracts/ids';
import { makeNamespaceReady } from '../../src/namespace';
import { keepNamespaceReady } from '../../src/namespace-keeper';
import { freshNamespace, leaveNamespace } from '../servers/servers';
import { startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';
import { buildPrograms, startProgram, stopProgram } from './programs';

const { address } = freshNamespace();
const namespaces: string[] = [];
const ends: (() => void)[] = [];
let connection: Connection;

beforeAll(async () => {
  connection = await Connection.connect({ address });
});
afterAll(async () => {
  for (const end of ends) end();
  for (const namespace of namespaces) await leaveNamespace({ address, namespace });
  await connection.close();
});

const nameless = (): Client => new Client({ connection, namespace: `kept-${randomBytes(6).toString('hex')}` });

async function register({ options: { namespace } }: Client): Promise<void> {
  namespaces.push(namespace);
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
}

function keep(client: Client) {
  const said: { facts: Record<string, unknown>; message: string }[] = [];
  const checks: boolean[] = [];
  const keeper = keepNamespaceReady({
    client,
    onChecked: (isReady) => checks.push(isReady),
    logger: { warn: (facts, message) => said.push({ facts, message }) },
    everyMs: 50,
  });
  ends.push(keeper.stop);
  const wasChecked = (isReady: boolean) => {
    const before = checks.length;
    // The first look that ends from now on may have begun before.
    return eventually(`a look finds ${isReady}`, () => checks.slice(before + 1).includes(isReady) || undefined);
  };
  return { said, wasChecked, whyNotReady: keeper.whyNotReady };
}

const schedulesOf = async (client: Client): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
  return ids.sort();
};

it('makes in a bare namespace what the programs need, says so once, and makes again what is gone', async () => {
  const client = nameless();
  await register(client);
  const { said, wasChecked } = keep(client);
  await wasChecked(true);
  expect((await client.workflow.count('Attention IS NOT NULL AND Outcome IS NULL')).count).toBe(0);
  await eventually('both schedules are listed', async () =>
    (await schedulesOf(client)).length === 2 ? true : undefined,
  );
  await wasChecked(true);
  expect(said).toEqual([
    {
      facts: {
        searchAttributes: expect.arrayContaining(['Attention', 'Outcome', 'ConnectionId']),
        schedules: [SWEEP_SCHEDULE_ID, RETENTION_SCHEDULE_ID],
      },
      message: 'made what the namespace lacked',
    },
  ]);

  await client.schedule.getHandle(SWEEP_SCHEDULE_ID).delete();
  await eventually('it is made again', () => (said.length === 2 ? true : undefined));
  expect(said[1]?.facts).toEqual({ searchAttributes: [], schedules: [SWEEP_SCHEDULE_ID] });
});

it('leaves a schedule alone that another release has shaped, or a person has paused', async () => {
  const client = nameless();
  await register(client);
  await makeNamespaceReady(client, { update: true });
  const handle = client.schedule.getHandle(SWEEP_SCHEDULE_ID);
  // In one: Temporal may take a pause first that was sent after another change, which then undoes it.
  await handle.update((previous) => ({
    ...previous,
    spec: { intervals: [{ every: '2 hours' }] },
    state: { ...previous.state, paused: true },
  }));
  await eventually('it is paused', async () => ((await handle.describe()).state.paused ? true : undefined));
  const { said, wasChecked } = keep(client);
  await wasChecked(true);
  const { spec, state } = await handle.describe();
  expect({ every: spec.intervals?.[0]?.every, paused: state.paused, said }).toEqual({
    every: 7_200_000,
    paused: true,
    said: [],
  });
});

it('registers a namespace that is not there, and says so', async () => {
  const client = nameless();
  namespaces.push(client.options.namespace);
  const { said, wasChecked } = keep(client);
  await wasChecked(true);
  expect(said).toEqual([
    {
      facts: {
        namespace: client.options.namespace,
        searchAttributes: expect.arrayContaining(['Attention']),
        schedules: [SWEEP_SCHEDULE_ID, RETENTION_SCHEDULE_ID],
      },
      message: 'made what the namespace lacked',
    },
  ]);
  expect((await client.workflow.count('Attention IS NOT NULL')).count).toBe(0);
});

it('says once why a namespace cannot be made ready, and goes on looking until it can', async () => {
  const client = nameless();
  const { namespace } = client.options;
  await register(client);
  const { INDEXED_VALUE_TYPE_INT } = temporal.api.enums.v1.IndexedValueType;
  await eventually('an attribute of another type is there', () =>
    connection.operatorService
      .addSearchAttributes({ namespace, searchAttributes: { Attention: INDEXED_VALUE_TYPE_INT } })
      .catch(() => undefined),
  );
  const { said, wasChecked, whyNotReady } = keep(client);
  await wasChecked(false);
  await wasChecked(false);
  const reason = `search attribute Attention: the namespace ${namespace} has one of another type, Keyword is needed`;
  expect(said).toEqual([{ facts: { reason }, message: 'the namespace could not be checked' }]);
  expect(whyNotReady()).toContain(reason);
  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['Attention'] });
  await wasChecked(true);
  expect(whyNotReady()).toBeUndefined();
});

it('is what a worker does by itself: nobody has run `setup` here', async () => {
  await buildPrograms();
  const scene = await startScene({ worker: false });
  const worker = startProgram('worker.js', scene.stand);
  try {
    await eventually('the sweep goes on', async () => {
      const { client } = scene.stand;
      const { count } = await client.workflow.count(`WorkflowType = "SweepWorkflow" AND ExecutionStatus = "Running"`);
      return count === 1 ? true : undefined;
    });
  } finally {
    await stopProgram(worker).finally(scene.stop);
  }
});
