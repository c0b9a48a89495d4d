import type { CancelVerdict, ObservedOrderLine, OrderLine, OrderOutcome, OrderRef } from '../contracts/order';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import { newId } from './new-id';

/** The two systems that a line is cancelled in; the name of the columns that hold its state there. */
export type OrderSide = 'marketplace' | 'wms';

export type LineState = 'open' | 'asked' | 'cancelled' | 'refused';

export interface StoredOrderLine extends OrderLine {
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

export type NewOrder = Omit<StoredOrder, 'id' | 'status' | 'outcome' | 'lines'> & { lines: readonly OrderLine[] };

/** An order that nobody may be working on. */
export interface RestingOrder {
  id: string;
  workflowId: string;
}

export interface OrderStore {
  /** Stores an order with the lines that no other open or finished run owns. `duplicate` when none is left, or when it is stored already. */
  store(
    order: NewOrder,
  ): Promise<{ orderId: string; workflowId: string; status: 'accepted' | 'duplicate'; isDone: boolean }>;
  find(orderId: string): Promise<StoredOrder | undefined>;
  markStarted(orderId: string): Promise<void>;
  finish(
    orderId: string,
    result: { status: 'done' | 'failed'; outcome: OrderOutcome; error: string | null },
  ): Promise<void>;
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

async function insertLines(tx: Queryable, orderId: string, order: NewOrder): Promise<number> {
  const lines = [...order.lines].sort((a, b) => (a.lineItemSequenceNumber < b.lineItemSequenceNumber ? -1 : 1));
  const rows = lines.map((line): SqlValue[] => [
    order.connectionId,
    order.orderNumber,
    line.lineItemSequenceNumber,
    orderId,
    line.orderItemId,
    line.itemId,
    line.marketplaceItemId,
    line.quantity,
    new Date(),
  ]);
  for (const chunk of inChunks(rows)) {
    await tx.change(
      `INSERT INTO order_lines (connectionId, orderNumber, lineItemSequenceNumber, orderId, orderItemId, itemId, marketplaceItemId, quantity, updatedAt)
       VALUES ? ON DUPLICATE KEY UPDATE orderId = orderId`,
      [chunk],
    );
  }
  // A line whose run failed, or whose order is this one, may be taken over; what the marketplace accepted stays accepted.
  await tx.change(
    `UPDATE order_lines ol JOIN orders o ON o.id = ol.orderId SET ol.orderId = ?
     WHERE ol.connectionId = ? AND ol.orderNumber = ? AND ol.lineItemSequenceNumber IN (?) AND o.status = 'failed'`,
    [orderId, order.connectionId, order.orderNumber, lines.map((line) => line.lineItemSequenceNumber)],
  );
  const [owned] = await tx.select<{ owned: number }>('SELECT COUNT(*) AS owned FROM order_lines WHERE orderId = ?', [
    orderId,
  ]);
  return owned?.owned ?? 0;
}

class NothingNew extends Error {}

export function createOrderStore(db: Database): OrderStore {
  const insert = (order: NewOrder) =>
    db.transaction(async (tx) => {
      const id = newId();
      await tx.change(
        `INSERT INTO orders (id, workflowId, accountSlug, connectionId, wmsConnectionId, externalChannelId, orderNumber, vendorOrderNumber,
           status, createdAt, updatedAt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'stored', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE id = id`,
        [
          id,
          order.workflowId,
          order.accountSlug,
          order.connectionId,
          order.wmsConnectionId,
          order.externalChannelId,
          order.orderNumber,
          order.vendorOrderNumber,
        ],
      );
      const [row] = await tx.select<{ id: string; status: StoredOrder['status'] }>(
        'SELECT id, status FROM orders WHERE workflowId = ? FOR UPDATE',
        [order.workflowId],
      );
      if (!row) throw new Error(`order ${order.workflowId} was not stored`);
      if (row.id !== id && row.status !== 'failed')
        return {
          orderId: row.id,
          workflowId: order.workflowId,
          status: 'duplicate' as const,
          isDone: row.status === 'done',
        };
      const owned = await insertLines(tx, row.id, order);
      if (owned === 0) throw new NothingNew();
      await tx.change(
        "UPDATE orders SET status = 'stored', outcome = NULL, error = NULL, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?",
        [row.id],
      );
      return { orderId: row.id, workflowId: order.workflowId, status: 'accepted' as const, isDone: false };
    });

  const ownerOf = async (order: NewOrder): Promise<{ orderId: string; workflowId: string }> => {
    const [owner] = await db.select<{ orderId: string; workflowId: string }>(
      `SELECT o.id AS orderId, o.workflowId FROM order_lines ol JOIN orders o ON o.id = ol.orderId
       WHERE ol.connectionId = ? AND ol.orderNumber = ? AND ol.lineItemSequenceNumber IN (?) LIMIT 1`,
      [order.connectionId, order.orderNumber, order.lines.map((line) => line.lineItemSequenceNumber)],
    );
    if (!owner) throw new Error(`the lines of order ${order.workflowId} have no owner`);
    return owner;
  };

  return {
    async store(order) {
      try {
        return await insert(order);
      } catch (error) {
        if (!(error instanceof NothingNew)) throw error;
        return { ...(await ownerOf(order)), status: 'duplicate', isDone: true };
      }
    },

    async find(orderId) {
      const [order] = await db.select<Omit<StoredOrder, 'lines'>>(
        `SELECT id, workflowId, accountSlug, connectionId, wmsConnectionId, externalChannelId, orderNumber, vendorOrderNumber, status, outcome
         FROM orders WHERE id = ?`,
        [orderId],
      );
      if (!order) return undefined;
      const lines = await db.select<StoredOrderLine>(
        `SELECT lineItemSequenceNumber, orderItemId, itemId, marketplaceItemId, quantity, marketplaceState, marketplaceMessage, wmsState, wmsMessage, updatedAt
         FROM order_lines WHERE orderId = ? ORDER BY lineItemSequenceNumber`,
        [orderId],
      );
      return { ...order, lines };
    },

    async markStarted(orderId) {
      await db.change(
        "UPDATE orders SET status = 'started', updatedAt = UTC_TIMESTAMP(3) WHERE id = ? AND status = 'stored'",
        [orderId],
      );
    },

    async finish(orderId, { status, outcome, error }) {
      await db.change(
        'UPDATE orders SET status = ?, outcome = ?, error = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?',
        [status, outcome, error?.slice(0, 500) ?? null, orderId],
      );
    },

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
        const readAt = new Map(asRead.map((line) => [line.lineItemSequenceNumber, line.updatedAt]));
        for (const line of observed) {
          const state: LineState =
            line.state === 'cancelled' ? 'cancelled' : line.state === 'open' ? 'open' : 'refused';
          await tx.change(
            `UPDATE order_lines SET marketplaceState = ?, marketplaceMessage = CASE ? WHEN 'refused' THEN ? WHEN 'open' THEN marketplaceMessage END, updatedAt = UTC_TIMESTAMP(3)
             WHERE orderId = ? AND lineItemSequenceNumber = ? AND marketplaceState <> 'cancelled' AND (? = 'cancelled' OR updatedAt = ?)`,
            [
              state,
              state,
              `the channel shows it as ${line.channelWords}`.slice(0, 500),
              orderId,
              line.lineItemSequenceNumber,
              state,
              readAt.get(line.lineItemSequenceNumber) ?? null,
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
