import { heartbeat } from '@temporalio/activity';
import type { InventorySyncStore } from '../store/inventory-syncs';
import type { OrderStore, RestingOrder } from '../store/orders';
import type { StockLevelStore } from '../store/stock-levels';

/** Fresh work is on its way by itself; older work was forgotten. */
const STALE_AFTER_MS = 15_000;
/** A run that has started writes to its order's row only at its end, so it is Temporal that knows whether it is open. */
const STARTED_AFTER_MS = 60_000;
const PAGE_SIZE = 500;
const MAX_FAILURES_TOLD = 20;
/** Small enough to hold its locks only for a moment, repeated until nothing is left. */
const ROWS_PER_DELETE = 2_000;
const MAX_DELETE_ROUNDS = 200;

export interface UpkeepDeps {
  levels: Pick<StockLevelStore, 'findStale'>;
  orders: Pick<OrderStore, 'findResting'>;
  inventorySyncs: Pick<InventorySyncStore, 'findWaiting'>;
  dispatch: {
    ensureInventorySync(connectionId: number): Promise<void>;
    startOrder(orderId: string): Promise<void>;
    openOrders(): Promise<ReadonlySet<string>>;
    startImport(syncId: string): Promise<void>;
  };
  onSweep(result: SweepResult): void;
  deleteExpired(limit: number): Promise<Record<string, number>>;
}

export interface SweepResult {
  pokedConnections: number;
  /** Orders that never started, and orders whose run is gone. */
  startedOrders: number;
  startedImports: number;
  failedCount: number;
  /** What could not be started, the first few by name; the next sweep tries again. */
  failed: string[];
}

/** Hands out every page until one is not full: what cannot be started stays in its place and must not hide what follows. */
async function* everyPage<Row, Id>(
  read: (after?: Id) => Promise<Row[]>,
  idOf: (row: Row) => Id,
): AsyncGenerator<Row[], void, undefined> {
  let after: Id | undefined;
  for (;;) {
    const page = await read(after);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    after = idOf(last);
  }
}

export const createUpkeepActivities = (deps: UpkeepDeps) => ({
  /**
   * Starts the syncs of connections whose lines wait although nobody is sending, the imports and the orders that never started, and
   * the orders whose run is gone, such as terminated or lost with Temporal's database.
   */
  async pokeStaleWork(): Promise<SweepResult> {
    const { levels, orders, inventorySyncs, dispatch } = deps;
    let failedCount = 0;
    const failed: string[] = [];
    // One that cannot be started, such as work of a connection that was deleted, must not keep the others waiting.
    async function startEach<Id>(
      what: string,
      pages: AsyncIterable<Id[]>,
      start: (id: Id) => Promise<void>,
    ): Promise<number> {
      let count = 0;
      for await (const ids of pages) {
        for (const id of ids) {
          await start(id).catch(() => {
            failedCount += 1;
            if (failed.length < MAX_FAILURES_TOLD) failed.push(`${what} ${id}`);
          });
          heartbeat();
        }
        count += ids.length;
      }
      return count;
    }
    const same = <Id>(id: Id): Id => id;
    const resting = (status: 'stored' | 'started', ageMs: number) =>
      everyPage(
        (after?: string) => orders.findResting(status, ageMs, PAGE_SIZE, after),
        ({ id }) => id,
      );
    async function* idsOf(pages: AsyncIterable<RestingOrder[]>, isWanted: (order: RestingOrder) => boolean) {
      for await (const page of pages) yield page.filter(isWanted).map(({ id }) => id);
    }
    const stale = everyPage((after?: number) => levels.findStale(STALE_AFTER_MS, PAGE_SIZE, after), same);
    const waiting = everyPage((after?: string) => inventorySyncs.findWaiting(STALE_AFTER_MS, PAGE_SIZE, after), same);
    const pokedConnections = await startEach('connection', stale, dispatch.ensureInventorySync);
    const unstarted = idsOf(resting('stored', STALE_AFTER_MS), () => true);
    const startedOrders = await startEach('order', unstarted, dispatch.startOrder);
    const startedImports = await startEach('import', waiting, dispatch.startImport);
    const open = await dispatch.openOrders();
    heartbeat();
    const orphaned = idsOf(resting('started', STARTED_AFTER_MS), ({ workflowId }) => !open.has(workflowId));
    const takenOver = await startEach('order', orphaned, dispatch.startOrder);
    const result = { pokedConnections, startedOrders: startedOrders + takenOver, startedImports, failedCount, failed };
    deps.onSweep(result);
    return result;
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
