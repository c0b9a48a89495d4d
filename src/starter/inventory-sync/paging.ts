import type { Piece } from '../../store/sync-progress';
import type { Cursors } from './ids';
import { badInput } from './refusals';

/** Nodes of a list that says neither `first` nor `last`. */
export const DEFAULT_PAGE_SIZE = 100;

/** Which part of a list is asked for, as GraphQL passes it. */
export interface PageArguments {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** A list that can be read piece by piece. */
export interface PagedList<Node, Place> {
  cursors: Cursors<Place>;
  placeOf(node: Node): Place;
  fetch(piece: Piece<Place>): Promise<Node[]>;
}

function pieceOf<Place>({ first, after, last, before }: PageArguments, cursors: Cursors<Place>): Piece<Place> {
  if (typeof first === 'number' && typeof last === 'number') throw badInput('last', 'Send first or last, not both');
  if (typeof first === 'number' && first < 0) throw badInput('first', 'first must not be negative');
  if (typeof last === 'number' && last < 0) throw badInput('last', 'last must not be negative');
  const placeIn = (field: string, cursor: string | null | undefined): Place | undefined => {
    if (typeof cursor !== 'string') return undefined;
    const place = cursors.read(cursor);
    if (place === undefined) throw badInput(field, 'Invalid cursor');
    return place;
  };
  return {
    after: placeIn('after', after),
    before: placeIn('before', before),
    limit: first ?? last ?? DEFAULT_PAGE_SIZE,
    fromEnd: typeof last === 'number',
  };
}

/** Runs `work` at the first call and gives its result to all of them. */
const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
};

/**
 * The part of a list that is asked for, in the list's order, with a cursor for each node. What lies beyond is looked at only
 * when `pageInfo` asks for it. Throws a Refusal for a count or a cursor that cannot be used.
 */
export async function connectionOf<Node, Place, Shown>(
  { cursors, placeOf, fetch }: PagedList<Node, Place>,
  asked: PageArguments,
  show: (node: Node) => Shown,
) {
  const piece = pieceOf(asked, cursors);
  const { after, before, fromEnd } = piece;
  const nodes = piece.limit === 0 ? [] : await fetch(piece);
  const [firstNode, lastNode] = [nodes.at(0), nodes.at(-1)];
  const isThere = async (bounds: { after?: Place | undefined; before?: Place | undefined }): Promise<boolean> =>
    (await fetch({ ...bounds, limit: 1, fromEnd: false })).length > 0;
  const cursorOf = (node: Node): string => cursors.make(placeOf(node));
  return {
    edges: nodes.map((node) => ({ node: show(node), cursor: cursorOf(node) })),
    pageInfo: {
      startCursor: firstNode === undefined ? null : cursorOf(firstNode),
      endCursor: lastNode === undefined ? null : cursorOf(lastNode),
      // An empty page lies at its own bound: everything else is on the other side of it.
      hasNextPage: once(async () => {
        if (lastNode !== undefined) return isThere({ after: placeOf(lastNode) });
        return fromEnd && before === undefined ? false : isThere({ after });
      }),
      hasPreviousPage: once(async () => {
        if (firstNode !== undefined) return isThere({ before: placeOf(firstNode) });
        return !fromEnd && after === undefined ? false : isThere({ before });
      }),
    },
  };
}
