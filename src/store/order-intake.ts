import type { LinePieces, OrderLine, OrderRecord } from '../contracts/order';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import { newId } from './new-id';

export interface NewOrder extends Omit<OrderRecord, 'lines'> {
  workflowId: string;
  lines: readonly OrderLine[];
  /** The id of the run for pieces that come on top of those that are known. */
  workflowIdOfMore(pieces: readonly LinePieces[]): string;
}

/** What became of an order that came in. */
export interface StoredResult {
  orderId: string;
  workflowId: string;
  /** `duplicate` when every piece of every line belongs to an order that is open or done. */
  status: 'accepted' | 'duplicate';
  /**
   * The orders that still have to cancel some of the lines, whichever event brought them. Their runs may be gone, so each is to be
   * started; that changes nothing where one is open.
   */
  unfinished: string[];
}

interface OrderRow {
  id: string;
  workflowId: string;
  status: 'stored' | 'started' | 'done' | 'failed';
}

const NAMED = 'ol.connectionId = ? AND ol.orderNumber = ? AND ol.lineItemSequenceNumber IN (?)';
const valuesOfNamed = ({
  connectionId,
  orderNumber,
  lines,
}: Pick<NewOrder, 'connectionId' | 'orderNumber' | 'lines'>): SqlValue[] => [
  connectionId,
  orderNumber,
  lines.map((line) => line.lineItemSequenceNumber),
];

/**
 * When a line was written that no run has written yet. So a run that has asked for it knows that the database was put back, also when
 * the event came again since then.
 */
const NEVER = new Date(0);

/** With `isAsked` as lines that may have been asked for: they are read back before anybody asks again. */
async function insertPieces(
  tx: Queryable,
  orderId: string,
  order: Omit<OrderRecord, 'lines'>,
  pieces: readonly LinePieces[],
  isAsked = false,
): Promise<void> {
  const state = isAsked ? 'asked' : 'open';
  const inOrder = [...pieces].sort((a, b) => (a.lineItemSequenceNumber < b.lineItemSequenceNumber ? -1 : 1));
  const rows = inOrder.map((line): SqlValue[] => [
    order.connectionId,
    order.orderNumber,
    line.lineItemSequenceNumber,
    line.firstPiece,
    orderId,
    line.orderItemId,
    line.itemId,
    line.marketplaceItemId,
    line.quantity,
    state,
    state,
    isAsked ? new Date() : NEVER,
  ]);
  for (const chunk of inChunks(rows)) {
    await tx.change(
      `INSERT INTO order_lines (connectionId, orderNumber, lineItemSequenceNumber, firstPiece, orderId, orderItemId, itemId, marketplaceItemId, quantity, marketplaceState, wmsState, updatedAt)
       VALUES ? ON DUPLICATE KEY UPDATE orderId = orderId`,
      [chunk],
    );
  }
}

const insertRow = (
  tx: Queryable,
  row: { id: string; workflowId: string; status: OrderRow['status'] },
  order: Omit<OrderRecord, 'lines'>,
) =>
  tx.change(
    `INSERT INTO orders (id, workflowId, accountSlug, connectionId, wmsConnectionId, externalChannelId, orderNumber, vendorOrderNumber,
       status, createdAt, updatedAt)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE id = id`,
    [
      row.id,
      row.workflowId,
      order.accountSlug,
      order.connectionId,
      order.wmsConnectionId,
      order.externalChannelId,
      order.orderNumber,
      order.vendorOrderNumber,
      row.status,
    ],
  );

/** A line whose run failed, or whose order is this one, may be taken over; what the marketplace accepted stays accepted. */
const takeOver = (tx: Queryable, orderId: string, order: Pick<NewOrder, 'connectionId' | 'orderNumber' | 'lines'>) =>
  tx.change(
    `UPDATE order_lines ol JOIN orders o ON o.id = ol.orderId SET ol.orderId = ?
     WHERE ${NAMED} AND ol.firstPiece = 1 AND o.status = 'failed'`,
    [orderId, ...valuesOfNamed(order)],
  );

/**
 * Stores the order of this workflow id with those of the pieces that nobody else owns and, with `takesOver`, those that failed orders own.
 * Undefined when there are none, or when it is open or done.
 */
async function insertOrder(
  tx: Queryable,
  order: NewOrder,
  workflowId: string,
  pieces: readonly LinePieces[],
  takesOver: boolean,
): Promise<string | undefined> {
  const id = newId();
  await insertRow(tx, { id, workflowId, status: 'stored' }, order);
  const [row] = await tx.select<OrderRow>('SELECT id, status FROM orders WHERE workflowId = ? FOR UPDATE', [
    workflowId,
  ]);
  if (!row) throw new Error(`order ${workflowId} was not stored`);
  const isNew = row.id === id;
  if (!isNew && row.status !== 'failed') return undefined;
  await insertPieces(tx, row.id, order, pieces);
  if (takesOver) await takeOver(tx, row.id, order);
  const [owned] = await tx.select<{ owned: number }>('SELECT COUNT(*) AS owned FROM order_lines WHERE orderId = ?', [
    row.id,
  ]);
  if (owned?.owned === 0) {
    if (isNew) await tx.change('DELETE FROM orders WHERE id = ?', [id]);
    return undefined;
  }
  await reopen(tx, [row.id]);
  return row.id;
}

