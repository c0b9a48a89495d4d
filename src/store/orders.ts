import type {
  CancelVerdict,
  LinePieces,
  ObservedOrderLine,
  OrderOutcome,
  OrderRecord,
  OrderRef,
} from '../contracts/order';
import type { Database, Queryable } from './database';
import { type NewOrder, restoreOrder, type StoredResult, storeOrder } from './order-intake';
import { createOrderMarks, type OrderMarks, stateColumn } from './order-marks';

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
  /**
   * When the marketplace accepted the cancel: its answer; where that was read back or confirmed by a person, when it was last asked, or
   * that moment if it was not. Null until then, and for lines that were cancelled before this was kept.
   */
  marketplaceCancelledAt: Date | null;
  wmsState: LineState;
  wmsMessage: string | null;
  /** How many lines of other orders are one line with this one at the marketplace and are asked for now. */
  askedBeside: number;
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

export interface OrderStore extends OrderMarks {
  /** See {@link storeOrder}. */
  store(order: NewOrder): Promise<StoredResult>;
  find(orderId: string): Promise<StoredOrder | undefined>;
  /** The order of a run, whatever id it was stored with. */
  findByWorkflow(workflowId: string): Promise<StoredOrder | undefined>;
  /** See {@link restoreOrder}. */
  restore(orderId: string, order: OrderRecord & { workflowId: string }): Promise<void>;
  /** Answers the database's time, by which later writes can be told from earlier ones. */
  markStarted(orderId: string): Promise<Date>;
  /**
   * False, and nothing written, for `done` while a line is not cancelled on both sides: something is still to be done. The same for
   * `failed` when the event has come again after `startedAt`: what it stored is for the next run.
   */
  finish(
    orderId: string,
    result: { status: 'done' | 'failed'; outcome: OrderOutcome; error: string | null; startedAt?: Date },
  ): Promise<boolean>;
  /** Believes a run that has succeeded: these lines are cancelled. A line that it knew nothing of is free for the next event. */
  settle(orderId: string, result: { outcome: OrderOutcome; cancelled: readonly string[] }): Promise<void>;
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

const messageColumn = (side: OrderSide): string => (side === 'marketplace' ? 'marketplaceMessage' : 'wmsMessage');

/** The time of acceptance that a statement writes which sets the state to the value of its next parameter: that of the one after, unless one is there. */
const ACCEPTED_AT =
  "marketplaceCancelledAt = IF(? = 'cancelled', COALESCE(marketplaceCancelledAt, ?), marketplaceCancelledAt)";

/** When lines were accepted whose answer nobody heard: when the marketplace was last asked for one of them, or else now. One time for all of them. */
async function lastAskedAt(db: Queryable, orderId: string): Promise<Date> {
  const [found] = await db.select<{ at: Date }>(
    `SELECT COALESCE(MAX(updatedAt), UTC_TIMESTAMP(3)) AS at FROM order_lines WHERE orderId = ? AND marketplaceState = 'asked'`,
    [orderId],
  );
  if (!found) throw new Error('the database tells no time');
  return found.at;
}

/** The database's clock: lines of one answer are accepted at one time, where each statement has its own. */
async function clockOf(db: Queryable): Promise<Date> {
  const [clock] = await db.select<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now', []);
  if (!clock) throw new Error('the database tells no time');
  return clock.now;
}

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
           ol.marketplaceMessage, ol.marketplaceCancelledAt, ol.wmsState, ol.wmsMessage, ol.updatedAt, ol.buyerCancelled, ol.sellerCancelled,
           COALESCE(SUM(IF(${isOver}, o.quantity - o.buyerCancelled, o.sellerCancelled)), 0) AS cancelledBefore,
           COALESCE(SUM(o.buyerCancelled), 0) AS buyerCancelledBefore,
           (SELECT COUNT(*) FROM order_lines b WHERE b.connectionId = ol.connectionId AND b.orderNumber = ol.orderNumber
             AND b.marketplaceItemId = ol.marketplaceItemId AND b.orderId <> ol.orderId AND b.marketplaceState = 'asked') AS askedBeside
         FROM order_lines ol LEFT JOIN order_lines o
           ON o.connectionId = ol.connectionId AND o.orderNumber = ol.orderNumber AND o.marketplaceItemId = ol.marketplaceItemId
             AND (o.lineItemSequenceNumber, o.firstPiece) <> (ol.lineItemSequenceNumber, ol.firstPiece)
             AND (${isOver} OR (o.sellerCancelled > 0 AND o.orderId <> ol.orderId))
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
      const [clock] = await db.select<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now', []);
      return clock?.now ?? new Date();
    },

    async finish(orderId, { status, outcome, error, startedAt }) {
      const { affectedRows } = await db.change(
        `UPDATE orders SET status = ?, outcome = ?, error = ?, updatedAt = UTC_TIMESTAMP(3)
         WHERE id = ? AND IF(? = 'failed', status <> 'stored' OR updatedAt <= COALESCE(?, updatedAt), NOT EXISTS (
           SELECT 1 FROM order_lines ol
           WHERE ol.orderId = orders.id AND (ol.marketplaceState <> 'cancelled' OR ol.wmsState <> 'cancelled')))`,
        [status, outcome, error?.slice(0, 500) ?? null, orderId, status, startedAt ?? null],
      );
      return affectedRows > 0;
    },

    settle: (orderId, { outcome, cancelled }) =>
      db.transaction(async (tx) => {
        if (cancelled.length > 0)
          await tx.change(
            `UPDATE order_lines SET marketplaceCancelledAt = COALESCE(marketplaceCancelledAt, UTC_TIMESTAMP(3)),
               marketplaceState = 'cancelled', wmsState = 'cancelled', updatedAt = UTC_TIMESTAMP(3)
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

    ...createOrderMarks(db),

    recordVerdicts: (orderId, side, verdicts, askedAt) =>
      db.transaction(async (tx) => {
        const now = await clockOf(tx);
        for (const line of verdicts) {
          // Silence about a line is no answer: it stays asked, so that it is read back before anybody asks again.
          const state: LineState = line.verdict === 'unknown' ? 'asked' : line.verdict;
          const isAccepted = side === 'marketplace' && state === 'cancelled';
          await tx.change(
            `UPDATE order_lines SET ${isAccepted ? 'marketplaceCancelledAt = COALESCE(marketplaceCancelledAt, ?),' : ''}
               ${stateColumn(side)} = ?, ${messageColumn(side)} = ?, updatedAt = UTC_TIMESTAMP(3)
             WHERE orderId = ? AND lineItemSequenceNumber = ? AND ${stateColumn(side)} <> 'cancelled' AND (? = 'cancelled' OR updatedAt = ?)`,
            [
              ...(isAccepted ? [now] : []),
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
        const acceptedAt = await lastAskedAt(tx, orderId);
        const linesRead = new Map(asRead.map((line) => [line.lineItemSequenceNumber, line]));
        for (const line of observed) {
          const read = linesRead.get(line.lineItemSequenceNumber);
          const state = stateShown(line, read);
          await tx.change(
            `UPDATE order_lines SET ${ACCEPTED_AT}, marketplaceState = ?, marketplaceMessage = CASE ? WHEN 'cancelled' THEN NULL WHEN 'open' THEN marketplaceMessage ELSE ? END, buyerCancelled = COALESCE(?, buyerCancelled),
               sellerCancelled = COALESCE(?, sellerCancelled), updatedAt = UTC_TIMESTAMP(3)
             WHERE orderId = ? AND lineItemSequenceNumber = ? AND marketplaceState <> 'cancelled' AND (? = 'cancelled' OR updatedAt = ?)`,
            [
              state,
              acceptedAt,
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
      const state: LineState = cancelled ? 'cancelled' : 'open';
      const isOfMarketplace = side === 'marketplace';
      await db.change(
        `UPDATE order_lines SET ${isOfMarketplace ? `${ACCEPTED_AT},` : ''} ${column} = ?, ${messageColumn(side)} = ?, updatedAt = UTC_TIMESTAMP(3)
         WHERE orderId = ? AND ${column} <> 'cancelled' ${side === 'wms' ? "AND marketplaceState = 'cancelled'" : ''}
         ${lines ? 'AND lineItemSequenceNumber IN (?)' : ''}`,
        [
          ...(isOfMarketplace ? [state, await lastAskedAt(db, orderId)] : []),
          state,
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
