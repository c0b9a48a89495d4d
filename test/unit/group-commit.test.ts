import { setTimeout as delay } from 'node:timers/promises';
import { createGroupCommit } from '../../src/starter/group-commit';

/** Commits numbers as their doubles, and remembers what came together. */
function recorder(behave: (group: readonly number[]) => void = () => undefined) {
  const groups: number[][] = [];
  let running = 0;
  const seen = { groups, mostAtOnce: 0 };
  const commit = async (items: readonly number[]) => {
    running += 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, running);
    groups.push([...items]);
    await delay(5);
    running -= 1;
    behave(items);
    return items.map((item) => item * 2);
  };
  return { seen, commit };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

it('gives everyone the own result, in one commit for what is asked for together', async () => {
  const { seen, commit } = recorder();
  const group = createGroupCommit(commit, { maxGroup: 50, maxConcurrent: 4 });
  expect(await Promise.all(numbers(20).map(group.submit))).toEqual(numbers(20).map((item) => item * 2));
  expect(seen.groups).toEqual([numbers(20)]);
});

it('keeps to the size of a group and to the commits at once', async () => {
  const { seen, commit } = recorder();
  const group = createGroupCommit(commit, { maxGroup: 10, maxConcurrent: 2 });
  await Promise.all(numbers(95).map(group.submit));
  expect(Math.max(...seen.groups.map((items) => items.length))).toBe(10);
  expect(seen.mostAtOnce).toBe(2);
  expect(seen.groups.flat()).toEqual(numbers(95));
});

it('lets a bad one fail alone', async () => {
  const { commit } = recorder((items) => {
    if (items.includes(3)) throw new Error('bad three');
  });
  const group = createGroupCommit(commit, { maxGroup: 50, maxConcurrent: 1 });
  const results = await Promise.allSettled(numbers(6).map(group.submit));
  expect(results.map((result) => result.status)).toEqual(
    numbers(6).map((item) => (item === 3 ? 'rejected' : 'fulfilled')),
  );
});

it('answers a failure that is nobody’s own to all, without another try', async () => {
  const { seen, commit } = recorder(() => {
    throw new Error('away');
  });
  const group = createGroupCommit(commit, { maxGroup: 50, maxConcurrent: 1, isCommon: () => true });
  const results = await Promise.allSettled(numbers(6).map(group.submit));
  expect(results.every((result) => result.status === 'rejected')).toBe(true);
  expect(seen.groups).toHaveLength(1);
});

it('never leaves anybody waiting when the commit forgets a result', async () => {
  const group = createGroupCommit(async () => [1], { maxGroup: 50, maxConcurrent: 1 });
  const [first, second] = await Promise.allSettled([group.submit(0), group.submit(1)]);
  expect([first?.status, second?.status]).toEqual(['fulfilled', 'rejected']);
});

it('goes on after a failure', async () => {
  let fails = true;
  const { commit } = recorder(() => {
    if (fails) throw new Error('away');
  });
  const group = createGroupCommit(commit, { maxGroup: 5, maxConcurrent: 1 });
  await expect(group.submit(1)).rejects.toThrow('away');
  fails = false;
  await expect(group.submit(2)).resolves.toBe(4);
});

it('gives every owner a turn while many wait', async () => {
  const { seen, commit } = recorder();
  const ownerOf = (item: number) => (item < 100 ? 'loud' : item < 200 ? 'quiet' : 'late');
  const group = createGroupCommit(commit, { maxGroup: 4, maxConcurrent: 1, ownerOf });
  await Promise.all([...numbers(10), 100, 101, 200].map(group.submit));
  expect(seen.groups).toEqual([[0, 100, 200, 1], [101, 2, 3, 4], [5, 6, 7, 8], [9]]);
});
