import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inventoryEvent, orderEvent } from '../../src/contracts/events';
import { postOf } from '../../src/soak/bodies';
import { makeLoad, quantityOf } from '../../src/soak/load';
import { readOptions } from '../../src/soak/options';
import { applyEdits } from '../../src/soak/patch';
import { CONNECTIONS, lineOfTwinKey, listingNameOf } from '../../src/soak/tenants';
import { planBlows } from '../../src/soak/trouble';

const load = makeLoad({ seed: 7, events: 2_000 });
const stockEvents = load.events.flatMap((event) => (event.kind === 'stock' ? [event] : []));

describe('the load', () => {
  test('comes from its seed', () => {
    expect(makeLoad({ seed: 7, events: 2_000 })).toEqual(load);
    expect(makeLoad({ seed: 8, events: 2_000 })).not.toEqual(load);
  });

  test('has what makes a WMS hard to follow: repeats, disorder, equal times, orders, events that are no use', () => {
    const sent = new Map<number, number>();
    for (const number of load.order) sent.set(number, (sent.get(number) ?? 0) + 1);
    expect(sent.size).toBe(2_000);
    const repeated = [...sent.values()].filter((count) => count > 1);
    expect(repeated.length / 2_000).toBeCloseTo(0.1, 1);
    expect(Math.max(...repeated)).toBe(10);
    expect(load.order.filter((number, index) => number < (load.order[index - 1] ?? 0)).length).toBeGreaterThan(500);
    const times = new Set(stockEvents.map(({ publishedAtSeconds }) => publishedAtSeconds));
    expect(times.size).toBeLessThan(stockEvents.length / 2);
    const kinds = new Set(load.events.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['order', 'stock', 'unusable-order', 'unusable-stock']);
    expect(new Set(stockEvents.map(({ connectionId }) => connectionId)).size).toBe(
      CONNECTIONS.filter(({ weight }) => weight > 0).length,
    );
  });

  test('gives every quantity of a listing to one event only', () => {
    const given = new Set<string>();
    for (const event of stockEvents) {
      for (const listing of event.listings) {
        const key = `${event.connectionId}/${listing} = ${quantityOf(event, listing)}`;
        expect(given.has(key)).toBe(false);
        given.add(key);
      }
    }
    expect(stockEvents.some(({ zeros }) => zeros.length > 0)).toBe(true);
  });

  test('is read by the gateway, with a canary in everything personal', () => {
    for (const event of load.events.slice(0, 200)) {
      const { path, body } = postOf(event);
      if (path === '/events/inventory') inventoryEvent.parse(body);
      else
        expect(orderEvent.safeParse(body).success && JSON.stringify(body).match(/canary/gi)?.length).toBeGreaterThan(6);
    }
  });
});

test('the key of a twin leads back to its listing', () => {
  for (const [key, connectionId, listing] of [
    ['P101/V7', 101, 'P101/V7'],
    ['wd202/S202-V3', 202, 'S202-V3'],
    ['302/302//S302-V0', 302, 'S302-V0'],
    ['warehouse-301/S301-V79', 301, 'S301-V79'],
  ] as const) {
    expect(lineOfTwinKey(key)).toEqual({ connectionId, listing });
    const connection = CONNECTIONS.find(({ id }) => id === connectionId);
    expect(connection && listingNameOf(connection, Number(/\d+$/.exec(key)?.[0]))).toBe(listing);
  }
  expect(lineOfTwinKey('login-101')).toBeUndefined();
});

test('blows come from the seed, in their order, and meet every kind of process', () => {
  const blows = planBlows({ seed: 3, kills: 40 });
  expect(planBlows({ seed: 3, kills: 40 })).toEqual(blows);
  expect(blows.map(({ at }) => at)).toEqual([...blows.map(({ at }) => at)].sort((a, b) => a - b));
  expect(blows.filter(({ kind }) => kind === 'kill')).toHaveLength(40);
  expect(blows.filter(({ kind }) => kind === 'freeze')).toHaveLength(10);
  expect(new Set(blows.map(({ target }) => target)).size).toBe(4);
});

test('options are numbers, and all that is wrong is said at once', () => {
  expect(readOptions(['--seed', '7', '--events', '100000'])).toMatchObject({
    seed: 7,
    events: 100_000,
    kills: 6,
    prove: false,
  });
  expect(() => readOptions(['--events', 'many', '--bug', 'none'])).toThrow(/--events: [\s\S]*--bug: /);
  expect(readOptions(['--temporal', '127.0.0.1:7243']).temporal).toBe('127.0.0.1:7243');
  expect(() => readOptions(['--temporal', 'nowhere'])).toThrow('--temporal: must be host:port');
});

test('a patch that does not fit is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patch-'));
  try {
    writeFileSync(join(folder, 'a.js'), 'one two two');
    applyEdits(folder, [{ file: 'a.js', find: 'one', replace: '1' }]);
    expect(readFileSync(join(folder, 'a.js'), 'utf8')).toBe('1 two two');
    for (const [find, count] of [
      ['one', 0],
      ['two', 2],
    ] as const) {
      expect(() => applyEdits(folder, [{ file: 'a.js', find, replace: '' }])).toThrow(
        `the patch of a.js no longer matches: “${find}” stands there ${count} times, not once`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