const reopen = (tx: Queryable, ids: readonly string[]) =>
  tx.change(
    "UPDATE orders SET status = 'stored', outcome = NULL, error = NULL, updatedAt = UTC_TIMESTAMP(3) WHERE id IN (?)",
    [ids],
  );

/** The pieces that the order names on top of those that are known. Two events that add to one line wait here for each other. */
async function piecesOnTop(tx: Queryable, order: NewOrder): Promise<LinePieces[]> {
  await tx.select(`SELECT 1 FROM order_lines ol WHERE ${NAMED} AND ol.firstPiece = 1 FOR UPDATE`, valuesOfNamed(order));
  const rows = await tx.select<{ line: string; pieces: number }>(
    `SELECT ol.lineItemSequenceNumber AS line, MAX(ol.firstPiece - 1 + ol.quantity) AS pieces FROM order_lines ol
     WHERE ${NAMED} GROUP BY ol.lineItemSequenceNumber`,
    valuesOfNamed(order),
  );
  const known = new Map(rows.map(({ line, pieces }) => [line, pieces]));
  return order.lines.flatMap((line) => {
    const before = known.get(line.lineItemSequenceNumber) ?? 0;
    return line.quantity > before ? [{ ...line, firstPiece: before + 1, quantity: line.quantity - before }] : [];
  });
}

/**
 * The owners of the event's lines, its own order first. An order that has lost all of its lines to others is none: run again, it
 * would have nothing to cancel and say so.
 */
const concerned = (tx: Queryable, order: NewOrder): Promise<OrderRow[]> =>
  tx.select<OrderRow>(
    `SELECT id, workflowId, status FROM orders
     WHERE id IN (SELECT ol.orderId FROM order_lines ol WHERE ${NAMED}) ORDER BY workflowId = ? DESC, id`,
    [...valuesOfNamed(order), order.workflowId],
  );

/**
 * Stores an order with the pieces that no other open or finished order owns. What a failed one owns goes to this one where this
 * one is new or failed itself; otherwise that one is a new try, with all of its lines.
 */
export const storeOrder = (db: Database, order: NewOrder): Promise<StoredResult> =>
  db.transaction(async (tx) => {
    const first = order.lines.map((line) => ({ ...line, firstPiece: 1 }));
    const own = await insertOrder(tx, order, order.workflowId, first, true);
    const more = await piecesOnTop(tx, order);
    // It asks for what comes on top and for nothing else: two pieces of one line in one order could not be told apart.
    const workflowIdOfMore = order.workflowIdOfMore(more);
    const onTop = more.length === 0 ? undefined : await insertOrder(tx, order, workflowIdOfMore, more, false);
    const rows = await concerned(tx, order);
    const failed = rows.filter(({ status }) => status === 'failed').map(({ id }) => id);
    if (failed.length > 0) await reopen(tx, failed);
    const accepted = own ?? onTop ?? failed[0];
    const told = rows.find(({ id }) => id === accepted) ?? rows[0];
    if (!told) throw new Error(`the lines of order ${order.workflowId} have no owner`);
    return {
      orderId: told.id,
      workflowId: told.workflowId,
      status: accepted === undefined ? 'duplicate' : 'accepted',
      unfinished: rows.filter(({ status }) => status !== 'done').map(({ id }) => id),
    };
  });

/**
 * Stores the order of an open run once more, whose row is gone; its lines as ones that may have been asked for. Lines that another
 * order owns stay there.
 */
export const restoreOrder = (
  db: Database,
  orderId: string,
  { workflowId, ...order }: OrderRecord & { workflowId: string },
): Promise<void> =>
  db.transaction(async (tx) => {
    await insertRow(tx, { id: orderId, workflowId, status: 'started' }, order);
    const [row] = await tx.select<OrderRow>('SELECT id FROM orders WHERE workflowId = ? FOR UPDATE', [workflowId]);
    // The event came again in the meantime, so that its lines are stored as well.
    if (row?.id !== orderId) return;
    await insertPieces(tx, orderId, order, order.lines, true);
    const ofFirst = order.lines.filter(({ firstPiece }) => firstPiece === 1);
    if (ofFirst.length > 0) await takeOver(tx, orderId, { ...order, lines: ofFirst });
  });
