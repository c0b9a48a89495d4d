import { ApplicationFailure } from '@temporalio/common';
import type { FinishOrderInput } from '../../src/activities/order-records';
import type { OrderStepInput } from '../../src/activities/orders';
import { confirmCancelled, confirmNotCancelled, giveUp, retry } from '../../src/workflows/messages';
import { type Activities, attributesOf, environment, failing, startOrder, withActivities } from './skipped-time';

const attentionOf = async (workflowId: string) =>
  (await attributesOf(environment.client.workflow.getHandle(workflowId))).attention;

const inWms = { cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }), finishOrder: async () => true };

test('giveUp counts also when it is sent while the run tries by itself', async () => {
  const workflowId = 'given-up-meanwhile';
  let isAnswered = false;
  let askedSince = 0;
  const activities: Activities = {
    ...inWms,
    async cancelOnMarketplace() {
      if (isAnswered) askedSince += 1;
      else if ((await attentionOf(workflowId)) !== undefined) {
        await environment.client.workflow.getHandle(workflowId).signal(giveUp);
        isAnswered = true;
      }
      return failing('StoreUnavailable', true)();
    },
  };
  await withActivities(activities, async () => {
    const handle = await startOrder(workflowId);
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'StoreUnavailable' } });
    expect(isAnswered).toBe(true);
    expect(askedSince).toBe(0);
    expect((await attributesOf(handle)).attention).toBeUndefined();
  });
});

test.each([
  ['confirmCancelled', confirmCancelled],
  ['confirmNotCancelled', confirmNotCancelled],
] as const)(
  '%s counts only while the run waits: it says nothing of a request that has left since',
  async (name, seen) => {
    const workflowId = `seen-meanwhile-${name}`;
    let isAnswered = false;
    let askedSince = 0;
    const confirmed: boolean[] = [];
    const activities: Activities = {
      ...inWms,
      async cancelOnMarketplace() {
        if (isAnswered) askedSince += 1;
        else if ((await attentionOf(workflowId)) !== undefined) {
          await environment.client.workflow.getHandle(workflowId).signal(seen);
          isAnswered = true;
        }
        return askedSince > 0 ? { cancelled: ['1'], notCancelled: [] } : failing('StoreUnavailable', true)();
      },
      async confirmLines({ cancelled }) {
        confirmed.push(cancelled);
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder(workflowId);
      expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
      expect(isAnswered).toBe(true);
      expect(confirmed).toEqual([]);
    });
  },
);

test.each([
  ['giveUp', giveUp],
  ['confirmCancelled', confirmCancelled],
] as const)(
  '%s that was sent for another question does not count for a refusal that nobody had seen',
  async (name, answer) => {
    const workflowId = `other-question-${name}`;
    let isAnswered = false;
    const confirmed: boolean[] = [];
    const activities: Activities = {
      ...inWms,
      async cancelOnMarketplace() {
        if ((await attentionOf(workflowId)) === undefined) return failing('StoreUnavailable', true)();
        await environment.client.workflow.getHandle(workflowId).signal(answer);
        isAnswered = true;
        return { cancelled: ['1'], notCancelled: [{ line: '2', reason: 'packed' }] };
      },
      // Another order asks for the refused line: the refusal stands all the same.
      readMarketplaceOrder: failing('LineInUse', true),
      async confirmLines({ cancelled }) {
        confirmed.push(cancelled);
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder(workflowId);
      await environment.sleep('20 minutes');
      expect(isAnswered).toBe(true);
      expect(await attributesOf(handle)).toEqual({ attention: 'ajio_rejected', outcome: 'partially_cancelled' });
      expect(confirmed).toEqual([]);
      await handle.signal(giveUp);
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ChannelRejected' } });
    });
  },
);

