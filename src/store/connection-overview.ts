import { type Database, inChunks } from './database';

/** How the stock of one connection stands. */
export interface ConnectionWork {
  /** Lines that are to be sent. */
  dirty: number;
  /** Lines that are in a push which is open. */
  claimed: number;
  /** Lines that wait, dirty and claimed, whose quantity is zero: what may be sold although it is not there. */
  zeros: number;
  /** Since when the oldest line waits, milliseconds since the epoch; null when none does. */
  oldestWaitingMs: number | null;
  /** Lines that the channel refused. */
  rejected: number;
  /** When a push that was created last among those with an accepted line was closed; null when none is kept. */
  lastAcceptedMs: number | null;
}

const NO_WORK: ConnectionWork = {
  dirty: 0,
  claimed: 0,
  zeros: 0,
  oldestWaitingMs: null,
  rejected: 0,
  lastAcceptedMs: null,
};

interface StateCount {
  connectionId: number;
  state: 'dirty' | 'claimed' | 'rejected';
  levels: number;
  zeros: number;
  oldestMs: number;
}

/**
 * The work of each of the connections, by id. Reads the entries of an index for lines that wait or were refused and, for each connection,
 * its newest pushes: what is clean, and how long the history is, costs nothing.
 */
export async function readConnectionWork(db: Database, ids: readonly number[]): Promise<Map<number, ConnectionWork>> {
  const works = new Map(ids.map((id) => [id, { ...NO_WORK }]));
  for (const chunk of inChunks(ids)) {
    const counts = await db.select<StateCount>(
      `SELECT connectionId, state, COUNT(*) AS levels, CAST(SUM(desiredQuantity = 0) AS SIGNED) AS zeros, MIN(dirtySinceMs) AS oldestMs
       FROM stock_levels FORCE INDEX (ix_level_zero)
       WHERE connectionId IN (?) AND state IN ('dirty', 'claimed', 'rejected') GROUP BY connectionId, state`,
      [[...chunk]],
    );
    for (const { connectionId, state, levels, zeros, oldestMs } of counts) {
      const work = works.get(connectionId);
      if (!work) continue;
      work[state] = levels;
      if (state === 'rejected') continue;
      work.zeros += Number(zeros);
      work.oldestWaitingMs = Math.min(work.oldestWaitingMs ?? oldestMs, oldestMs);
    }
    // A table of the ids, so that each one looks up its newest push and no other.
    const asTable = chunk.map(() => 'SELECT ? AS connectionId').join(' UNION ALL ');
    const accepted = await db.select<{ connectionId: number; acceptedAt: Date | null }>(
      `SELECT c.connectionId, (
         SELECT p.updatedAt FROM pushes p FORCE INDEX (ix_push_open)
         WHERE p.connectionId = c.connectionId AND p.state = 'closed' AND p.acceptedCount > 0 ORDER BY p.id DESC LIMIT 1
       ) AS acceptedAt
       FROM (${asTable}) c`,
      [...chunk],
    );
    for (const { connectionId, acceptedAt } of accepted) {
      const work = works.get(connectionId);
      if (work) work.lastAcceptedMs = acceptedAt?.getTime() ?? null;
    }
  }
  return works;
}

/** What has to be over, or given up, before a connection can go. */
export interface UnfinishedWork {
  /** Lines that wait, dirty and claimed. */
  lines: number;
  /** Ids of the runs of orders that are not over, on either side; at most so many as were asked for. */
  orders: string[];
  /** Files that callers named and that are still to be fetched. */
  files: number;
}

export async function readUnfinishedWork(db: Database, id: number, maxOrders: number): Promise<UnfinishedWork> {
  const [level] = await db.select<{ waiting: number }>(
    "SELECT COUNT(*) AS waiting FROM stock_levels WHERE connectionId = ? AND state IN ('dirty', 'claimed')",
    [id],
  );
  const orders = await db.select<{ workflowId: string }>(
    `SELECT workflowId FROM orders WHERE status IN ('stored', 'started') AND (connectionId = ? OR wmsConnectionId = ?)
     ORDER BY id LIMIT ?`,
    [id, id, maxOrders],
  );
  const [file] = await db.select<{ waiting: number }>(
    "SELECT COUNT(*) AS waiting FROM inventory_syncs WHERE state = 'waiting' AND connectionId = ?",
    [id],
  );
  return {
    lines: level?.waiting ?? 0,
    orders: orders.map(({ workflowId }) => workflowId),
    files: file?.waiting ?? 0,
  };
}

/** The connections of an order. */
export interface OrderSides {
  connectionId: number;
  wmsConnectionId: number;
}

/** The sides of those of the runs that are of an order which is known. */
export async function readOrderSides(db: Database, workflowIds: readonly string[]): Promise<Map<string, OrderSides>> {
  const sides = new Map<string, OrderSides>();
  for (const chunk of inChunks(workflowIds)) {
    const rows = await db.select<OrderSides & { workflowId: string }>(
      'SELECT workflowId, connectionId, wmsConnectionId FROM orders WHERE workflowId IN (?)',
      [[...chunk]],
    );
    for (const { workflowId, ...order } of rows) sides.set(workflowId, order);
  }
  return sides;
}
