import type {
  CancelVerdict,
  LinePieces,
  ObservedOrderLine,
  OrderOutcome,
  OrderRecord,
  OrderRef,
} from '../contracts/order';
import type { Database } from './database';
import { type NewOrder, restoreOrder, type StoredResult, storeOrder } from './order-intake';

/** The two systems that a line is cancelled in; the name of the columns that hold its state there. */
export type OrderSide = 'marketplace' | 'wms';

export type LineState = 'open' | 'asked' | 'cancelled' | 'refused';

export interface StoredOrderLine extends LinePieces {
  cancelledBefore: number;
  buyerCancelled: number;
  buyerCancelledBefore: number;
  sellerCancelled: number;
  marketplaceState: LineState;
  marketplaceMessage: string | null;
  wmsState: LineState;
  wmsMessage: string | null;
  /** When it was last written: by that, an attempt that stood still learns that another one has done something with the line since. */
  updatedAt: Date;
}

export interface StoredOrder extends OrderRef {
  id: string;
  workflowId: string;
  accountSlug: string;
  connectionId: number;
  wmsConnectionId: number;
  status: 'stored' | 'started' | 'done' | 'failed';
  outcome: OrderOutcome | null;
  lines: StoredOrderLine[];
}

/** An order that nobody may be working on. */
export interface RestingOrder {
  id: string;
  workflowId: string;
}

export interface OrderStore {
  /** See {@link storeOrder}. */
  store(order: NewOrder): Promise<StoredResult>;
  find(orderId: string): Promise<StoredOrder | undefined>;
  /** The order of a run, whatever id it was stored with. */
  findByWorkflow(workflowId: string): Promise<StoredOrder | undefined>;
  /** See {@link restoreOrder}. */
  restore(orderId: string, order: OrderRecord & { workflowId: string }): Promise<void>;
  markStarted(orderId: string): Promise<void>;
  /** False, and nothing written, for `done` while a line is not cancelled on both sides: something is still to be done. */
  finish(
    orderId: string,
    result: { status: 'done' | 'failed'; outcome: OrderOutcome; error: string | null },
  ): Promise<boolean>;
  /** Believes a run that has succeeded: these lines are cancelled. A line that it knew nothing of is free for the next event. */
  settle(orderId: string, result: { outcome: OrderOutcome; cancelled: readonly string[] }): Promise<void>;
  /**
   * Notes that the lines, as they were read, are about to be asked for, before the request leaves, and returns the time of the note.
   * Undefined and nothing noted when one of them was written since: an attempt that stood still must not ask again for what another
   * one did.
   */
  markAsked(orderId: string, side: OrderSide, asRead: readonly StoredOrderLine[]): Promise<Date | undefined>;
  /** Takes the note of that time back, and no later one: the channel answered, or the request never left. */
  markAnswered(orderId: string, side: OrderSide, askedAt: Date): Promise<void>;
  /** Keeps the verdicts. Of an attempt that was overtaken it believes what is cancelled and nothing else; what is cancelled stays so. */
  recordVerdicts(orderId: string, side: OrderSide, verdicts: readonly CancelVerdict[], askedAt: Date): Promise<void>;
  /** Believes what the marketplace showed of lines that nobody has written since they were read, and of any that it has cancelled. */
  recordObserved(
    orderId: string,
    observed: readonly ObservedOrderLine[],
    asRead: readonly StoredOrderLine[],
  ): Promise<void>;
  /** Takes a person's word for lines that are not cancelled yet on that side; in the WMS only for those that the marketplace has cancelled. */
  confirm(orderId: string, seen: { side: OrderSide; cancelled: boolean; lines?: readonly string[] }): Promise<void>;
  /** Orders that have this status since `ageMs` at least, by id; the page that follows `after`. */
  findResting(status: 'stored' | 'started', ageMs: number, limit: number, after?: string): Promise<RestingOrder[]>;
}

const stateColumn = (side: OrderSide) => (side === 'marketplace' ? 'marketplaceState' : 'wmsState');
const messageColumn = (side: OrderSide): string => (side === 'marketplace' ? 'marketplaceMessage' : 'wmsMessage');

/**
 * What a line is after it was read back. That the marketplace does not show it says nothing of a request whose answer is missing: the
 * line stays asked for, so that nobody asks again blindly.
 */
export function stateShown(
  { state }: ObservedOrderLine,
  read: Pick<StoredOrderLine, 'marketplaceState'> | undefined,
): LineState {
  if (state === 'cancelled' || state === 'open') return state;
  return state === 'missing' && read?.marketplaceState === 'asked' ? 'asked' : 'refused';
}

