import { setTimeout as delay } from 'node:timers/promises';
import { addIncreff } from '../stand/increff';
import { INCREFF_LOGIN, type Stand, startStand } from '../stand/stand';
import { buildPrograms, type Program, startProgram } from './programs';

/** `INCREFF_MINUTES=10` runs it for real; the shorter run has a shorter window of the same rate, which is harder to keep. */
const MINUTES = Number(process.env.INCREFF_MINUTES ?? 0.4);
const ALLOWED_PER_MINUTE = 200;
const WINDOW =
  MINUTES >= 2
    ? { requests: ALLOWED_PER_MINUTE, windowMs: 60_000 }
    : { requests: ALLOWED_PER_MINUTE / 4, windowMs: 15_000 };
/** Until both connections send; the rate counts from then. */
const RUN_UP_MS = 3_000;

jest.setTimeout(MINUTES * 60_000 + 120_000);

let stand: Stand;
let workers: Program[] = [];
beforeAll(async () => {
  // One after the other: a stand that nobody knows of, because the build failed beside it, would keep jest from ending.
  await buildPrograms();
  stand = await startStand({ worker: false });
  workers = [startProgram('worker.js', stand), startProgram('worker.js', stand)];
  await Promise.all(workers.map((worker) => worker.logged('worker runs')));
});
afterAll(async () => {
  for (const worker of workers) worker.child.kill('SIGKILL');
  await Promise.all(workers.map((worker) => worker.ended));
  await stand.stop();
});

test('the limit of one client holds over both channels and two worker processes, and is used to 95 %', async () => {
  stand.increff.setState({ accounts: [INCREFF_LOGIN], rateLimit: WINDOW });
  const connections = [
    await addIncreff(stand, 3_001, 'increff-oms', { batchSize: 1 }),
    await addIncreff(stand, 3_002, 'increff-assure', { batchSize: 1 }),
  ];
  const lines = Math.ceil((MINUTES + 0.2) * ALLOWED_PER_MINUTE);
  const stock = Object.fromEntries(Array.from({ length: lines }, (_, index) => [`SKU${index}`, index + 1]));
  for (const connection of connections) await connection.send(stock);
  await delay(RUN_UP_MS);
  const counted = () => stand.increff.log().filter((entry) => entry.status === 200).length;
  const [before, beganAtMs] = [counted(), performance.now()];
  await delay(MINUTES * 60_000 - RUN_UP_MS);
  const perMinute = (counted() - before) / ((performance.now() - beganAtMs) / 60_000);
  expect(stand.increff.state().violations.rateLimit).toBe(0);
  expect(perMinute).toBeGreaterThanOrEqual(0.95 * ALLOWED_PER_MINUTE);
  for (const connection of connections) expect(connection.calls().length).toBeGreaterThan(0);
});
