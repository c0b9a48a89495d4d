import { leave, leaveAll } from './lanes';
import { draft, levelOf, linesOf, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

/** Sends everything as a channel does that refuses a request for one line at fault; returns calls and what was accepted. */
async function deliver(connectionId: number, isBad: (listing: string) => boolean, batchSize: number) {
  const calls: string[][] = [];
  const verdicts = new Map<string, string>();
  let givenUp = 0;
  for (;;) {
    const start = await leave(stores.pushes, { connectionId, batchSize });
    if (!start) return { calls, verdicts, givenUp };
    {
      const { pushId } = start;
      calls.push(start.lines.map(({ listing }) => listing));
      const isRefused = start.lines.some(({ listing }) => isBad(listing));
      if (isRefused && (await stores.pushes.halve(pushId, start.attempt, 'BAD_DATA'))) continue;
      if (isRefused && start.lines.length > 1) givenUp += start.lines.length;
      const said = start.lines.map(({ listing }) =>
        isRefused
          ? { listing, verdict: 'rejected' as const, message: 'BAD_DATA' }
          : { listing, verdict: 'accepted' as const },
      );
      for (const { listing, verdict } of said) verdicts.set(listing, verdict);
      await stores.pushes.settle(pushId, start.attempt, start.lines, said, Date.now());
    }
  }
}

let connectionId = 100;
async function wanting(count: number): Promise<string[]> {
  connectionId += 1;
  const listings = Array.from({ length: count }, (_, index) => `L${String(index).padStart(4, '0')}`);
  await stores.store(
    draft(linesOf(...listings.map((listing, index) => [listing, index % 7] as const)), { connectionId }),
  );
  return listings;
}

it.each([2, 3, 17, 100, 300])(
  'finds one bad line among %i in at most 2·⌈log2 n⌉ + 2 extra calls, and delivers the others',
  async (count) => {
    for (const at of [0, Math.floor(count / 3), count - 1]) {
      const listings = await wanting(count);
      const bad = listings[at];
      const { calls, verdicts } = await deliver(connectionId, (listing) => listing === bad, 300);
      expect(calls.length - 1).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(count)) + 2);
      expect([...verdicts].filter(([, verdict]) => verdict === 'rejected')).toEqual([[bad, 'rejected']]);
      expect(verdicts.size).toBe(count);
      for (const listing of listings)
        expect((await levelOf(stores, listing, connectionId))?.state).toBe(listing === bad ? 'rejected' : 'clean');
    }
  },
);

it('finds several bad lines and refuses no other for their sake', async () => {
  const listings = await wanting(300);
  const bad = new Set([3, 4, 77, 150, 151, 299].map((index) => listings[index]));
  const { verdicts } = await deliver(connectionId, (listing) => bad.has(listing), 300);
  for (const [listing, verdict] of verdicts) expect(verdict).toBe(bad.has(listing) ? 'rejected' : 'accepted');
  expect(verdicts.size).toBe(300);
});

it('gives up when nothing at all is accepted, instead of asking for every line', async () => {
  await wanting(300);
  const { calls, verdicts, givenUp } = await deliver(connectionId, () => true, 300);
  expect(calls.length).toBeLessThanOrEqual(60);
  expect(givenUp).toBeGreaterThan(0);
  expect(new Set(verdicts.values())).toEqual(new Set(['rejected']));
  expect(verdicts.size).toBe(300);
});

it('sends zero stock first within the halves too', async () => {
  const listings = await wanting(40);
  const { calls } = await deliver(connectionId, (listing) => listing === listings[39], 40);
  const zeros = calls.map((call) => call.filter((listing) => Number(listing.slice(1)) % 7 === 0).length);
  expect(zeros.slice(0, 3)).toEqual([6, 6, 0]);
});

it('leaves an attempt that was overtaken to the one that overtook it', async () => {
  await wanting(4);
  const first = await leave(stores.pushes, { connectionId, batchSize: 300 });
  const pushId = first?.pushId ?? '';
  const second = await leave(stores.pushes, { connectionId, batchSize: 300, pushId });
  if (!first || !second) throw new Error('the push is closed');
  expect(await stores.pushes.halve(pushId, first.attempt, 'BAD_DATA')).toBe(true);
  expect(await leaveAll(stores.pushes, { connectionId, batchSize: 300 })).toEqual([]);
  expect(await stores.pushes.halve(pushId, second.attempt, 'BAD_DATA')).toBe(true);
  const halves = await leaveAll(stores.pushes, { connectionId, batchSize: 300 });
  // The one at zero by itself.
  expect(halves.map(({ lines }) => lines.length)).toEqual([1, 3]);
});
