import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { fetchHistory } from '../stand/histories';
import { eventually } from '../stand/waiting';
import {
  type Activities,
  attributesOf,
  DAY_MS,
  durationMsOf,
  environment,
  failing,
  HOUR_MS,
  NOTHING_SENT,
  startOrder,
  startSync,
  withActivities,
} from './skipped-time';

test('a refused order that nobody decides on fails after seven days with its cause', async () => {
  const finished: unknown[] = [];
  const activities: Activities = {
    cancelOnMarketplace: failing('ChannelRejected', false),
    finishOrder: async (input) => finished.push(input) > 0,
  };
  await withActivities(activities, async () => {
    const handle = await startOrder('nobody-decides');
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'ChannelRejected', message: 'nobody decided in time: Come back later' },
    });
    const tookMs = await durationMsOf(handle);
    expect(tookMs).toBeGreaterThanOrEqual(7 * DAY_MS);
    expect(tookMs).toBeLessThan(7 * DAY_MS + HOUR_MS);
    expect(finished).toEqual([
      { orderId: 'order-1', status: 'failed', outcome: 'not_cancelled', error: 'Come back later' },
    ]);
  });
});

/**
 * Starts an order and waits for its call of the WMS, so that no time is skipped before. The server that skips time does not keep a
 * deadline that falls on a whole second: the order is started anew then.
 */
async function startWithDeadline(workflowId: string): Promise<WorkflowHandle> {
  for (let round = 1; ; round++) {
    const handle = await startOrder(`${workflowId}-${round}`);
    const call = await eventually('the call of the WMS', async () => {
      const { events } = await fetchHistory(environment.client, handle.workflowId);
      return events.find((event) => JSON.stringify(event).includes('"cancelInWms"'));
    });
    if (new Date(String(call.eventTime)).getMilliseconds() !== 0) return handle;
    await handle.terminate();
  }
}

test('Eshopbox is tried for a day, then a person is asked', async () => {
  let tries = 0;
  const finished: unknown[] = [];
  const activities: Activities = {
    cancelOnMarketplace: async () => ({ cancelled: ['1'], notCancelled: [] }),
    cancelInWms: async () => {
      tries += 1;
      return failing('ChannelUnavailable', true)();
    },
    finishOrder: async (input) => finished.push(input) > 0,
  };
  await withActivities(activities, async () => {
    const handle = await startWithDeadline('wms-away');
    await environment.sleep(DAY_MS - HOUR_MS);
    expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'cancelled_at_marketplace_only' });
    expect(tries).toBeGreaterThan(100);
    await environment.sleep(2 * HOUR_MS);
    expect(await attributesOf(handle)).toEqual({
      attention: 'eshopbox_unavailable',
      outcome: 'cancelled_at_marketplace_only',
    });
    const triesUntilAsked = tries;
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ChannelUnavailable' } });
    expect(tries).toBe(triesUntilAsked);
    expect(finished).toEqual([expect.objectContaining({ status: 'failed', outcome: 'cancelled_at_marketplace_only' })]);
  });
});

test('a channel that is down for hours is asked again every half minute, and its stock goes out when it is back', async () => {
  let isDown = true;
  let calls = 0;
  const activities: Activities = {
    pushChunk: async () => {
      calls += 1;
      if (isDown) return failing('ChannelUnavailable', true)();
      return { ...NOTHING_SENT, accepted: 1 };
    },
  };
  await withActivities(activities, async () => {
    const handle = await startSync('long-outage');
    await environment.sleep(2 * HOUR_MS);
    expect((await attributesOf(handle)).attention).toBe('ajio_unavailable');
    // Three attempts with 2 s and 4 s between them, then 30 s of rest.
    expect(calls).toBeGreaterThan(500);
    expect(calls).toBeLessThan(650);
    isDown = false;
    expect(await handle.result()).toEqual({ pushes: 1, accepted: 1, rejected: 0, unknown: 0 });
    expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'delivered' });
  });
});

test.each([
  ['ConnectionNotFound', 'ajio_misconfigured'],
  ['InvariantBroken', 'ajio_internal_error'],
])(
  'stock that cannot be sent (%s), as while a dump is played into MySQL, goes on by itself afterwards',
  async (type, word) => {
    let isThere = false;
    let looks = 0;
    const activities: Activities = {
      pushChunk: async () => {
        looks += 1;
        return isThere ? NOTHING_SENT : failing(type, false)();
      },
    };
    await withActivities(activities, async () => {
      const handle = await startSync(`gone-${type}`);
      await environment.sleep(HOUR_MS);
      expect((await attributesOf(handle)).attention).toBe(word);
      expect(looks).toBeLessThan(70);
      isThere = true;
      expect(await handle.result()).toEqual({ pushes: 0, accepted: 0, rejected: 0, unknown: 0 });
      expect((await attributesOf(handle)).attention).toBeUndefined();
    });
  },
);

