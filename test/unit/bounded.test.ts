import { setTimeout as delay } from 'node:timers/promises';
import { forEachBounded } from '../../src/workflows/bounded';

async function trace(count: number, limit: number) {
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const items = Array.from({ length: count }, (_, index) => index);
  await forEachBounded(items, limit, async (item) => {
    order.push(item);
    running += 1;
    most = Math.max(most, running);
    await delay(item % 3);
    running -= 1;
  });
  return { order, most, running, items };
}

it.each([
  [20, 4],
  [3, 10],
  [5, 1],
])('runs %d items, %d at once, in their order, and waits for all', async (count, limit) => {
  const { order, most, running, items } = await trace(count, limit);
  expect(order).toEqual(items);
  expect(most).toBe(Math.min(count, limit));
  expect(running).toBe(0);
});

it('has nothing to do for no items', async () => {
  expect((await trace(0, 4)).order).toEqual([]);
});
