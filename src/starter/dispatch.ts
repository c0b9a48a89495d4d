import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type { Connector } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import { csvImportWorkflowId, inventorySyncWorkflowId, WORKFLOW_TASK_QUEUE } from '../contracts/ids';
import type { OrderRecord } from '../contracts/order';
import { ACCOUNT_SLUG, CHANNEL, CONNECTION_ID, ORDER_NUMBER } from '../contracts/search-attributes';
import type { ConnectionCache } from '../store/connection-cache';
import type { InventorySyncStore } from '../store/inventory-syncs';
import type { OrderStore, StoredOrder } from '../store/orders';
import type { CsvImportWorkflow, InventorySyncWorkflow, UnfulfillableOrderWorkflow } from '../workflows';
import { type StockNews, stockChanged } from '../workflows/messages';

/** For a list of many pages. */
const LIST_DEADLINE_MS = 60_000;
/** Temporal is asked only so long: what could not be started is stored, and the sweep starts it. */
const CALL_DEADLINE_MS = 5_000;

export interface DispatchDeps {
  client: Client;
  connections: Pick<ConnectionCache, 'get'>;
  orders: Pick<OrderStore, 'find' | 'settle'>;
  inventorySyncs: Pick<InventorySyncStore, 'find'>;
  connectorFor(channel: Channel): Connector;
}

const recordOf = (order: StoredOrder): OrderRecord => ({
  accountSlug: order.accountSlug,
  connectionId: order.connectionId,
  wmsConnectionId: order.wmsConnectionId,
  externalChannelId: order.externalChannelId,
  orderNumber: order.orderNumber,
  vendorOrderNumber: order.vendorOrderNumber,
  lines: order.lines.map(
    ({ lineItemSequenceNumber, firstPiece, orderItemId, itemId, marketplaceItemId, quantity }) => ({
      lineItemSequenceNumber,
      firstPiece,
      orderItemId,
      itemId,
      marketplaceItemId,
      quantity,
    }),
  ),
});

/** Wakes the workflows. The work itself is in the database before, so a lost call is only a late one. */
export interface Dispatch {
  /** Starts the connection's sync, or tells the running one that there is news. */
  pokeInventorySync(connectionId: number, news?: StockNews): Promise<void>;
  /** Starts the connection's sync unless one is open; leaves no mark on the history of one that is. */
  ensureInventorySync(connectionId: number): Promise<void>;
  /** Starts the order's run; does nothing when it is running, and settles the order's row when it has succeeded. */
  startOrder(orderId: string): Promise<void>;
  /** Workflow ids of all orders whose runs are open, as Temporal lists them: one that has just begun may be missing. */
  openOrders(): Promise<ReadonlySet<string>>;
  /** Starts the run that fetches a caller's file; does nothing when it is running, or has succeeded and the file no longer waits. */
  startImport(syncId: string): Promise<void>;
}