/** Why a line is not cancelled: what the channel shows, after its refusal where there was one. */
function wordsOf({ channelWords }: ObservedOrderLine, read: StoredOrderLine | undefined): string {
  const refusal = read?.marketplaceState === 'refused' ? read.marketplaceMessage : null;
  return `${refusal === null ? '' : `${refusal}; `}read back: ${channelWords}`;
}

export function createOrderStore(db: Database): OrderStore {
  const findWhere = async (column: 'id' | 'workflowId', value: string): Promise<StoredOrder | undefined> => {
    const [order] = await db.select<Omit<StoredOrder, 'lines'>>(
      `SELECT id, workflowId, accountSlug, connectionId, wmsConnectionId, externalChannelId, orderNumber, vendorOrderNumber, status, outcome
         FROM orders WHERE ${column} = ?`,
      [value],
    );
    if (!order) return undefined;
    // The pieces before ours of the same line count as cancelled also while they are not: ours come on top of them.
    const isOver =
      "(o.marketplaceState = 'cancelled' OR (o.lineItemSequenceNumber = ol.lineItemSequenceNumber AND o.firstPiece < ol.firstPiece))";
    const lines = await db.select<StoredOrderLine>(
      `SELECT ol.lineItemSequenceNumber, ol.firstPiece, ol.orderItemId, ol.itemId, ol.marketplaceItemId, ol.quantity, ol.marketplaceState,
           ol.marketplaceMessage, ol.wmsState, ol.wmsMessage, ol.updatedAt, ol.buyerCancelled, ol.sellerCancelled,
           COALESCE(SUM(IF(${isOver}, o.quantity - o.buyerCancelled, o.sellerCancelled)), 0) AS cancelledBefore,
           COALESCE(SUM(o.buyerCancelled), 0) AS buyerCancelledBefore
         FROM order_lines ol LEFT JOIN order_lines o
           ON o.connectionId = ol.connectionId AND o.orderNumber = ol.orderNumber AND o.marketplaceItemId = ol.marketplaceItemId
             AND (o.lineItemSequenceNumber, o.firstPiece) <> (ol.lineItemSequenceNumber, ol.firstPiece)
             AND (${isOver} OR o.sellerCancelled > 0)
         WHERE ol.orderId = ?
         GROUP BY ol.connectionId, ol.orderNumber, ol.lineItemSequenceNumber, ol.firstPiece
         ORDER BY ol.lineItemSequenceNumber`,
      [order.id],
    );
    return { ...order, lines };
  };

  return {
    store: (order) => storeOrder(db, order),

    find: (orderId) => findWhere('id', orderId),
    findByWorkflow: (workflowId) => findWhere('workflowId', workflowId),
    restore: (orderId, order) => restoreOrder(db, orderId, order),

    async markStarted(orderId) {
      await db.change(
        "UPDATE orders SET status = 'started', updatedAt = UTC_TIMESTAMP(3) WHERE id = ? AND status = 'stored'",
        [orderId],
      );
    },

    async finish(orderId, { status, outcome, error }) {
      const { affectedRows } = await db.change(
        `UPDATE orders SET status = ?, outcome = ?, error = ?, updatedAt = UTC_TIMESTAMP(3)
         WHERE id = ? AND (? = 'failed' OR NOT EXISTS (SELECT 1 FROM order_lines ol
           WHERE ol.orderId = orders.id AND (ol.marketplaceState <> 'cancelled' OR ol.wmsState <> 'cancelled')))`,
        [status, outcome, error?.slice(0, 500) ?? null, orderId, status],
      );
      return affectedRows > 0;
    },

    settle: (orderId, { outcome, cancelled }) =>
      db.transaction(async (tx) => {
        if (cancelled.length > 0)
          await tx.change(
            `UPDATE order_lines SET marketplaceState = 'cancelled', wmsState = 'cancelled', updatedAt = UTC_TIMESTAMP(3)
             WHERE orderId = ? AND lineItemSequenceNumber IN (?)`,
            [orderId, [...cancelled]],
          );
        await tx.change(
          `UPDATE orders SET outcome = ?, updatedAt = UTC_TIMESTAMP(3), status = IF(EXISTS (SELECT 1 FROM order_lines ol
             WHERE ol.orderId = orders.id AND (ol.marketplaceState <> 'cancelled' OR ol.wmsState <> 'cancelled')), 'failed', 'done')
           WHERE id = ?`,
          [outcome, orderId],
        );
      }),

    markAsked: (orderId, side, asRead) =>
      db.transaction(async (tx) => {
        const column = stateColumn(side);
        const numbers = asRead.map((line) => line.lineItemSequenceNumber);
        const rows = await tx.select<{ line: string; state: LineState; updatedAt: Date; now: Date }>(
          `SELECT lineItemSequenceNumber AS line, ${column} AS state, updatedAt, UTC_TIMESTAMP(3) AS now FROM order_lines
           WHERE orderId = ? AND lineItemSequenceNumber IN (?) FOR UPDATE`,
          [orderId, numbers],
        );
        const current = new Map(rows.map((row) => [row.line, row]));
        const isAsRead = (line: StoredOrderLine) => {
          const { state, updatedAt } = current.get(line.lineItemSequenceNumber) ?? {};
          return state === line[column] && updatedAt?.getTime() === line.updatedAt.getTime();
        };
        if (!asRead.every(isAsRead)) return undefined;
        // A time that no line has had before, also when all this happens within a millisecond.
        const askedAt = new Date(Math.max(...rows.flatMap(({ now, updatedAt }) => [+now, +updatedAt + 1])));
        await tx.change(
          `UPDATE order_lines SET ${column} = 'asked', updatedAt = ? WHERE orderId = ? AND lineItemSequenceNumber IN (?)`,
          [askedAt, orderId, numbers],
        );
        // A run that a person reset has given up before: while it asks, no other order may take its lines over.
        await tx.change(
          "UPDATE orders SET status = 'started', outcome = NULL, error = NULL, updatedAt = ? WHERE id = ? AND status = 'failed'",
          [askedAt, orderId],
        );
        return askedAt;
      }),

    async markAnswered(orderId, side, askedAt) {
      await db.change(
        `UPDATE order_lines SET ${stateColumn(side)} = 'open', updatedAt = UTC_TIMESTAMP(3)
         WHERE orderId = ? AND ${stateColumn(side)} = 'asked' AND updatedAt = ?`,
        [orderId, askedAt],
      );
    },

    recordVerdicts: (orderId, side, verdicts, askedAt) =>
      db.transaction(async (tx) => {
        for (const line of verdicts) {
          // Silence about a line is no answer: it stays asked, so that it is read back before anybody asks again.
          const state: LineState = line.verdict === 'unknown' ? 'asked' : line.verdict;
          await tx.change(
            `UPDATE order_lines SET ${stateColumn(side)} = ?, ${messageColumn(side)} = ?, updatedAt = UTC_TIMESTAMP(3)
             WHERE orderId = ? AND lineItemSequenceNumber = ? AND ${stateColumn(side)} <> 'cancelled' AND (? = 'cancelled' OR updatedAt = ?)`,
            [
              state,
              'message' in line ? line.message.slice(0, 500) : null,
              orderId,
              line.lineItemSequenceNumber,
              state,
              askedAt,
            ],
          );
        }
      }),

    recordObserved: (orderId, observed, asRead) =>
      db.transaction(async (tx) => {
        const linesRead = new Map(asRead.map((line) => [line.lineItemSequenceNumber, line]));
        for (const line of observed) {
          const read = linesRead.get(line.lineItemSequenceNumber);
          const state = stateShown(line, read);
          await tx.change(
            `UPDATE order_lines SET marketplaceState = ?, marketplaceMessage = CASE ? WHEN 'cancelled' THEN NULL WHEN 'open' THEN marketplaceMessage ELSE ? END, buyerCancelled = COALESCE(?, buyerCancelled),
               sellerCancelled = COALESCE(?, sellerCancelled), updatedAt = UTC_TIMESTAMP(3)
             WHERE orderId = ? AND lineItemSequenceNumber = ? AND marketplaceState <> 'cancelled' AND (? = 'cancelled' OR updatedAt = ?)`,
            [
              state,
              state,
              wordsOf(line, read).slice(0, 500),
              line.buyerCancelled ?? null,
              line.sellerCancelled ?? null,
              orderId,
              line.lineItemSequenceNumber,
              state,
              read?.updatedAt ?? null,
            ],
          );
        }
      }),

    async confirm(orderId, { side, cancelled, lines }) {
      if (lines?.length === 0) return;
      const column = stateColumn(side);
      await db.change(
        `UPDATE order_lines SET ${column} = ?, ${messageColumn(side)} = ?, updatedAt = UTC_TIMESTAMP(3)
         WHERE orderId = ? AND ${column} <> 'cancelled' ${side === 'wms' ? "AND marketplaceState = 'cancelled'" : ''}
         ${lines ? 'AND lineItemSequenceNumber IN (?)' : ''}`,
        [
          cancelled ? 'cancelled' : 'open',
          cancelled ? null : 'a person saw that it is not cancelled',
          orderId,
          ...(lines ? [[...lines]] : []),
        ],
      );
    },

    findResting: (status, ageMs, limit, after = '') =>
      db.select<RestingOrder>(
        'SELECT id, workflowId FROM orders WHERE status = ? AND updatedAt < ? AND id > ? ORDER BY id LIMIT ?',
        [status, new Date(Date.now() - ageMs), after, limit],
      ),
  };
}
