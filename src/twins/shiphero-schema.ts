import { buildSchema } from 'graphql';

const NODE_ARGUMENTS = '(first: Int, after: String, last: Int, before: String)';

/** The part of ShipHero's public GraphQL schema that stock syncs need; names of types are ShipHero's own. */
export const SHIPHERO_SCHEMA = buildSchema(`
  """ISO-8601 with an offset, whole seconds."""
  scalar ISODateTime

  type Query {
    inventory_sync_statuses(warehouse_id: String, customer_account_id: String, status: String): InventorySyncBatchesQueryResult
    inventory_sync_status(id: String!): InventorySyncBatchQueryResult
    inventory_sync_items_status(id: String!, status: String): InventorySyncRowsQueryResult
    user_quota: UserQuota
  }

  type Mutation {
    inventory_sync(data: InventorySyncInput!): InventorySyncOutput
    inventory_sync_abort(data: AbortInventorySyncInput!): AbortInventorySyncOutput
  }

  input InventorySyncInput {
    url: String!
    warehouse_id: String!
    customer_account_id: String
  }

  input AbortInventorySyncInput {
    sync_id: String!
    reason: String
  }

  type InventorySyncOutput {
    request_id: String
    complexity: Int
    sync_id: String
  }

  type AbortInventorySyncOutput {
    request_id: String
    complexity: Int
    sync: InventorySyncStatus
  }

  type InventorySyncBatchesQueryResult {
    request_id: String
    complexity: Int
    data${NODE_ARGUMENTS}: InventorySyncStatusConnection
  }

  type InventorySyncBatchQueryResult {
    request_id: String
    complexity: Int
    data: InventorySyncStatus
  }

  type InventorySyncRowsQueryResult {
    request_id: String
    complexity: Int
    data${NODE_ARGUMENTS}: InventorySyncItemStatusConnection
  }

  type UserQuota {
    credits_remaining: Int
    max_available: Int
    increment_rate: Int
  }

  type PageInfo {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type InventorySyncStatusConnection {
    pageInfo: PageInfo!
    edges: [InventorySyncStatusEdge]!
  }

  type InventorySyncStatusEdge {
    node: InventorySyncStatus
    cursor: String!
  }

  type InventorySyncItemStatusConnection {
    pageInfo: PageInfo!
    edges: [InventorySyncItemStatusEdge]!
  }

  type InventorySyncItemStatusEdge {
    node: InventorySyncItemStatus
    cursor: String!
  }

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
