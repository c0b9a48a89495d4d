import { createEventMoments } from '../../src/starter/event-moment';
import { draft, linesOf, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-11-24T06:40:28.000Z');

let connections = 1_000;
/** A connection of its own, and the gateway's clock at hand; two gateways would each have one. */
function sender(startMs = NOW) {
  connections += 1;
  const connectionId = connections;
  let nowMs = startMs;
  const open = () => createEventMoments({ clocks: stores.eventClocks, now: () => nowMs });
  const gateways = [open(), open()];
  return {
    connectionId,
    /** What the sender's clock shows in a zone at our time, as the WMS writes it. */
    wallClock: (offsetMs: number) => new Date(nowMs + offsetMs).toISOString().slice(0, 19).replace('T', ' '),
    pass(ms: number) {
      nowMs += ms;
    },
    now: () => nowMs,
    async read(publishedAt: string, timeZone: string, gateway = 0) {
      const moment = await gateways[gateway]?.({ publishedAt, connectionId, timeZone, listings: ['L'] });
      if (!moment || 'fault' in moment) throw new Error(moment?.fault ?? 'no gateway');
      return { atMs: moment.publishedAtMs, kinds: moment.warnings.map(({ kind }) => kind), warnings: moment.warnings };
    },
    store: (publishedAtMs: number) => stores.store(draft(linesOf(['L', 1]), { connectionId, publishedAtMs })),
  };
}

const iso = (ms: number) => new Date(ms).toISOString();
const INDIA = 5.5 * HOUR;

describe('an event from the future', () => {
  it('counts as five minutes ahead and is told so, until it is a day', async () => {
    const one = sender();
    expect(await one.read(iso(NOW + 5 * MINUTE), 'UTC')).toEqual({ atMs: NOW + 5 * MINUTE, kinds: [], warnings: [] });
    for (const aheadMs of [5 * MINUTE + 1, 20 * HOUR, 24 * HOUR])
      expect(await one.read(iso(NOW + aheadMs), 'UTC')).toMatchObject({
        atMs: NOW + 5 * MINUTE,
        kinds: ['stamped_ahead'],
      });
    expect((await one.read(iso(NOW + 20 * HOUR), 'UTC')).warnings).toMatchObject([
      { path: 'publishedAt', message: expect.stringContaining('is 20 h ahead: it counts as 5 min ahead') },
    ]);
    await expect(one.read(iso(NOW + 24 * HOUR + 1), 'UTC')).rejects.toThrow('more than a day ahead');
  });

  it('keeps the order in which it came, and gives way to a true time within five minutes', async () => {
    const one = sender();
    const ahead = await one.read(iso(NOW + 20 * HOUR), 'UTC');
    one.pass(1_000);
    const next = await one.read(iso(NOW + 19 * HOUR), 'UTC');
    expect(next.atMs).toBeGreaterThan(ahead.atMs);
    one.pass(5 * MINUTE);
    expect((await one.read(iso(one.now() + 1), 'UTC')).atMs).toBeGreaterThan(next.atMs);
  });
});

describe('the hour that comes twice', () => {
  const ZONE = 'America/New_York';

  it('is read as the one that is now', async () => {
    const one = sender(Date.parse('2026-11-01T05:50:02Z'));
    expect(iso((await one.read('2026-11-01 01:50:00', ZONE)).atMs)).toBe('2026-11-01T05:50:00.000Z');
    one.pass(20 * MINUTE);
    expect(iso((await one.read('2026-11-01 01:10:00', ZONE)).atMs)).toBe('2026-11-01T06:10:00.000Z');
    one.pass(40 * MINUTE);
    expect(iso((await one.read('2026-11-01 01:50:00', ZONE)).atMs)).toBe('2026-11-01T06:50:00.000Z');
  });

  it('goes on after what is known when both are long past', async () => {
    const one = sender();
    for (const [publishedAt, expected] of [
      ['2024-11-03 01:50:00', '2024-11-03T05:50:00.000Z'],
      ['2024-11-03 01:10:00', '2024-11-03T06:10:00.000Z'],
      ['2024-11-03 01:50:00', '2024-11-03T06:50:00.000Z'],
      ['2024-11-03 02:00:00', '2024-11-03T07:00:00.000Z'],
    ] as const) {
      const { atMs } = await one.read(publishedAt, ZONE);
      expect(iso(atMs)).toBe(expected);
      await one.store(atMs);
    }
  });
});

describe('a connection whose time zone is changed', () => {
  it('goes on in the order of the sender, whose clock has not changed (UTC to Asia/Kolkata)', async () => {
    const one = sender();
    const before = await one.read(one.wallClock(0), 'UTC');
    let last = before.atMs;
    for (let event = 0; event < 50; event++) {
      one.pass(10 * MINUTE);
      const { atMs, kinds } = await one.read(one.wallClock(0), 'Asia/Kolkata', event % 2);
      expect(atMs).toBeGreaterThan(last);
      expect(atMs).toBe(one.now());
      expect(kinds).toEqual(['time_zone_changed']);
      last = atMs;
    }
    one.pass(MINUTE);
    expect(await one.read(one.wallClock(0), 'UTC')).toEqual({ atMs: one.now(), kinds: [], warnings: [] });
  });

  it('goes on when the sender has changed its clock as well', async () => {
    const one = sender();
    const before = await one.read(one.wallClock(0), 'UTC');
    one.pass(MINUTE);
    const after = await one.read(one.wallClock(INDIA), 'Asia/Kolkata');
    expect(after).toEqual({ atMs: one.now(), kinds: [], warnings: [] });
    expect(after.atMs).toBeGreaterThan(before.atMs);
  });

  it('goes on when the zone was wrong before, and everything was ahead', async () => {
    const one = sender();
    const before = await one.read(one.wallClock(INDIA), 'UTC');
    expect(before).toMatchObject({ atMs: NOW + 5 * MINUTE, kinds: ['stamped_ahead'] });
    one.pass(5 * MINUTE + 1_000);
    const after = await one.read(one.wallClock(INDIA), 'Asia/Kolkata');
    expect(after).toEqual({ atMs: one.now(), kinds: [], warnings: [] });
    expect(after.atMs).toBeGreaterThan(before.atMs);
  });

  it.each([
    ['whose clock has not changed', INDIA, ['stamped_ahead']],
    ['whose clock has', 0, []],
  ] as const)('goes on in the order of the sender, %s (Asia/Kolkata to UTC)', async (_, offsetMs, kinds) => {
    const one = sender();
    let last = (await one.read(one.wallClock(INDIA), 'Asia/Kolkata')).atMs;
    for (let event = 0; event < 10; event++) {
      one.pass(MINUTE);
      const { atMs, ...told } = await one.read(one.wallClock(offsetMs), 'UTC', event % 2);
      expect(atMs).toBeGreaterThan(last);
      expect(told.kinds).toEqual(kinds);
      last = atMs;
    }
  });

  it('keeps the order of old events, too', async () => {
    const one = sender();
    const before = await one.read('2025-01-10 10:00:00', 'UTC');
    const after = await one.read('2025-01-10 10:00:01', 'Asia/Kolkata');
    expect(after.atMs - before.atMs).toBe(1_000);
  });

  it('lets a time with a zone of its own stand', async () => {
    const one = sender();
    await one.read(one.wallClock(0), 'UTC');
    await one.read(one.wallClock(0), 'Asia/Kolkata');
    expect(await one.read(iso(NOW), 'Asia/Kolkata')).toEqual({ atMs: NOW, kinds: [], warnings: [] });
  });

  it('ends up the same when two gateways see the change at different times', async () => {
    const one = sender();
    await one.read(one.wallClock(0), 'UTC');
    let last = 0;
    for (const zone of ['Asia/Kolkata', 'UTC', 'Asia/Kolkata', 'UTC', 'Asia/Kolkata', 'Asia/Kolkata']) {
      one.pass(1_000);
      const { atMs } = await one.read(one.wallClock(0), zone, zone === 'UTC' ? 1 : 0);
      expect(atMs).toBeGreaterThan(last);
      last = atMs;
    }
  });
});
