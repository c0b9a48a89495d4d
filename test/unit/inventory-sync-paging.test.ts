import { ROW_CURSORS } from '../../src/starter/inventory-sync/ids';
import { connectionOf, type PageArguments } from '../../src/starter/inventory-sync/paging';
import type { Piece } from '../../src/store/sync-progress';

/** A list of the numbers 1 to 250, each at its own place, and what was asked of it. */
function listOf(length: number) {
  const all = Array.from({ length }, (_, index) => index + 1);
  const asked: Piece<number>[] = [];
  return {
    asked,
    cursors: ROW_CURSORS,
    placeOf: (node: number) => node,
    async fetch(piece: Piece<number>) {
      asked.push(piece);
      const { after = 0, before = Number.POSITIVE_INFINITY, limit, fromEnd } = piece;
      const between = all.filter((node) => node > after && node < before);
      return fromEnd ? between.slice(-limit) : between.slice(0, limit);
    },
  };
}

const cursor = ROW_CURSORS.make;

async function pageOf(asked: PageArguments, length = 250) {
  const { edges, pageInfo } = await connectionOf(listOf(length), asked, (node) => node);
  const [previous, next] = [await pageInfo.hasPreviousPage(), await pageInfo.hasNextPage()];
  return { nodes: edges.map(({ node }) => node), previous, next, start: pageInfo.startCursor, end: pageInfo.endCursor };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

it.each<[PageArguments, from: number, to: number, previous: boolean, next: boolean]>([
  [{}, 1, 100, false, true],
  [{ first: null, after: null }, 1, 100, false, true],
  [{ first: 250 }, 1, 250, false, false],
  [{ first: 249 }, 1, 249, false, true],
  [{ first: 100, after: cursor(100) }, 101, 200, true, true],
  [{ first: 50, after: cursor(200) }, 201, 250, true, false],
  [{ last: 3 }, 248, 250, true, false],
  [{ last: 250 }, 1, 250, false, false],
  [{ last: 100, before: cursor(101) }, 1, 100, false, true],
  [{ last: 2, before: cursor(101) }, 99, 100, true, true],
  [{ first: 10, after: cursor(10), before: cursor(15) }, 11, 14, true, true],
  [{ last: 2, after: cursor(10), before: cursor(15) }, 13, 14, true, true],
  [{ before: cursor(4) }, 1, 3, false, true],
])('%j is %d to %d', async (asked, from, to, previous, next) => {
  const page = await pageOf(asked);
  expect(page).toEqual({ nodes: numbers(from, to), previous, next, start: cursor(from), end: cursor(to) });
});

it.each<[PageArguments, previous: boolean, next: boolean]>([
  [{ first: 0 }, false, true],
  [{ last: 0 }, true, false],
  [{ after: cursor(250) }, true, false],
  [{ last: 5, before: cursor(1) }, false, true],
  [{ after: cursor(10), before: cursor(11) }, true, true],
])('%j is empty, and says what lies beside it', async (asked, previous, next) => {
  expect(await pageOf(asked)).toEqual({ nodes: [], previous, next, start: null, end: null });
});

it('has nothing beside an empty list', async () => {
  expect(await pageOf({}, 0)).toEqual({ nodes: [], previous: false, next: false, start: null, end: null });
});

it('looks beyond the page only when it is asked to, and once', async () => {
  const list = listOf(250);
  const { pageInfo } = await connectionOf(list, { first: 10 }, (node) => node);
  expect(list.asked).toHaveLength(1);
  await Promise.all([pageInfo.hasNextPage(), pageInfo.hasNextPage(), pageInfo.hasPreviousPage()]);
  expect(list.asked).toHaveLength(3);
});

it.each<[PageArguments, field: string]>([
  [{ first: -1 }, 'first'],
  [{ last: -1 }, 'last'],
  [{ first: 1, last: 1 }, 'last'],
  [{ after: 'nonsense' }, 'after'],
  [{ before: '' }, 'before'],
])('refuses %j', async (asked, field) => {
  await expect(pageOf(asked)).rejects.toMatchObject({ code: 4, field });
});
