import { setTimeout as delay } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createTokenActivities, type RefreshAccessTokenInput } from '../../src/activities/tokens';
import { connectorFor } from '../../src/connectors/registry';
import type { TokenRefresh } from '../../src/store/connection-tokens';
import { openStores } from '../../src/store/stores';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually, ROUNDING_MS } from '../stand/waiting';
import { buildPrograms, type Program, patient, startProgram } from './programs';

// How hard it storms; `STORM=full` is what docs/reliability.md tells.
const FULL = process.env.STORM === 'full';
const CALLS = FULL ? 1_000 : 150;
const OUTAGE_MS = FULL ? 60_000 : 8_000;

if (FULL) jest.setTimeout(1_200_000);
/** Calls of one connection that may be on the wire together. */
const LANES = 4;

let scene: Scene;
const workers: Program[] = [];
const figures: Record<string, unknown> = {};

async function startWorker(changes: Record<string, string> = {}): Promise<Program> {
  const worker = startProgram('worker.js', scene.stand, changes);
  workers.push(worker);
  await worker.logged('worker runs');
  return worker;
}
/** As many as there are in the tests of two processes. */
const startWorkers = async (): Promise<void> => {
  while (workers.length < 2) await startWorker(patient());
};
const end = async (worker: Program, signal: NodeJS.Signals): Promise<void> => {
  worker.child.kill(signal);
  await worker.ended;
};

beforeAll(async () => {
  await buildPrograms();
  scene = await startScene({ worker: false });
});
afterAll(async () => {
  for (const worker of workers)
    if (worker.child.exitCode === null && worker.child.signalCode === null) await end(worker, 'SIGKILL');
  await scene.stop();
  if (FULL) console.log(JSON.stringify(figures, null, 2));
});

test(`${CALLS} calls that meet 401 in two processes cause one login`, async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('storm-401');
  const orders = Array.from({ length: CALLS }, (_, index) => `STORM-${index}`);
  const refusals = () => orders.flatMap((number) => see.cancels(number)).filter(({ status }) => status === 401).length;
  await startWorkers();
  await stand.stores.db.change("UPDATE connections SET accessToken = 'dead' WHERE id = ?", [tenant.connectionId]);
  // Calls are refused until the login has answered, and it does not before there were enough of them.
  stand.ajio.setFaults([{ kind: 'hold', on: { path: '/authToken' } }]);
  const refusing = eventually('many calls are refused', () => (refusals() > (FULL ? 300 : 10) ? true : undefined));
  const sending = (async () => {
    for (const orderNumber of orders) await send.order(tenant, { orderNumber });
  })();
  await Promise.all([refusing.then(() => stand.ajio.clearFaults()), sending]);
  await eventually('every order is cancelled', () =>
    // An attempt that was lost on a busy machine has called already.
    orders.every((number) => see.wmsCancels(number).some(({ status }) => status === 200)) ? true : undefined,
  );
  const refused = refusals();
  figures['calls that met 401'] = refused;
  figures.logins = see.logins(tenant).length;
  // A login whose worker had no time to say that it is alive is cut off, and another one comes in its place.
  expect(see.logins(tenant).filter(({ status }) => status !== null)).toHaveLength(1);
  expect(refused).toBeLessThanOrEqual(CALLS);
});

test('1,000 refusals of one token at once, over two pools and caches, cause one login', async () => {
  const { stand } = scene;
  const tenant = await scene.tenants.add('storm-refresh');
  const { connectionId } = tenant;
  stand.ajio.setFaults([{ kind: 'delay', ms: 500, on: { path: '/authToken' } }]);
  const processes = [0, 1].map(() => {
    const stores = openStores({ mysqlUrl: stand.mysqlUrl, credentialsKey: Buffer.alloc(32, 7) });
    const deps = { ...stores, connectorFor, context: stand.context, onLogin: () => undefined };
    return { stores, ...createTokenActivities(deps) };
  });
  const refreshes = await Promise.all(
    Array.from({ length: 500 }, () => processes)
      .flat()
      .map(({ refreshAccessToken }) =>
        new MockActivityEnvironment().run<[RefreshAccessTokenInput], TokenRefresh, typeof refreshAccessToken>(
          refreshAccessToken,
          { connectionId, rejectedGeneration: 0 },
        ),
      ),
  );
  for (const { stores } of processes) await stores.close();
  expect(scene.see.logins(tenant)).toHaveLength(1);
  expect(new Set(refreshes.map(({ generation }) => generation)).size).toBe(1);
  expect(refreshes.filter(({ refreshed }) => refreshed)).toHaveLength(1);
});

