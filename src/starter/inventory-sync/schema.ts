import { buildSchema } from 'graphql';

const PAGE = '(first: Int, after: String, last: Int, before: String)';
const META = 'request_id: String complexity: Int';

/**
 * The five operations of the inventory sync protocol. Names of types and fields are the protocol's own. `data` is never null
 * by itself, so that an operation is answered whole or not at all.
 */
export const INVENTORY_SYNC_SCHEMA = buildSchema(`
  """ISO-8601 with an offset, whole seconds."""
  scalar ISODateTime

  type Query {
    inventory_sync_statuses(warehouse_id: String, customer_account_id: String, status: String): InventorySyncBatchesQueryResult
    inventory_sync_status(id: String!): InventorySyncBatchQueryResult
    inventory_sync_items_status(id: String!, status: String): InventorySyncRowsQueryResult
  }

  type Mutation {
    inventory_sync(data: InventorySyncInput!): InventorySyncOutput
    inventory_sync_abort(data: AbortInventorySyncInput!): AbortInventorySyncOutput
  }

  input InventorySyncInput { url: String! warehouse_id: String! customer_account_id: String }
  input AbortInventorySyncInput { sync_id: String! reason: String }

  type InventorySyncOutput { ${META} sync_id: String }
  type AbortInventorySyncOutput { ${META} sync: InventorySyncStatus }
  type InventorySyncBatchesQueryResult { ${META} data${PAGE}: InventorySyncStatusConnection! }
  type InventorySyncBatchQueryResult { ${META} data: InventorySyncStatus! }
  type InventorySyncRowsQueryResult { ${META} data${PAGE}: InventorySyncItemStatusConnection! }

  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type InventorySyncStatusConnection { pageInfo: PageInfo! edges: [InventorySyncStatusEdge]! }
  type InventorySyncStatusEdge { node: InventorySyncStatus cursor: String! }
  type InventorySyncItemStatusConnection { pageInfo: PageInfo! edges: [InventorySyncItemStatusEdge]! }
  type InventorySyncItemStatusEdge { node: InventorySyncItemStatus cursor: String! }

  type InventorySyncStatus {
    id: String
    url: String
    user_id: String
    account_id: String
    warehouse_id: String
    customer_account_id: String
    total_count: Int
    success_count: Int
    error_count: Int
    finished_count: Int
    status: String
    error: String
    created_at: ISODateTime
    updated_at: ISODateTime
  }

  type InventorySyncItemStatus {
    id: String
    row: Int
    sku: String
    quantity: Int
    action: String
    reason: String
    location: String
    status: String
    error: String
    created_at: ISODateTime
    updated_at: ISODateTime
  }
`);
