import { z } from 'zod';
import { expiresIn } from '../access-token';

/** `POST /auth/token` and `POST /auth/refresh`, answer; `expires_in` in seconds. */
export const tokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).nullish(),
  expires_in: expiresIn,
});

export type TokenAnswer = z.output<typeof tokenAnswer>;

const text = z
  .union([z.string(), z.number().transform(String)])
  .optional()
  .catch(undefined);
/** Longer ones do not fit where the ids of jobs and the cursors of their pages are kept. */
const syncId = z.string().min(1).max(100);
const cursor = z.string().max(500).nullish();
const figure = z.number().optional().catch(undefined);

/** One of the `errors` of a GraphQL answer: only what code branches on, and nothing of what does not fit. */
const graphqlError = z
  .object({
    code: text,
    message: text,
    request_id: text,
    extensions: z.object({ code: text }).optional().catch(undefined),
    required_credits: figure,
    remaining_credits: figure,
    time_remaining: text,
  })
  .catch({ code: undefined, message: undefined });

export type GraphqlError = z.output<typeof graphqlError>;

/** What nearly every operation says of itself beside its own fields: ShipHero's id of the request, and the credits that it cost. */
export const operationMeta = z
  .object({ request_id: text, complexity: z.number().min(0).optional().catch(undefined) })
  .catch({ request_id: undefined });

/** Every answer of `POST /graphql`. */
export const graphqlAnswer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(graphqlError).nullish(),
});

/** One thing that ShipHero can be asked for: a request of its own, as its one root field answers it. */
export interface Operation<T> {
  field: string;
  query: string;
  /** The field's value when it is complete; anything less is no answer. */
  value: z.ZodType<T>;
  /** Names one sync: `data` is null when ShipHero knows of none. */
  isOfOneSync: boolean;
}

/** The list of a connection; a node that is null is no complete answer. */
const edges = <T extends z.ZodType>(node: T) => z.array(z.object({ node }));

/** What {@link operationMeta} reads; `user_quota` alone offers neither. */
const META = 'request_id complexity';

// Variables stand in the fields of `data`, so that no name of an input type is needed: the source document prints none.

/** Variables: `url`, `warehouse_id`, `customer_account_id`. */
export const startSync: Operation<{ sync_id: string }> = {
  field: 'inventory_sync',
  query: `mutation ($url: String!, $warehouse_id: String!, $customer_account_id: String) { inventory_sync(data: { url: $url, warehouse_id: $warehouse_id, customer_account_id: $customer_account_id }) { ${META} sync_id } }`,
  value: z.object({ sync_id: syncId }),
  isOfOneSync: false,
};

/** Variables: `sync_id`, `reason`. */
export const abortSync: Operation<unknown> = {
  field: 'inventory_sync_abort',
  query: `mutation ($sync_id: String!, $reason: String) { inventory_sync_abort(data: { sync_id: $sync_id, reason: $reason }) { ${META} sync { status } } }`,
  value: z.object({ sync: z.object({ status: z.string().nullish() }) }),
  isOfOneSync: false,
};

/** Syncs that are looked through for one address, the newest ones. */
export const SYNCS_LOOKED_THROUGH = 50;

const syncList = z.object({ data: z.object({ edges: edges(z.object({ id: syncId, url: z.string() })) }) });

export type SyncList = z.output<typeof syncList>;

/** Variables: `warehouse_id`, `customer_account_id`. */
export const listSyncs: Operation<SyncList> = {
  field: 'inventory_sync_statuses',
  query: `query ($warehouse_id: String, $customer_account_id: String) { inventory_sync_statuses(warehouse_id: $warehouse_id, customer_account_id: $customer_account_id) { ${META} data(first: ${SYNCS_LOOKED_THROUGH}) { edges { node { id url } } } } }`,
  value: syncList,
  isOfOneSync: false,
};

const count = z
  .int()
  .min(0)
  .nullish()
  .transform((rows) => rows ?? null);
const words = z
  .string()
  .nullish()
  .transform((said) => said ?? '');

const syncStatus = z.object({
  data: z.object({
    status: words,
    error: words,
    total_count: count,
    success_count: count,
    error_count: count,
    finished_count: count,
  }),
});

export type SyncStatus = z.output<typeof syncStatus>['data'];

/** Variables: `id`. */
export const readSync: Operation<{ data: SyncStatus }> = {
  field: 'inventory_sync_status',
  query: `query ($id: String!) { inventory_sync_status(id: $id) { ${META} data { status error total_count success_count error_count finished_count } } }`,
  value: syncStatus,
  isOfOneSync: true,
};

// The id of an item is not asked for: the items of a sync can share one.
const itemPage = z.object({
  data: z.object({
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: cursor }),
    edges: edges(z.object({ row: z.int().min(1), sku: z.string().nullish(), status: words, error: words })),
  }),
});

export type ItemPage = z.output<typeof itemPage>['data'];

/** Variables: `id`, `status`, `first`, `after`. */
export const readItems: Operation<{ data: ItemPage }> = {
  field: 'inventory_sync_items_status',
  query: `query ($id: String!, $status: String, $first: Int, $after: String) { inventory_sync_items_status(id: $id, status: $status) { ${META} data(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node { row sku status error } } } } }`,
  value: itemPage,
  isOfOneSync: true,
};

const quota = z.object({
  credits_remaining: z.number().min(0),
  max_available: z.number().positive(),
  increment_rate: z.number().positive(),
});

export type Quota = z.output<typeof quota>;

export const readQuota: Operation<Quota> = {
  field: 'user_quota',
  query: 'query { user_quota { credits_remaining max_available increment_rate } }',
  value: quota,
  isOfOneSync: false,
};