/** Whole seconds, as the header has them; set when the event goes out. */
const DATE = new Date(0);
const ONE_HOUR_MS = 3_600_000;
/** What `Retry-After` may say, and how long nothing may leave then. */
const RETRY_AFTER: [name: string, value: (() => string) | undefined, waitMs: number][] = [
  ['seconds', () => '4', 4_000],
  ['a date', () => DATE.toUTCString(), 4_000],
  ['nothing', undefined, 30_000],
  ['garbage', () => 'soon', 30_000],
  ['one hour', () => '3600', ONE_HOUR_MS],
];

describe('429', () => {
  const tenants: Record<string, Tenant> = {};
  const heldUntilMs: Record<string, number> = {};
  const watchMs = FULL ? 35_000 : 6_000;
  beforeAll(async () => {
    await startWorkers();
    const stock = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`V${index}`, 5]));
    // One after the other: a lane that stands for ten seconds is given up.
    for (const [name, value] of RETRY_AFTER) {
      const slug = `storm-429-${name.replaceAll(' ', '-')}`;
      const tenant = await scene.tenants.add(slug, { settings: { batchSize: 1 } });
      tenants[name] = tenant;
      const on = { account: slug };
      if (name === 'a date') DATE.setTime(Math.ceil((Date.now() + 4_000) / 1_000) * 1_000);
      scene.stand.ajio.setFaults([
        // The first answer opens all lanes. They are on their way when the next one comes, and the others stand until a worker has read it.
        { kind: 'hold', after: 1, until: LANES, on },
        { kind: 'hold', after: 2, on },
        { kind: 'throttle', after: 1, times: 1, on, ...(value ? { retryAfter: value() } : {}) },
      ]);
      await scene.send.stock(tenant, { messageId: 'm1', stock });
      heldUntilMs[name] = await eventually(`${name} is held`, () => scene.see.heldUntilMs(tenant));
      scene.stand.ajio.clearFaults();
    }
    await delay(watchMs);
  });

  test.each(RETRY_AFTER)('with %s: no request of the connection before it has passed', async (name, _value, waitMs) => {
    const { see } = scene;
    const tenant = tenants[name];
    if (!tenant) throw new Error(`${name} has no tenant`);
    const [first, ...others] = await eventually('the lanes are answered', () => {
      const calls = see.stockCalls(tenant).slice(1, 1 + LANES);
      return calls.length === LANES && calls.every(({ status }) => status !== null) ? calls : undefined;
    });
    const endsAtMs = heldUntilMs[name] ?? Number.NaN;
    expect([first?.status, ...others.map(({ status }) => status)]).toEqual([429, 200, 200, 200]);
    const askedUntilMs = name === 'a date' ? DATE.getTime() : (first?.atMs ?? Number.NaN) + waitMs;
    expect(endsAtMs).toBeGreaterThanOrEqual(askedUntilMs);
    const early = () =>
      see.stockCalls(tenant).filter(({ atMs }, index) => index > LANES && atMs < endsAtMs - ROUNDING_MS);
    expect(early()).toEqual([]);
    if (waitMs > watchMs) return;
    await eventually('all is delivered', () => (Object.keys(see.shownStock(tenant)).length === 12 ? true : undefined));
    expect(early()).toEqual([]);
  });

  test('of one connection does not slow another one', async () => {
    const { see, send, stand } = scene;
    const quick = await scene.tenants.add('storm-quick');
    const slow = await scene.tenants.add('storm-slow', { settings: { batchSize: 1, maxConcurrentPushes: 10 } });
    let event = 0;
    /** How long 20 events take from their being sent to the channel's showing them, sorted. */
    const latencies = async (): Promise<number[]> => {
      const all: number[] = [];
      for (let round = 0; round < 20; round++) {
        event += 1;
        const value = event;
        const startMs = Date.now();
        await send.stock(quick, {
          messageId: `q${value}`,
          stock: { V1: value },
          publishedAt: `2025-01-10 10:${String(Math.floor(value / 60)).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`,
        });
        await eventually('it is shown', () => (see.shownStock(quick).V1 === value ? true : undefined));
        all.push(Date.now() - startMs);
      }
      return all.sort((a, b) => a - b);
    };
    // The first ones find everything cold.
    await latencies();
    const alone = await latencies();
    stand.ajio.setFaults([{ kind: 'throttle', retryAfter: '5', on: { account: slow.slug } }]);
    await send.stock(slow, {
      messageId: 's1',
      stock: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`S${i}`, 1])),
    });
    await eventually('the throttled one has begun', () => see.stockCalls(slow).length > 0);
    const beside = await latencies();
    figures['latency alone, worst of 20, ms'] = alone.at(-1);
    figures['latency beside a throttled connection, worst of 20, ms'] = beside.at(-1);
    // All of them passed while the other one stood.
    expect(see.shownStock(slow)).toEqual({});
    // What takes longer on a loaded machine is judged where nothing else runs.
    if (FULL) expect(beside[10] ?? Number.NaN).toBeLessThanOrEqual(1.5 * (alone[10] ?? 0) + 50);
  });
});

