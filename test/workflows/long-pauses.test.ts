import { ApplicationFailure } from '@temporalio/common';
import {
  type Activities,
  attributesOf,
  environment,
  HOUR_MS,
  NOTHING_SENT,
  startOrder,
  startSync,
  withActivities,
} from './skipped-time';

const PAUSE_MS = HOUR_MS;

/** A channel that asks for an hour's pause at its first call, and works afterwards. */
function pausing<T>(answer: T) {
  const askedAtMs: number[] = [];
  const call = async (): Promise<T> => {
    const nowMs = await environment.currentTimeMs();
    askedAtMs.push(nowMs);
    const leftMs = (askedAtMs[0] ?? 0) + PAUSE_MS - nowMs;
    if (leftMs <= 0) return answer;
    throw ApplicationFailure.create({
      type: 'ChannelRateLimited',
      message: 'Maintenance until four',
      details: [{ status: 503, retryAfterMs: leftMs }],
    });
  };
  return { call, askedAtMs };
}

test('stock that waits for an hour because the channel says so shows it, asks seldom, and goes out by itself', async () => {
  const channel = pausing({ ...NOTHING_SENT, accepted: 1 });
  const activities: Activities = { pushChunk: channel.call };
  await withActivities(activities, async () => {
    const handle = await startSync('long-pause');
    await environment.sleep(PAUSE_MS / 2);
    expect((await attributesOf(handle)).attention).toBe('ajio_rate_limited');
    expect(await handle.result()).toMatchObject({ accepted: 1 });
    expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'delivered' });
  });
  expect(channel.askedAtMs.length).toBeLessThanOrEqual(PAUSE_MS / 600_000 + 2);
});

test('an order does the same', async () => {
  const channel = pausing({ cancelled: ['1'], notCancelled: [] });
  const activities: Activities = {
    cancelOnMarketplace: channel.call,
    cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }),
    finishOrder: async () => true,
  };
  await withActivities(activities, async () => {
    const handle = await startOrder('long-pause-of-an-order');
    await environment.sleep(PAUSE_MS / 2);
    expect((await attributesOf(handle)).attention).toBe('ajio_rate_limited');
    expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
    expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'cancelled' });
  });
  expect(channel.askedAtMs.length).toBeLessThanOrEqual(PAUSE_MS / 600_000 + 2);
});