export function createDispatch({ client, connections, orders, inventorySyncs, connectorFor }: DispatchDeps): Dispatch {
  const find = async (connectionId: number): Promise<Connection> => {
    const connection = await connections.get(connectionId);
    if (!connection) throw new Error(`there is no connection ${connectionId}`);
    return connection;
  };
  const withDeadline = <T>(call: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + CALL_DEADLINE_MS, call);
  const sideOf = (connection: Connection) => ({
    connectionId: connection.id,
    channel: connection.channel,
    displayName: connectorFor(connection.channel).displayName,
  });

  const placeOf = (connection: Connection): SearchAttributePair[] => [
    { key: CONNECTION_ID, value: String(connection.id) },
    { key: CHANNEL, value: connection.channel },
    { key: ACCOUNT_SLUG, value: connection.accountSlug },
  ];

  const syncOptions = (connection: Connection) => {
    const side = sideOf(connection);
    return {
      workflowId: inventorySyncWorkflowId(connection.id),
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [side] as [typeof side],
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `${side.displayName} · stock of ${connection.accountSlug}`,
      staticDetails: `Makes connection ${connection.id} show what the warehouse last said.`,
      typedSearchAttributes: placeOf(connection),
    };
  };

  const orderInput = (order: StoredOrder, marketplace: Connection, wms: Connection) => ({
    orderId: order.id,
    orderNumber: order.orderNumber,
    lines: order.lines.map(({ lineItemSequenceNumber, marketplaceItemId, quantity }) => ({
      lineItemSequenceNumber,
      marketplaceItemId,
      quantity,
    })),
    marketplace: sideOf(marketplace),
    wms: sideOf(wms),
    record: recordOf(order),
  });

  /** An order whose run has succeeded while its row, from an older copy of the database, does not know it. */
  async function settleFromRun({ id, workflowId }: StoredOrder): Promise<void> {
    const run = client.workflow.getHandle<typeof UnfulfillableOrderWorkflow>(workflowId);
    const { status } = await withDeadline(() => run.describe());
    if (status.name !== 'COMPLETED') return;
    await orders.settle(id, await withDeadline(() => run.result()));
  }

  return {
    async pokeInventorySync(connectionId, news = {}) {
      const options = syncOptions(await find(connectionId));
      await withDeadline(() =>
        client.workflow.signalWithStart<typeof InventorySyncWorkflow, [StockNews]>('InventorySyncWorkflow', {
          ...options,
          signal: stockChanged.name,
          signalArgs: [news],
        }),
      );
    },

    async ensureInventorySync(connectionId) {
      const options = syncOptions(await find(connectionId));
      await withDeadline(() =>
        client.workflow.start<typeof InventorySyncWorkflow>('InventorySyncWorkflow', {
          ...options,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        }),
      );
    },

    async startOrder(orderId) {
      const order = await orders.find(orderId);
      if (!order) throw new Error(`there is no order ${orderId}`);
      const [marketplace, wms] = await Promise.all([find(order.connectionId), find(order.wmsConnectionId)]);
      const displayName = connectorFor(marketplace.channel).displayName;
      try {
        await withDeadline(() =>
          client.workflow.start<typeof UnfulfillableOrderWorkflow>('UnfulfillableOrderWorkflow', {
            workflowId: order.workflowId,
            taskQueue: WORKFLOW_TASK_QUEUE,
            args: [orderInput(order, marketplace, wms)],
            workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
            staticSummary: `${displayName} · order ${order.orderNumber}, ${order.lines.length} to cancel`,
            staticDetails: 'Cancels what the warehouse cannot ship: at the marketplace first, then in the WMS.',
            typedSearchAttributes: [
              { key: CONNECTION_ID, value: String(marketplace.id) },
              { key: CHANNEL, value: marketplace.channel },
              { key: ACCOUNT_SLUG, value: order.accountSlug },
              { key: ORDER_NUMBER, value: order.orderNumber },
            ],
          }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        await settleFromRun(order);
      }
    },

    openOrders: () =>
      client.withDeadline(Date.now() + LIST_DEADLINE_MS, async () => {
        const query = 'WorkflowType = "UnfulfillableOrderWorkflow" AND ExecutionStatus = "Running"';
        const ids = new Set<string>();
        for await (const { workflowId } of client.workflow.list({ query })) ids.add(workflowId);
        return ids;
      }),

    async startImport(syncId) {
      const sync = await inventorySyncs.find(syncId);
      if (!sync) throw new Error(`there is no inventory sync ${syncId}`);
      // Without its connection the file is refused, by the run like everything else that is wrong with it.
      const connection = await connections.get(sync.connectionId);
      const displayName = connection ? sideOf(connection).displayName : `connection ${sync.connectionId}`;
      try {
        await withDeadline(() =>
          client.workflow.start<typeof CsvImportWorkflow>('CsvImportWorkflow', {
            workflowId: csvImportWorkflowId(syncId),
            taskQueue: WORKFLOW_TASK_QUEUE,
            args: [{ syncId, connectionId: sync.connectionId, displayName }],
            // The row decides: a file that waits is fetched also when its run was terminated, or was done for a row that was put back.
            workflowIdReusePolicy:
              sync.state === 'waiting'
                ? WorkflowIdReusePolicy.ALLOW_DUPLICATE
                : WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
            staticSummary: `${displayName} · file of ${sync.accountSlug}`,
            staticDetails: `Fetches a file of stock that a caller named for connection ${sync.connectionId}.`,
            typedSearchAttributes: connection
              ? placeOf(connection)
              : [
                  { key: CONNECTION_ID, value: String(sync.connectionId) },
                  { key: ACCOUNT_SLUG, value: sync.accountSlug },
                ],
          }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },
  };
}