test(`an outage of ${OUTAGE_MS / 1_000} s: few probes, and then everything at the allowed rate`, async () => {
  await startWorkers();
  const { see, send, stand } = scene;
  const lines = FULL ? 3_000 : 600;
  const perMinute = 600;
  const batchSize = 10;
  const tenant = await scene.tenants.add('storm-outage', { settings: { batchSize, requestsPerMinute: perMinute } });
  stand.ajio.setFaults([{ kind: 'status', status: 503, on: { account: tenant.slug } }]);
  const stock = Object.fromEntries(Array.from({ length: lines }, (_, index) => [`V${index}`, index % 50]));
  const startMs = Date.now();
  await send.stock(tenant, { messageId: 'm1', stock });
  await delay(OUTAGE_MS);
  const probes = see.stockCalls(tenant).length;
  const outageMs = Date.now() - startMs;
  stand.ajio.clearFaults();
  await eventually('all is delivered', () => (Object.keys(see.shownStock(tenant)).length === lines ? true : undefined));
  const delivered = see.stockCalls(tenant).filter(({ status }) => status === 200);
  const drainMs = (delivered.at(-1)?.atMs ?? 0) - (delivered[0]?.atMs ?? 0);
  // Three attempts of four pushes, then again every 30 s.
  const rounds = 1 + Math.floor(outageMs / 30_000);
  figures['calls in the outage'] = probes;
  figures['first delivery after the outage, ms'] = (delivered[0]?.atMs ?? 0) - startMs - OUTAGE_MS;
  figures['drain, ms'] = drainMs;
  figures['listings ÷ rate, ms'] = (lines / batchSize / perMinute) * 60_000;
  expect(probes).toBeLessThanOrEqual(rounds * 3 * LANES);
  if (FULL) expect(drainMs).toBeLessThanOrEqual(1.3 * (lines / batchSize / perMinute) * 60_000);
  expect(see.shownStock(tenant)).toEqual(stock);
});

test('a worker that dies between the login and the storing of its token causes one more login, and no loop', async () => {
  const { see, send, stand } = scene;
  for (const worker of workers.splice(0)) await end(worker, 'SIGTERM');
  const doomed = await startWorker();
  const tenant = await scene.tenants.add('storm-killed', { tokens: 'none' });
  stand.ajio.setFaults([{ kind: 'hang-after-applying', times: 1, on: { path: '/authToken' } }]);
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 1, V2: 2 } });
  await eventually('the token was issued', () => (see.logins(tenant).length > 0 ? true : undefined));
  await end(doomed, 'SIGKILL');
  const killedAtMs = Date.now();
  await startWorker();
  await eventually('it is delivered', () => (see.shownStock(tenant).V2 === 2 ? true : undefined));
  figures['delivered after the kill in a login, ms'] = Date.now() - killedAtMs;
  expect(see.logins(tenant).map(({ at, status }) => [at, status])).toHaveLength(2);
});