test('refused stock that nobody decides on fails the run after seven days with its cause', async () => {
  let isSent = false;
  const activities: Activities = {
    async pushChunk({ pushId }) {
      if (isSent) return NOTHING_SENT;
      isSent = true;
      const details = [{ channelWords: 'Come back later', settled: { pushId, lines: 1 } }];
      throw ApplicationFailure.create({ type: 'ChannelRejected', message: 'no', nonRetryable: true, details });
    },
    finishSubmissions: async ({ refusedSince }) => ({
      finished: 0,
      freed: 0,
      rejected: 1,
      refused: refusedSince === undefined ? 0 : 1,
    }),
  };
  await withActivities(activities, async () => {
    const handle = await startSync('refused-stock');
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'ChannelRejected', message: 'nobody decided in time: Come back later' },
    });
    expect(await durationMsOf(handle)).toBeGreaterThanOrEqual(7 * DAY_MS);
  });
});

describe('a token that is refused', () => {
  const refuse = async (tokenGeneration: number): Promise<never> => {
    throw ApplicationFailure.create({
      type: 'ChannelAuthFailed',
      message: `token ${tokenGeneration} was refused`,
      nonRetryable: true,
      details: [{ tokenGeneration }],
    });
  };
  /** Nobody gets to use the token for an hour, as when no worker runs. */
  const comeLater = (): never => {
    throw ApplicationFailure.create({ type: 'ChannelUnavailable', message: 'later', nextRetryDelay: '1 hour' });
  };
  /** Logs in whenever it is asked, and keeps what was said against the credentials. */
  const tokens = (complaints: unknown[]): Activities => ({
    refreshAccessToken: async ({ rejectedGeneration }) => ({ refreshed: true, generation: rejectedGeneration + 1 }),
    requireReauth: async ({ refusedGeneration, reason }) => {
      complaints.push({ refusedGeneration, reason });
      return false;
    },
    cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }),
    finishOrder: async () => true,
  });

  test('long after its login has died, which is another login and no question of credentials', async () => {
    const complaints: unknown[] = [];
    let calls = 0;
    const activities: Activities = {
      ...tokens(complaints),
      async cancelOnMarketplace({ minTokenGeneration = 0 }) {
        calls += 1;
        if (calls === 2) comeLater();
        return calls < 4 ? refuse(minTokenGeneration) : { cancelled: ['1'], notCancelled: [] };
      },
    };
    await withActivities(activities, async () => {
      expect(await (await startOrder('aged-token')).result()).toMatchObject({ outcome: 'cancelled' });
      expect({ calls, complaints }).toEqual({ calls: 4, complaints: [] });
    });
  });

  test('right after its login is another login; so is the next, and then the credentials are in doubt', async () => {
    const complaints: unknown[] = [];
    let calls = 0;
    const activities: Activities = {
      ...tokens(complaints),
      async cancelOnMarketplace({ minTokenGeneration = 0 }) {
        calls += 1;
        return refuse(minTokenGeneration);
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder('useless-tokens');
      await environment.sleep(HOUR_MS);
      expect((await attributesOf(handle)).attention).toBe('ajio_needs_reauth');
      expect({ calls, complaints }).toEqual({
        calls: 3,
        complaints: [{ refusedGeneration: 2, reason: 'token 2 was refused' }],
      });
    });
  });

  test('for one request only, again and again, is a refusal of that request', async () => {
    const complaints: unknown[] = [];
    let calls = 0;
    const activities: Activities = {
      ...tokens(complaints),
      requireReauth: async ({ refusedGeneration }) => {
        complaints.push(refusedGeneration);
        // Somebody else has used it; without the generation there would be nothing to tell that by.
        return refusedGeneration !== undefined;
      },
      async cancelOnMarketplace({ minTokenGeneration = 0, isLastToken = false }) {
        calls += 1;
        if (isLastToken) return failing('ChannelRejected', false)();
        return refuse(minTokenGeneration);
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder('refused-alone');
      await environment.sleep(HOUR_MS);
      expect((await attributesOf(handle)).attention).toBe('ajio_rejected');
      expect({ calls, complaints }).toEqual({ calls: 4, complaints: [2] });
    });
  });

  test('again and again however late stops the connection in the fourth round', async () => {
    const complaints: unknown[] = [];
    let calls = 0;
    const activities: Activities = {
      ...tokens(complaints),
      async cancelOnMarketplace({ minTokenGeneration = 0 }) {
        calls += 1;
        if (calls % 2 === 0) comeLater();
        return refuse(minTokenGeneration);
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder('dying-tokens');
      await environment.sleep(5 * HOUR_MS);
      expect((await attributesOf(handle)).attention).toBe('ajio_needs_reauth');
      expect({ calls, complaints }).toEqual({
        calls: 7,
        complaints: [{ refusedGeneration: 3, reason: 'token 3 was refused' }],
      });
    });
  });
});
