import { createGateStore, type GatePass } from '../../src/store/gates';
import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

it('spaces the callers of several processes evenly', async () => {
  const other = stores.openPool();
  const gates = [stores.gates, createGateStore(other)];
  const passes = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (gates[index % 2] ?? stores.gates).reserve('spaced', 60_000, 3_600_000)),
  );
  expect(passes.every((pass) => pass.reserved)).toBe(true);
  const slots = passes.map((pass) => pass.slotAtMs ?? Number.NaN).sort((a, b) => a - b);
  expect(slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0))).toEqual(Array(9).fill(60_000));
  expect(passes.filter((pass) => pass.waitMs === 0)).toHaveLength(1);
  await other.close();
});

it('reserves nothing that is further off than the caller can wait', async () => {
  const first = await stores.gates.reserve('far', 5_000_000, 8_000_000);
  const second = await stores.gates.reserve('far', 5_000_000, 8_000_000);
  const third = await stores.gates.reserve('far', 5_000_000, 8_000_000);
  const fourth = await stores.gates.reserve('far', 5_000_000, 8_000_000);
  expect([first, second, third, fourth].map((pass: GatePass) => pass.reserved)).toEqual([true, true, false, false]);
  expect(Math.abs(third.waitMs - fourth.waitMs)).toBeLessThan(1_000_000);
});

it('lets nobody pass while the channel asked for a rest, and everybody afterwards', async () => {
  for (const intervalMs of [0, 10]) {
    const key = `held-${intervalMs}`;
    await stores.gates.hold(key, 400_000);
    const held = await stores.gates.reserve(key, intervalMs, 60_000);
    expect(held.reserved).toBe(false);
    expect(held.waitMs).toBeGreaterThan(0);
    expect(held.waitMs).toBeLessThanOrEqual(400_000);
    // As if so much time had passed.
    await stores.db.change('UPDATE gates SET heldUntilMs = heldUntilMs - 400000 WHERE gateKey = ?', [key]);
    expect(await stores.gates.reserve(key, intervalMs, 60_000)).toMatchObject({ waitMs: 0, reserved: true });
  }
});

it('never shortens a rest', async () => {
  await stores.gates.hold('long', 6_000_000);
  await stores.gates.hold('long', 1_000);
  expect((await stores.gates.reserve('long', 0, 0)).waitMs).toBeGreaterThan(5_000_000);
});

it('does not limit what has no limit, and keeps keys apart', async () => {
  for (let call = 0; call < 5; call++)
    expect(await stores.gates.reserve('unlimited', 0, 0)).toEqual({ waitMs: 0, reserved: true });
  await stores.gates.reserve('one', 60_000, 60_000);
  expect(await stores.gates.reserve('two', 60_000, 60_000)).toMatchObject({ waitMs: 0, reserved: true });
});

describe('a slot that was reserved ahead', () => {
  it('belongs to whoever comes back for it, and moves nobody else', async () => {
    await stores.gates.reserve('ahead', 30_000, 600_000);
    const { slotAtMs, waitMs } = await stores.gates.reserve('ahead', 30_000, 600_000);
    expect(waitMs).toBeGreaterThan(0);
    const again = await stores.gates.reserve('ahead', 30_000, 600_000, slotAtMs);
    expect(again).toMatchObject({ reserved: true, slotAtMs });
    const next = await stores.gates.reserve('ahead', 30_000, 600_000);
    expect((next.slotAtMs ?? 0) - (slotAtMs ?? 0)).toBe(30_000);
  });

  it('is lost to whoever comes too late, and the next one is given', async () => {
    const first = await stores.gates.reserve('late', 30_000, 600_000);
    const late = await stores.gates.reserve('late', 30_000, 600_000, (first.slotAtMs ?? 0) - 60_000);
    expect((late.slotAtMs ?? 0) - (first.slotAtMs ?? 0)).toBe(30_000);
  });

  it('is no way past a pause that the channel asked for', async () => {
    const { slotAtMs } = await stores.gates.reserve('paused', 30_000, 600_000);
    await stores.gates.hold('paused', 60_000);
    expect(await stores.gates.reserve('paused', 30_000, 600_000, slotAtMs)).toMatchObject({ reserved: false });
  });
});