test('what a person saw of a refusal while the WMS was asked for the rest counts when the run asks about it', async () => {
  const workflowId = 'seen-beside';
  const confirmed: object[] = [];
  const activities: Activities = {
    ...inWms,
    async cancelOnMarketplace() {
      const refused = confirmed.length > 0 ? [] : [{ line: '2', reason: 'packed' }];
      return { cancelled: ['1'], notCancelled: refused };
    },
    readMarketplaceOrder: failing('LineInUse', true),
    async cancelInWms() {
      if (confirmed.length === 0) await environment.client.workflow.getHandle(workflowId).signal(confirmCancelled);
      return { cancelled: ['1'], notCancelled: [] };
    },
    async confirmLines(seen) {
      confirmed.push(seen);
    },
  };
  await withActivities(activities, async () => {
    const handle = await startOrder(workflowId);
    expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
    expect(confirmed).toEqual([{ orderId: 'order-1', side: 'marketplace', cancelled: true }]);
  });
});

test('what the marketplace has refused is to be seen while the WMS is asked for the rest, and is asked for again only when a person says so', async () => {
  const workflowId = 'refused-beside';
  const stand = { cancelled: ['1'], notCancelled: [{ line: '2', reason: 'packed' }] };
  const leftOut: OrderStepInput['leaveOut'][] = [];
  const seenBesideWms: (string | undefined)[] = [];
  let isBack = false;
  let isUnpacked = false;
  const activities: Activities = {
    ...inWms,
    async cancelOnMarketplace({ leaveOut }) {
      leftOut.push(leaveOut);
      return isUnpacked ? { cancelled: ['1', '2'], notCancelled: [] } : stand;
    },
    readMarketplaceOrder: async () => ({ ...stand, open: [] }),
    async cancelInWms() {
      seenBesideWms.push(await attentionOf(workflowId));
      return isBack ? { cancelled: ['1'], notCancelled: [] } : failing('StoreUnavailable', true)();
    },
  };
  await withActivities(activities, async () => {
    const handle = await startOrder(workflowId);
    await environment.sleep('10 minutes');
    expect(seenBesideWms[0]).toBe('ajio_rejected');
    // The question of the WMS stays while it is probed.
    expect(seenBesideWms.at(-1)).toBe('eshopbox_store_unavailable');
    expect(leftOut.length).toBeGreaterThan(2);
    expect(leftOut.slice(1)).toEqual(leftOut.slice(1).map(() => ['2']));
    isBack = true;
    await environment.sleep('10 minutes');
    expect(await attributesOf(handle)).toEqual({ attention: 'ajio_rejected', outcome: 'partially_cancelled' });
    const asked = leftOut.length;
    isUnpacked = true;
    await handle.signal(retry);
    expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1', '2'] });
    expect(leftOut.slice(asked)).toEqual([undefined]);
  });
});

test.each([true, false])(
  'a request without an answer is noted before the run waits for anything, also for what heals by itself (noted: %s)',
  async (isNoted) => {
    const workflowId = `unanswered-then-limited-${isNoted}`;
    let asked = 0;
    let noted = 0;
    const askedSince: (number | undefined)[] = [];
    let finished: FinishOrderInput | undefined;
    const activities: Activities = {
      async cancelOnMarketplace({ askedSinceMs }) {
        asked += 1;
        if (noted > 0) askedSince.push(askedSinceMs);
        if (asked === 1) return failing('OutcomeUnknown', false)();
        throw ApplicationFailure.create({
          type: 'ChannelRateLimited',
          message: 'slow down',
          details: [{ retryAfterMs: 600_000 }],
        });
      },
      readMarketplaceOrder: async () => ({ cancelled: [], notCancelled: [{ line: '1', reason: 'open' }], open: ['1'] }),
      async noteUnanswered() {
        noted += 1;
        return isNoted;
      },
      startOrder: async () => ({ atMs: 1 }),
      async finishOrder(input) {
        finished = input;
        return true;
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder(workflowId);
      await environment.sleep('15 minutes');
      expect(noted).toBeGreaterThan(0);
      expect(askedSince.length).toBeGreaterThan(0);
      // Where the lines could not say it, the run itself remembers.
      for (const since of askedSince) expect(since).toBe(isNoted ? 1 : Number.MAX_SAFE_INTEGER);
      await handle.signal(giveUp);
      await expect(handle.result()).rejects.toThrow();
      expect(finished).toMatchObject({ status: 'failed', hasAsked: true, isToReadFirst: !isNoted });
    });
  },
);
