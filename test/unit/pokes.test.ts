import { setTimeout as delay } from 'node:timers/promises';
import { createPokes } from '../../src/starter/pokes';

const SPACING_MS = 250;

/** A dispatch that remembers when it was called and takes `callMs` for each call. */
function slowDispatch(callMs: number, fails = false) {
  const calls: { what: string; atMs: number }[] = [];
  const running = new Map<string, number>();
  let mostOfOne = 0;
  const call = async (what: string) => {
    calls.push({ what, atMs: performance.now() });
    running.set(what, (running.get(what) ?? 0) + 1);
    mostOfOne = Math.max(mostOfOne, running.get(what) ?? 0);
    await delay(callMs);
    running.set(what, (running.get(what) ?? 0) - 1);
    if (fails) throw new Error('Temporal is away');
  };
  return {
    calls,
    mostOfOne: () => mostOfOne,
    of: (what: string) => calls.filter((one) => one.what === what),
    dispatch: {
      pokeInventorySync: (connectionId: number) => call(`sync ${connectionId}`),
      startOrder: (orderId: string) => call(`order ${orderId}`),
      startImport: (syncId: string) => call(`import ${syncId}`),
    },
  };
}

const neverLost = (what: string): void => {
  throw new Error(`${what} was lost`);
};

it('makes one poke at once and one afterwards out of a burst, never two of a connection at a time', async () => {
  const { dispatch, of, mostOfOne } = slowDispatch(20);
  const pokes = createPokes(dispatch, neverLost);
  for (let round = 0; round < 1_000; round++) pokes.poke(1);
  pokes.poke(2);
  await delay(20 + SPACING_MS + 200);
  const first = of('sync 1');
  expect(first).toHaveLength(2);
  expect((first[1]?.atMs ?? 0) - (first[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(SPACING_MS);
  expect(of('sync 2')).toHaveLength(1);
  expect(mostOfOne()).toBe(1);
});

it('pokes again for news that arrive while a poke is on its way', async () => {
  const { dispatch, of } = slowDispatch(60);
  const pokes = createPokes(dispatch, neverLost);
  pokes.poke(1);
  await delay(30);
  pokes.poke(1);
  await delay(60 + SPACING_MS + 150);
  expect(of('sync 1')).toHaveLength(2);
});

it('sends what still waits when it is drained, once, and waits for what is in flight', async () => {
  const { dispatch, calls, of } = slowDispatch(50);
  const pokes = createPokes(dispatch, neverLost);
  pokes.poke(1);
  pokes.poke(1);
  pokes.poke(2);
  pokes.startOrder('A');
  pokes.startImport('B');
  const startedMs = performance.now();
  await pokes.drain();
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(45);
  expect(of('sync 1')).toHaveLength(2);
  expect(of('sync 2')).toHaveLength(1);
  expect(of('order A')).toHaveLength(1);
  expect(of('import B')).toHaveLength(1);
  await delay(SPACING_MS + 150);
  expect(calls).toHaveLength(5);
});

it('tells of a poke that failed and goes on', async () => {
  const { dispatch, calls } = slowDispatch(1, true);
  const lost: string[] = [];
  const pokes = createPokes(dispatch, (what) => void lost.push(what));
  pokes.poke(1);
  pokes.startOrder('A');
  pokes.startImport('B');
  await pokes.drain();
  expect(lost.sort()).toEqual(['import B', 'inventory sync of connection 1', 'order A']);
  await delay(SPACING_MS + 50);
  pokes.poke(1);
  await pokes.drain();
  expect(calls).toHaveLength(4);
});
