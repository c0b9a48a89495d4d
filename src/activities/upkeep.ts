import { heartbeat } from '@temporalio/activity';
import type { InventorySyncStore } from '../store/inventory-syncs';
import type { OrderStore } from '../store/orders';
import type { StockLevelStore } from '../store/stock-levels';

/** Fresh work is on its way by itself; older work was forgotten. */
const STALE_AFTER_MS = 15_000;
const MAX_POKES = 500;
const MAX_FAILURES_TOLD = 20;
/** Small enough to hold its locks only for a moment, repeated until nothing is left. */
const ROWS_PER_DELETE = 2_000;
const MAX_DELETE_ROUNDS = 200;

export interface UpkeepDeps {
  levels: Pick<StockLevelStore, 'findStale'>;
  orders: Pick<OrderStore, 'findUnstarted'>;
  inventorySyncs: Pick<InventorySyncStore, 'findWaiting'>;
  dispatch: {
    ensureInventorySync(connectionId: number): Promise<void>;
    startOrder(orderId: string): Promise<void>;
    startImport(syncId: string): Promise<void>;
  };
  deleteExpired(limit: number): Promise<Record<string, number>>;
}

export interface SweepResult {
  pokedConnections: number;
  startedOrders: number;
  startedImports: number;
  /** What could not be started, the first few by name; the next sweep tries again. */
  failed: string[];
}

export const createUpkeepActivities = (deps: UpkeepDeps) => ({
  /** Starts the syncs of connections whose lines wait although nobody is sending, and starts the orders and the imports that never started. */
  async pokeStaleWork(): Promise<SweepResult> {
    const failed: string[] = [];
    // One that cannot be started, such as work of a connection that was deleted, must not keep the others waiting.
    const startEach = async <Id>(
      what: string,
      ids: readonly Id[],
      start: (id: Id) => Promise<void>,
    ): Promise<number> => {
      for (const id of ids) {
        await start(id).catch(() => failed.push(`${what} ${id}`));
        heartbeat();
      }
      return ids.length;
    };
    const connectionIds = await deps.levels.findStale(STALE_AFTER_MS, MAX_POKES);
    const orderIds = await deps.orders.findUnstarted(STALE_AFTER_MS, MAX_POKES);
    const syncIds = await deps.inventorySyncs.findWaiting(STALE_AFTER_MS, MAX_POKES);
    return {
      pokedConnections: await startEach('connection', connectionIds, deps.dispatch.ensureInventorySync),
      startedOrders: await startEach('order', orderIds, deps.dispatch.startOrder),
      startedImports: await startEach('import', syncIds, deps.dispatch.startImport),
      failed: failed.slice(0, MAX_FAILURES_TOLD),
    };
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
