import { DEFAULT_PAGE_SIZE } from './shiphero-credits';
import { BAD_INPUT, saidNo } from './shiphero-errors';

/** Which part of a list is asked for, as GraphQL passes it. */
export interface Page {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/**
 * A part of a list with a cursor for each node, which stays the node's own while others come and go. Throws a GraphQLError
 * for a cursor that names no node, and for a negative count.
 */
export function connectionOf<T>(all: readonly T[], nameOf: (one: T) => string, { first, after, last, before }: Page) {
  const cursors = all.map((one) => Buffer.from(nameOf(one)).toString('base64'));
  const placeOf = (cursor: string): number => {
    const place = cursors.indexOf(cursor);
    if (place < 0) throw saidNo(BAD_INPUT, 'Invalid cursor');
    return place;
  };
  if ((first ?? 0) < 0 || (last ?? 0) < 0) throw saidNo(BAD_INPUT, 'first and last must not be negative');
  let start = typeof after === 'string' ? placeOf(after) + 1 : 0;
  let end = Math.max(start, typeof before === 'string' ? placeOf(before) : all.length);
  const head = first ?? (typeof last === 'number' ? undefined : DEFAULT_PAGE_SIZE);
  if (head !== undefined) end = Math.min(end, start + head);
  if (typeof last === 'number') start = Math.max(start, end - last);
  const edges = all.slice(start, end).map((node, index) => ({ node, cursor: cursors[start + index] }));
  return {
    edges,
    pageInfo: {
      hasNextPage: end < all.length,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
