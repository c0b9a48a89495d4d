import {
  type Activities,
  attributesOf,
  DAY_MS,
  durationMsOf,
  environment,
  failing,
  HOUR_MS,
  startOrder,
  withActivities,
} from './skipped-time';

/** Temporal terminates a run whose history grows beyond this. */
const MAX_EVENTS = 51_200;

test.each(['StoreUnavailable', 'ChannelRateLimited'])(
  'an order that meets %s for ten minutes goes on by itself when they are over',
  async (type) => {
    let isOver = false;
    const activities: Activities = {
      cancelOnMarketplace: async () => (isOver ? { cancelled: ['1'], notCancelled: [] } : failing(type, true)()),
      cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }),
      finishOrder: async () => true,
    };
    await withActivities(activities, async () => {
      const handle = await startOrder(`heals-${type}`);
      // Each of its tries is work for the machine, so that an hour of them takes a busy one minutes.
      await environment.sleep(HOUR_MS / 6);
      expect((await attributesOf(handle)).attention).toMatch(/^ajio_(store_unavailable|rate_limited)$/);
      isOver = true;
      expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
      expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'cancelled' });
    });
  },
);

test.each(['StoreUnavailable', 'LineInUse'])(
  'an order that meets %s for two days is tried ever more rarely, so that its history has room for weeks of that',
  async (type) => {
    let isOver = false;
    let asked = 0;
    const activities: Activities = {
      cancelOnMarketplace: async () => {
        asked += 1;
        return isOver ? { cancelled: ['1'], notCancelled: [] } : failing(type, true)();
      },
      cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }),
      finishOrder: async () => true,
    };
    await withActivities(activities, async () => {
      const handle = await startOrder(`lasts-${type}`);
      await environment.sleep(2 * DAY_MS);
      // Every ten minutes at least.
      expect(asked).toBeGreaterThan(2 * 24 * 6);
      expect((await handle.describe()).historyLength).toBeLessThan(MAX_EVENTS / 7);
      isOver = true;
      expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
      expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'cancelled' });
    });
  },
);

test('a cancel whose workers were lost each time is read back, and no person is asked', async () => {
  let asked = 0;
  const activities: Activities = {
    cancelOnMarketplace: async () => {
      asked += 1;
      return failing('WorkerShutdown', true)();
    },
    readMarketplaceOrder: async () => ({ cancelled: ['1'], notCancelled: [], open: [] }),
    cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }),
    finishOrder: async () => true,
  };
  await withActivities(activities, async () => {
    const handle = await startOrder('lost-workers');
    expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
    expect(asked).toBeGreaterThan(1);
    expect(await durationMsOf(handle)).toBeLessThan(HOUR_MS);
  });
});
