import { setTimeout as delay } from 'node:timers/promises';
import { addIncreff } from '../stand/increff';
import { INCREFF_LOGIN, type Stand, startStand } from '../stand/stand';
import { ROUNDING_MS } from '../stand/waiting';
import { buildPrograms, type Program, patient, startProgram } from './programs';

/** `INCREFF_MINUTES=10` holds it against the channel's own window, by the clock; otherwise order and counts are judged. */
const MINUTES = Number(process.env.INCREFF_MINUTES ?? 0);
const ALLOWED_PER_MINUTE = 200;
const INTERVAL_MS = 60_000 / ALLOWED_PER_MINUTE;
/** Until both connections send; the rate counts from then. */
const RUN_UP_MS = 3_000;

jest.setTimeout(MINUTES * 60_000 + 600_000);

let stand: Stand;
let workers: Program[] = [];
beforeAll(async () => {
  // One after the other: a stand that nobody knows of, because the build failed beside it, would keep jest from ending.
  await buildPrograms();
  stand = await startStand({ worker: false });
  workers = [0, 1].map(() => startProgram('worker.js', stand, patient()));
  await Promise.all(workers.map((worker) => worker.logged('worker runs')));
});
afterAll(async () => {
  for (const worker of workers) worker.child.kill('SIGKILL');
  await Promise.all(workers.map((worker) => worker.ended));
  await stand.stop();
});

async function sendOverBoth(lines: number) {
  const connections = [
    await addIncreff(stand, 3_001, 'increff-oms', { batchSize: 1 }),
    await addIncreff(stand, 3_002, 'increff-assure', { batchSize: 1 }),
  ];
  const stock = Object.fromEntries(Array.from({ length: lines }, (_, index) => [`SKU${index}`, index + 1]));
  for (const connection of connections) await connection.send(stock);
  return connections;
}

test('the limit of one client holds over both channels and two worker processes: no request comes before its turn', async () => {
  const beganAtMs = Date.now();
  const connections = await sendOverBoth(40);
  await Promise.all(connections.map((connection) => connection.settled()));
  for (const connection of connections) expect(connection.calls().length).toBeGreaterThanOrEqual(40);
  // Each request has a slot of its own and comes after it, so that a slow machine is only ever later than this.
  const calls = stand.increff.log();
  const early = calls.filter(({ at }, index) => Date.parse(at) < beganAtMs + index * INTERVAL_MS - ROUNDING_MS);
  expect(early).toEqual([]);
  expect(calls.map(({ status }) => status)).toEqual(calls.map(() => 200));
});

(MINUTES > 0 ? test : test.skip)('by the clock: no request too many, and 95 % of the limit is used', async () => {
  stand.increff.clearLog();
  stand.increff.setState({ accounts: [INCREFF_LOGIN], rateLimit: { requests: ALLOWED_PER_MINUTE, windowMs: 60_000 } });
  const lines = Math.ceil((MINUTES + 0.2) * ALLOWED_PER_MINUTE);
  const stock = Object.fromEntries(Array.from({ length: lines }, (_, index) => [`SKU${index}`, index + 2]));
  for (const [index, channel] of (['increff-oms', 'increff-assure'] as const).entries())
    await (await addIncreff(stand, 3_003 + index, channel, { batchSize: 1 })).send(stock);
  await delay(RUN_UP_MS);
  const counted = () => stand.increff.log().filter((entry) => entry.status === 200).length;
  const [before, beganAtMs] = [counted(), performance.now()];
  await delay(MINUTES * 60_000 - RUN_UP_MS);
  const perMinute = (counted() - before) / ((performance.now() - beganAtMs) / 60_000);
  expect(stand.increff.state().violations.rateLimit).toBe(0);
  expect(perMinute).toBeGreaterThanOrEqual(0.95 * ALLOWED_PER_MINUTE);
});
