import { createCreditStore } from '../../src/store/credits';
import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

/** An account that gets back so little that the time a test takes does not count. */
const learn = (key: string, left: number) => stores.credits.learn(key, { left, max: 100, perSecond: 0.001 });
/** As if so much time had passed since the credits were counted. */
const letPass = (key: string, ms: number) =>
  stores.db.change('UPDATE credits SET countedAtMs = countedAtMs - ? WHERE gateKey = ?', [ms, key]);

it('knows nothing before the channel was asked', async () => {
  expect(await stores.credits.reserve('new', 1, 0)).toEqual({ unknown: true });
});

it('hands out what is there, over several processes, and no more', async () => {
  const other = stores.openPool();
  await stores.credits.learn('shared', { left: 90, max: 100, perSecond: 0.001 });
  const processes = [stores.credits, createCreditStore(other)];
  const passes = await Promise.all(
    Array.from({ length: 12 }, (_, index) => (processes[index % 2] ?? stores.credits).reserve('shared', 10, 1_000)),
  );
  expect(passes.filter((pass) => 'reserved' in pass && pass.reserved && pass.waitMs === 0)).toHaveLength(9);
  expect(passes.filter((pass) => 'reserved' in pass && !pass.reserved)).toHaveLength(3);
  await other.close();
});

it('reserves what comes back within the wait, one caller after the other', async () => {
  await learn('queue', 0);
  const waits = [];
  for (let caller = 0; caller < 3; caller++) {
    const pass = await stores.credits.reserve('queue', 10, 100_000_000);
    waits.push('waitMs' in pass ? pass.waitMs : Number.NaN);
  }
  // Ten million ms each at a thousandth of a credit a second.
  const millions = waits.map((wait) => Math.round(wait / 1_000_000));
  expect(millions).toEqual([10, 20, 30]);
});

it('gets back what comes back with time, and never more than it counts on', async () => {
  await stores.credits.learn('regained', { left: 0, max: 100, perSecond: 5 });
  expect(await stores.credits.reserve('regained', 90, 0)).toMatchObject({ reserved: false });
  await letPass('regained', 7_000);
  expect(await stores.credits.reserve('regained', 30, 0)).toEqual({ waitMs: 0, reserved: true });
  // An hour brings back 18,000, of which an account of 100 keeps 90: the rest is the margin.
  await letPass('regained', 3_600_000);
  expect(await stores.credits.reserve('regained', 90, 0)).toEqual({ waitMs: 0, reserved: true });
  expect(await stores.credits.reserve('regained', 90, 0)).toMatchObject({ reserved: false });
});

it('says what can never be had, and lets pass what takes nearly all', async () => {
  await learn('large', 100);
  expect(await stores.credits.reserve('large', 101, 60_000)).toEqual({ impossible: true, max: 100 });
  expect(await stores.credits.reserve('large', 100, 0)).toEqual({ waitMs: 0, reserved: true });
});

it('does not believe a reading that is higher than what it counted itself', async () => {
  await learn('reading', 50);
  await stores.credits.reserve('reading', 40, 0);
  await learn('reading', 50);
  expect(await stores.credits.reserve('reading', 30, 0)).toMatchObject({ reserved: false });
  await learn('reading', 0);
  expect(await stores.credits.reserve('reading', 9, 0)).toMatchObject({ reserved: false });
});

it('asks again when somebody doubts the count, and then only one of the callers', async () => {
  await learn('doubted', 50);
  await stores.credits.doubt('doubted');
  expect(await stores.credits.reserve('doubted', 1, 0)).toEqual({ unknown: true });
  expect(await stores.credits.reserve('doubted', 1, 0)).toEqual({ waitMs: 0, reserved: true });
});

it('gives back what was reserved and not paid, and takes what was paid above that', async () => {
  await learn('corrected', 50);
  await stores.credits.reserve('corrected', 40, 0);
  await stores.credits.correct('corrected', 36);
  expect(await stores.credits.reserve('corrected', 46, 0)).toEqual({ waitMs: 0, reserved: true });
  await stores.credits.correct('corrected', 20);
  await stores.credits.correct('corrected', -15);
  expect(await stores.credits.reserve('corrected', 6, 0)).toMatchObject({ reserved: false });
  expect(await stores.credits.reserve('corrected', 5, 0)).toEqual({ waitMs: 0, reserved: true });
});

it('never counts more than there can be, whatever is given back', async () => {
  await learn('brimful', 100);
  await stores.credits.correct('brimful', 500);
  expect(await stores.credits.reserve('brimful', 90, 0)).toMatchObject({ reserved: true, waitMs: 0 });
  expect(await stores.credits.reserve('brimful', 20, 0)).toMatchObject({ reserved: false });
});
