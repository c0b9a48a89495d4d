import { createPokes } from '../../src/starter/pokes';

/** Far beyond the pause between two pokes of a connection. */
const LONG_MS = 60_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A dispatch that remembers what it was called for, and whose calls end when the test says so. */
function heldDispatch(fails = false) {
  const calls: string[] = [];
  const ends: (() => void)[] = [];
  const running = new Map<string, number>();
  let mostOfOne = 0;
  const call = async (what: string) => {
    calls.push(what);
    running.set(what, (running.get(what) ?? 0) + 1);
    mostOfOne = Math.max(mostOfOne, running.get(what) ?? 0);
    await new Promise<void>((resolve) => ends.push(resolve));
    running.set(what, (running.get(what) ?? 0) - 1);
    if (fails) throw new Error('Temporal is away');
  };
  return {
    calls,
    mostOfOne: () => mostOfOne,
    of: (what: string) => calls.filter((one) => one === what),
    /** Ends every call under way, and lets `passMs` go by. */
    async end(passMs = 0) {
      for (const end of ends.splice(0)) end();
      await jest.advanceTimersByTimeAsync(passMs);
    },
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
  const { dispatch, of, end, mostOfOne } = heldDispatch();
  const pokes = createPokes(dispatch, neverLost);
  for (let round = 0; round < 1_000; round++) pokes.poke(1);
  pokes.poke(2);
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(of('sync 1')).toHaveLength(1);
  await end(249);
  expect(of('sync 1')).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(of('sync 1')).toHaveLength(2);
  await end(LONG_MS);
  expect(of('sync 1')).toHaveLength(2);
  expect(of('sync 2')).toHaveLength(1);
  expect(mostOfOne()).toBe(1);
});

it('pokes again for news that arrive while a poke is on its way', async () => {
  const { dispatch, of, end } = heldDispatch();
  const pokes = createPokes(dispatch, neverLost);
  pokes.poke(1);
  await jest.advanceTimersByTimeAsync(30);
  pokes.poke(1);
  await end(LONG_MS);
  expect(of('sync 1')).toHaveLength(2);
});

it('sends what still waits when it is drained, once, and waits for what is in flight', async () => {
  const { dispatch, calls, of, end } = heldDispatch();
  const pokes = createPokes(dispatch, neverLost);
  pokes.poke(1);
  pokes.poke(1);
  pokes.poke(2);
  pokes.startOrder('A');
  pokes.startImport('B');
  let isDrained = false;
  const draining = pokes.drain().then(() => {
    isDrained = true;
  });
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(isDrained).toBe(false);
  expect(of('sync 1')).toHaveLength(2);
  expect(of('sync 2')).toHaveLength(1);
  expect(of('order A')).toHaveLength(1);
  expect(of('import B')).toHaveLength(1);
  await end();
  await draining;
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(calls).toHaveLength(5);
});

it('tells of a poke that failed and goes on', async () => {
  const { dispatch, calls, end } = heldDispatch(true);
  const lost: string[] = [];
  const pokes = createPokes(dispatch, (what) => void lost.push(what));
  pokes.poke(1);
  pokes.startOrder('A');
  pokes.startImport('B');
  await end();
  await pokes.drain();
  expect(lost.sort()).toEqual(['import B', 'inventory sync of connection 1', 'order A']);
  await jest.advanceTimersByTimeAsync(LONG_MS);
  pokes.poke(1);
  await end();
  await pokes.drain();
  expect(calls).toHaveLength(4);
});
