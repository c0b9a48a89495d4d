import { z } from 'zod';
import inventoryEvent from '../fixtures/events/inventory.json';
import unfulfillableEvent from '../fixtures/events/unfulfillable.json';
import { AJIO_LOGIN, STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, patient, startProgram } from './programs';

let stand: Stand;
let gateway: Program;
let gatewayUrl: string;
const programs: Program[] = [];

const start = (path: string, changes: Record<string, string> = {}): Program => {
  const program = startProgram(path, stand, changes);
  programs.push(program);
  return program;
};

async function startWorker(changes: Record<string, string> = {}): Promise<Program> {
  const worker = start('worker.js', changes);
  await worker.logged('worker runs');
  return worker;
}

async function end(program: Program, signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown[]> {
  program.child.kill(signal);
  return program.ended;
}

beforeAll(async () => {
  // One after the other: a stand that nobody knows of, because the build failed beside it, would keep jest from ending.
  await buildPrograms();
  stand = await startStand({ worker: false });
  gateway = start('starter/main.js');
  gatewayUrl = z.string().parse((await gateway.logged('gateway listens')).address);
});
afterAll(async () => {
  await Promise.all(
    programs
      .filter(({ child }) => child.exitCode === null && child.signalCode === null)
      .map((program) => end(program, 'SIGKILL')),
  );
  await stand.stop();
});
beforeEach(() => {
  stand.ajio.clearFaults();
  stand.ajio.clearLog();
  stand.eshopbox.clearLog();
});

async function post(path: string, key: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${gatewayUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(202);
  return z.record(z.string(), z.unknown()).parse(await response.json());
}

/** Posts quantities of variants of product `SKU`; the newer `minute` wins. */
const postStock = async (messageId: string, minute: number, quantities: Record<string, number>) => {
  const inventoryList = Object.entries(quantities).map(([variantId, locationInventory]) => ({
    productId: 'SKU',
    variantId,
    locationInventory,
    locationId: 'POB1',
  }));
  const event = {
    ...inventoryEvent,
    message_id: messageId,
    publishedAt: `2024-01-01 00:${String(minute).padStart(2, '0')}:00`,
    inventoryList,
  };
  return z.string().parse((await post('/events/inventory', stand.keys.spykar, event)).submissionId);
};

const stockCalls = () => stand.ajio.log().filter((entry) => entry.path === '/updateInventory');
const shown = (variant: string) => stand.ajio.state().stock[AJIO_LOGIN.username]?.[`SKU/${variant}`];
const stateOf = async (variant: string) =>
  (await stand.stores.levels.find(STOCK_CONNECTION, `SKU/${variant}`))[0]?.state;

/** Resolves when the submission has come to its end, with its status. */
const doneStatus = (submissionId: string) =>
  eventually('the submission is done', async () => {
    const view = await stand.stores.submissions.find(submissionId, 'spykar');
    return view && view.finishedCount === view.totalCount ? view.status : undefined;
  });

const requestOnTheWire = () =>
  eventually('a request is on the wire', () =>
    stockCalls().find((entry) => entry.status === null && entry.durationMs === null),
  );

it('delivers both sample events exactly once, with two workers and however often they come', async () => {
  const workers = await Promise.all([startWorker(patient()), startWorker(patient())]);
  const [submissions, orders] = await Promise.all([
    Promise.all(Array.from({ length: 10 }, () => post('/events/inventory', stand.keys.spykar, inventoryEvent))),
    Promise.all(Array.from({ length: 10 }, () => post('/events/order', stand.keys.raymond, unfulfillableEvent))),
  ]);
  const submissionId = z.string().parse(submissions[0]?.submissionId);
  expect(await doneStatus(submissionId)).toBe('success');
  const run = stand.client.workflow.getHandle(z.string().parse(orders[0]?.workflowId));
  await eventually('the run exists', () => run.describe().catch(() => undefined));
  await run.result();
  expect(stockCalls().map((entry) => entry.applied.map(({ quantity }) => quantity))).toEqual([[3, 3, 3]]);
  const cancels = [...stand.ajio.log(), ...stand.eshopbox.log()].filter(
    (entry) => entry.method === 'POST' && /orders$|cancel-order$/.test(entry.path),
  );
  expect(cancels.map((entry) => [entry.path, entry.status, entry.applied.length])).toEqual([
    ['/ds/eshopbox/orders', 200, 1],
    ['/raymond/api/cancel-order', 200, 1],
  ]);
  for (const worker of workers) await end(worker, 'SIGTERM');
});

it('on SIGTERM lets the call on the wire end and keeps its verdict', async () => {
  const workers = await Promise.all([startWorker(patient()), startWorker(patient())]);
  stand.ajio.setFaults([{ kind: 'delay', ms: 1_000, on: { path: '/updateInventory' } }]);
  const submissionId = await postStock('drain', 1, { drained: 7 });
  await requestOnTheWire();
  const ends = await Promise.all(workers.map((worker) => end(worker, 'SIGTERM')));
  expect(ends).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(stockCalls().map((entry) => entry.status)).toEqual([200]);
  expect(await stateOf('drained')).toBe('clean');
  expect(await stand.stores.submissions.find(submissionId, 'spykar')).toMatchObject({
    successCount: 1,
    finishedCount: 1,
  });
  for (const worker of workers) expect(worker.output()).toContain('worker stopped');
});

it('takes over from a worker that is killed with a request on the wire: nothing is lost, and the newest value is the last', async () => {
  const doomed = await startWorker();
  stand.ajio.setFaults([{ kind: 'hold', on: { path: '/updateInventory' }, times: 1 }]);
  const first = await postStock('killed-1', 2, { killed: 1, beside: 5 });
  await requestOnTheWire();
  // Before the other one starts, which may take longer than the request is waited for.
  expect(await end(doomed, 'SIGKILL')).toEqual([null, 'SIGKILL']);
  await startWorker();
  const second = await postStock('killed-2', 3, { killed: 2 });
  expect(await doneStatus(second)).toBe('success');
  expect(['success', 'processing']).toContain((await stand.stores.submissions.find(first, 'spykar'))?.status);
  expect(await doneStatus(first)).toBe('success');
  expect([shown('killed'), shown('beside')]).toEqual([2, 5]);

  // The killed worker's request reaches the channel late and puts the old value back; the line goes out once more after that.
  stand.ajio.clearFaults();
  await eventually('the late request arrives', () => (shown('killed') === 1 ? true : undefined));
  await eventually('the newest value is shown', () => (shown('killed') === 2 ? true : undefined));
  await eventually('nothing is left to send', async () =>
    (await stateOf('killed')) === 'clean' && (await stateOf('beside')) === 'clean' ? true : undefined,
  );
  expect([shown('killed'), shown('beside')]).toEqual([2, 5]);
});

it('ends the gateway on SIGTERM after it has answered, and pokes what it took', async () => {
  const submissionId = await postStock('last', 9, { last: 4 });
  expect(await end(gateway, 'SIGTERM')).toEqual([0, null]);
  expect(gateway.output()).toContain('gateway stopped');
  expect(await doneStatus(submissionId)).toBe('success');
  expect(shown('last')).toBe(4);
});

it('says nothing secret or personal in any log', () => {
  for (const program of programs) expect(program.output()).not.toMatch(/canary/i);
});
