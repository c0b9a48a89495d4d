import { setTimeout as sleep } from 'node:timers/promises';
import { postOf } from './bodies';
import type { TwinCall } from './check/recorded';
import type { KeptProgram } from './kept-program';
import { makeLoad, type SoakEvent, type StockEvent } from './load';
import { untilQuiet } from './quiet';
import { startSending } from './sender';
import { type SoakStand, type SoakStandOptions, withSoakStand } from './soak-stand';
import { prepareTwins } from './tenancy';
import { CONNECTIONS, lineOfTwinKey, listingNameOf } from './tenants';

/** Stock events a second while a worker goes: far below what the stand takes, so that nothing but the worker is waited for. */
const STEADY_PER_SECOND = 10;
const ROUND_SECONDS = 20;
const WORKER_GOES_AFTER_MS = 5_000;
const WORKER_AWAY_MS = 10_000;
const QUIET_WITHIN_MS = 600_000;
const POLL_MS = 100;
/** Later than whatever the load before says of itself. */
const STEADY_SINCE_SECONDS = 10_000_000;

const STEADY_CONNECTIONS = CONNECTIONS.filter(({ channel, weight }) => channel === 'ajio' && weight > 0);

/** What a stand without faults came to. */
export interface Figures {
  events: number;
  /** From the first post until nothing was left to do. */
  seconds: number;
  eventsPerSecond: number;
  /** The longest time from an event's post to its answer from the channel, in milliseconds, by what was done to one of two workers. */
  worstMs: Record<'nothing' | 'stopped' | 'killed', number>;
}

/** Everything that can be delivered: what waits for a person is no question of speed. */
function calmLoad(seed: number, events: number) {
  const load = makeLoad({ seed, events, mix: { orders: 0.05, unusable: 0, repeated: 0 } });
  const calm = (event: SoakEvent): SoakEvent => {
    if (event.kind === 'order') return { ...event, isPacked: false };
    return event.kind === 'stock' ? { ...event, badListing: null } : event;
  };
  return { ...load, events: load.events.map(calm) };
}

function steadyEvent(number: number): StockEvent {
  const connection = STEADY_CONNECTIONS[number % STEADY_CONNECTIONS.length];
  if (!connection) throw new RangeError('there is no connection to send for');
  const listing = Math.floor(number / STEADY_CONNECTIONS.length) % connection.listings;
  return {
    ...{ kind: 'stock', number, connectionId: connection.id, messageId: `steady-${number}` },
    ...{ publishedAtSeconds: STEADY_SINCE_SECONDS + number, listings: [listing], zeros: [], badListing: null },
  };
}

/** When the channel had answered what says at least as much as the event; undefined when it never did. */
function deliveredMs(event: StockEvent, calls: readonly TwinCall[]): number | undefined {
  const [number = 0] = event.listings;
  const connection = STEADY_CONNECTIONS.find(({ id }) => id === event.connectionId);
  const listing = connection && listingNameOf(connection, number);
  const call = calls.find(({ status, applied }) =>
    applied.some(
      ({ key, quantity }) =>
        status === 200 && lineOfTwinKey(key)?.listing === listing && quantity !== null && quantity > event.number,
    ),
  );
  return call && call.atMs + (call.durationMs ?? 0);
}

async function untilReady({ programs }: SoakStand): Promise<void> {
  for (const url of Object.values(programs.metricsUrls)) {
    const isReady = () =>
      fetch(url.replace(/metrics$/, 'readyz')).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) await sleep(POLL_MS);
  }
}

async function untilRest({ stores }: SoakStand): Promise<number> {
  const quietAtMs = await untilQuiet(stores.db, { withinMs: QUIET_WITHIN_MS, onLook: () => undefined });
  if (quietAtMs === null) throw new Error('the stand did not come to rest: something is left to do');
  return quietAtMs;
}

/** Sends one event after the other while `disturb` has its way; the longest delivery. */
async function worstOf(stand: SoakStand, first: number, disturb: () => Promise<void>): Promise<number> {
  const { programs, twins, keys } = stand;
  await untilReady(stand);
  const sent: { event: StockEvent; atMs: number }[] = [];
  const startedMs = Date.now();
  const disturbed = sleep(WORKER_GOES_AFTER_MS).then(disturb);
  const posts: Promise<void>[] = [];
  for (let index = 0; index < ROUND_SECONDS * STEADY_PER_SECOND; index += 1) {
    await sleep(startedMs + (index * 1_000) / STEADY_PER_SECOND - Date.now());
    const event = steadyEvent(first + index);
    const { path, accountSlug, body } = postOf(event);
    sent.push({ event, atMs: Date.now() });
    const post = fetch(`${programs.gatewayUrls[index % programs.gatewayUrls.length]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': keys[accountSlug] ?? '' },
      body: JSON.stringify(body),
    });
    posts.push(
      post.then(({ status }) => {
        if (status !== 202) throw new Error(`an event was answered ${status}`);
      }),
    );
  }
  await Promise.all([...posts, disturbed]);
  await untilRest(stand);
  const { calls } = await twins.record('ajio');
  const waits = sent.map(({ event, atMs }) => (deliveredMs(event, calls) ?? Number.POSITIVE_INFINITY) - atMs);
  return Math.max(...waits);
}

/** How fast a stand without faults is, and how long events wait when one of its two workers goes. */
export const measure = (options: SoakStandOptions & { events: number }): Promise<Figures> =>
  withSoakStand(options, async (stand) => {
    const { programs, twins, keys } = stand;
    const { seed, events, log } = options;
    const load = calmLoad(seed, events);
    await prepareTwins(twins, load);
    await untilReady(stand);
    const startedMs = Date.now();
    const { gatewayUrls } = programs;
    const onRefusal = (text: string) => log(`refused: ${text}`);
    await startSending({ load, gatewayUrls, keys, perSecond: Number.POSITIVE_INFINITY, onRefusal }).done;
    log(`${events} events are stored`);
    const seconds = ((await untilRest(stand)) - startedMs) / 1_000;
    log(`and delivered after ${seconds.toFixed(1)} s`);

    const worker = (): KeptProgram => {
      const [one] = programs.workers;
      if (!one) throw new RangeError('there is no worker');
      return one;
    };
    const round = ROUND_SECONDS * STEADY_PER_SECOND;
    const worstMs = {
      nothing: await worstOf(stand, events, async () => undefined),
      stopped: await worstOf(stand, events + round, () => worker().kill(WORKER_AWAY_MS, 'SIGTERM')),
      killed: await worstOf(stand, events + 2 * round, () => worker().kill(WORKER_AWAY_MS)),
    };
    return { events, seconds, eventsPerSecond: events / seconds, worstMs };
  });

/** The figures as lines for people. */
export const figureLines = ({ events, seconds, eventsPerSecond, worstMs }: Figures): string[] => [
  `${events.toLocaleString('en')} events end to end in ${seconds.toFixed(1)} s: ${eventsPerSecond.toFixed(0)} a second`,
  `worst of ${ROUND_SECONDS * STEADY_PER_SECOND} stock events, ${STEADY_PER_SECOND} a second, with two workers: ${worstMs.nothing.toFixed(0)} ms`,
  `the same when one of them is stopped: ${worstMs.stopped.toFixed(0)} ms`,
  `the same when one of them is killed: ${worstMs.killed.toFixed(0)} ms`,
];
