import type { Database } from './database';
import type { LineState, OrderSide, StoredOrderLine } from './orders';

/** Notes of what is about to be asked for, which survive the process that asks. */
export interface OrderMarks {
  /**
   * Notes that the lines, as they were read, are about to be asked for, before the request leaves, and returns the time of the note.
   * Nothing is noted when one of them was written since (`overtaken`): an attempt that stood still must not ask again for what another
   * one did; nor while another order asks the marketplace for what is the same line there (`inUse`): it shows the sum of both, and
   * nobody could tell afterwards whose request it applied.
   */
  markAsked(
    orderId: string,
    side: OrderSide,
    asRead: readonly StoredOrderLine[],
  ): Promise<Date | 'overtaken' | 'inUse'>;
  /** Takes the lines, as they were read, for ones that the marketplace may have been asked for: they are read back first. */
  markUncertain(orderId: string, asRead: readonly StoredOrderLine[]): Promise<void>;
  /** Takes the note of that time back, and no later one: the channel answered, or the request never left. */
  markAnswered(orderId: string, side: OrderSide, askedAt: Date): Promise<void>;
}

interface AskedRow {
  orderId: string;
  line: string;
  marketplaceItemId: string;
  state: LineState;
  updatedAt: Date;
  now: Date;
}

/** The column that holds a line's state on that side. */
export const stateColumn = (side: OrderSide) => (side === 'marketplace' ? 'marketplaceState' : 'wmsState');

export const createOrderMarks = (db: Database): OrderMarks => ({
  markAsked: (orderId, side, asRead) =>
    db.transaction(async (tx) => {
      const column = stateColumn(side);
      const numbers = asRead.map((line) => line.lineItemSequenceNumber);
      const [order] = await tx.select<{ connectionId: number; orderNumber: string }>(
        'SELECT connectionId, orderNumber FROM orders WHERE id = ?',
        [orderId],
      );
      // All lines of the marketplace's order, so that two runs that ask for the same line there wait here for each other.
      const all = await tx.select<AskedRow>(
        `SELECT orderId, lineItemSequenceNumber AS line, marketplaceItemId, ${column} AS state, updatedAt, UTC_TIMESTAMP(3) AS now
         FROM order_lines WHERE connectionId = ? AND orderNumber = ? FOR UPDATE`,
        [order?.connectionId ?? 0, order?.orderNumber ?? ''],
      );
      const rows = all.filter((row) => row.orderId === orderId && numbers.includes(row.line));
      const current = new Map(rows.map((row) => [row.line, row]));
      const isAsRead = (line: StoredOrderLine) => {
        const { state, updatedAt } = current.get(line.lineItemSequenceNumber) ?? {};
        return state === line[column] && updatedAt?.getTime() === line.updatedAt.getTime();
      };
      if (!asRead.every(isAsRead)) return 'overtaken';
      const items = new Set(asRead.map((line) => line.marketplaceItemId));
      const isBeside = (row: AskedRow) =>
        row.orderId !== orderId && row.state === 'asked' && items.has(row.marketplaceItemId);
      if (side === 'marketplace' && all.some(isBeside)) return 'inUse';
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

  async markUncertain(orderId, asRead) {
    for (const line of asRead)
      await db.change(
        `UPDATE order_lines SET marketplaceState = 'asked', updatedAt = UTC_TIMESTAMP(3)
         WHERE orderId = ? AND lineItemSequenceNumber = ? AND marketplaceState <> 'cancelled' AND updatedAt = ?`,
        [orderId, line.lineItemSequenceNumber, line.updatedAt],
      );
  },

  async markAnswered(orderId, side, askedAt) {
    await db.change(
      `UPDATE order_lines SET ${stateColumn(side)} = 'open', updatedAt = UTC_TIMESTAMP(3)
       WHERE orderId = ? AND ${stateColumn(side)} = 'asked' AND updatedAt = ?`,
      [orderId, askedAt],
    );
  },
});
