import { heartbeat } from '@temporalio/activity';
import type { OrderStore } from '../store/orders';
import type { StockLevelStore } from '../store/stock-levels';

/** Fresh work is on its way by itself; older work was forgotten. */
const STALE_AFTER_MS = 30_000;
const MAX_POKES = 500;
/** Small enough to hold its locks only for a moment, repeated until nothing is left. */
const ROWS_PER_DELETE = 2_000;
const MAX_DELETE_ROUNDS = 200;

export interface UpkeepDeps {
  levels: Pick<StockLevelStore, 'findStale'>;
  orders: Pick<OrderStore, 'findUnstarted'>;
  dispatch: { pokeInventorySync(connectionId: number): Promise<void>; startOrder(orderId: string): Promise<void> };
  deleteExpired(limit: number): Promise<Record<string, number>>;
}

export interface SweepResult {
  pokedConnections: number;
  startedOrders: number;
}

export const createUpkeepActivities = (deps: UpkeepDeps) => ({
  /** Pokes the connections whose lines wait although nobody is sending, and starts the orders that never started. */
  async pokeStaleWork(): Promise<SweepResult> {
    const connectionIds = await deps.levels.findStale(STALE_AFTER_MS, MAX_POKES);
    for (const connectionId of connectionIds) {
      await deps.dispatch.pokeInventorySync(connectionId);
      heartbeat();
    }
    const orderIds = await deps.orders.findUnstarted(STALE_AFTER_MS, MAX_POKES);
    for (const orderId of orderIds) {
      await deps.dispatch.startOrder(orderId);
      heartbeat();
    }
    return { pokedConnections: connectionIds.length, startedOrders: orderIds.length };
  },

  /** Forgets what is older than the retention, a bounded number of rows at a time. */
  async deleteExpired(): Promise<{ rows: number }> {
    let rows = 0;
    for (let round = 0; round < MAX_DELETE_ROUNDS; round++) {
      const deleted = Object.values(await deps.deleteExpired(ROWS_PER_DELETE));
      rows += deleted.reduce((sum, count) => sum + count, 0);
      heartbeat();
      if (deleted.every((count) => count < ROWS_PER_DELETE)) break;
    }
    return { rows };
  },
});
