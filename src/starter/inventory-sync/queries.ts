import type { GraphQLResolveInfo } from 'graphql';
import type { KeyHolder } from '../../store/gateway-keys';
import type { SyncItem, SyncItemStore } from '../../store/sync-items';
import type { SyncProgress, SyncProgressStore } from '../../store/sync-progress';
import { mayUse } from '../auth';
import { connectionIdOf, isSyncId, ROW_CURSORS, SYNC_CURSORS } from './ids';
import { itemNode, syncNode } from './nodes';
import { connectionOf, type PageArguments } from './paging';
import { notFound } from './refusals';
import { metaOf, type RequestScope } from './scope';

/** The sync, if the key may touch its connection; refused as unknown otherwise, whether there is one or not. */
export async function findSync(
  syncs: Pick<SyncProgressStore, 'find'>,
  id: string,
  holder: KeyHolder,
  field: string,
): Promise<SyncProgress> {
  const sync = isSyncId(id) ? await syncs.find(id, holder.accountSlug) : undefined;
  if (!sync || !mayUse(holder, { id: sync.connectionId, accountSlug: sync.accountSlug })) throw notFound(field, 'Sync');
  return sync;
}

interface StatusesArguments {
  warehouse_id?: string | null;
  customer_account_id?: string | null;
  status?: string | null;
}

export interface QueryDeps {
  syncs: SyncProgressStore;
  items: SyncItemStore;
}

/** The three questions of the protocol. */
export const createQueries = ({ syncs, items }: QueryDeps) => ({
  inventory_sync_statuses(asked: StatusesArguments, scope: RequestScope, info: GraphQLResolveInfo) {
    const { accountSlug, connectionId: boundTo } = scope.holder;
    const { warehouse_id, customer_account_id, status } = asked;
    const wanted = typeof warehouse_id === 'string' ? connectionIdOf(warehouse_id) : (boundTo ?? undefined);
    // A warehouse that is none, or that the key may not see, has no syncs to show.
    const isEmpty =
      (typeof warehouse_id === 'string' && wanted === undefined) || (boundTo !== null && wanted !== boundTo);
    const filter = {
      accountSlug,
      ...(wanted === undefined ? {} : { connectionId: wanted }),
      ...(typeof customer_account_id === 'string' ? { customerAccountId: customer_account_id } : {}),
      ...(typeof status === 'string' ? { status } : {}),
    };
    return {
      ...metaOf(scope, info),
      data: (page: PageArguments) =>
        connectionOf(
          {
            cursors: SYNC_CURSORS,
            placeOf: (sync: SyncProgress) => sync,
            fetch: async (piece) => (isEmpty ? [] : syncs.list(filter, piece)),
          },
          page,
          syncNode,
        ),
    };
  },

  async inventory_sync_status({ id }: { id: string }, scope: RequestScope, info: GraphQLResolveInfo) {
    const meta = metaOf(scope, info);
    return { ...meta, data: syncNode(await findSync(syncs, id, scope.holder, 'id')) };
  },

  async inventory_sync_items_status(
    { id, status }: { id: string; status?: string | null },
    scope: RequestScope,
    info: GraphQLResolveInfo,
  ) {
    const meta = metaOf(scope, info);
    const { submissionId } = await findSync(syncs, id, scope.holder, 'id');
    const filter = typeof status === 'string' ? { status } : {};
    return {
      ...meta,
      data: (page: PageArguments) =>
        connectionOf(
          {
            cursors: ROW_CURSORS,
            placeOf: ({ row }: SyncItem) => row,
            fetch: async (piece) => (submissionId === null ? [] : items.list(submissionId, filter, piece)),
          },
          page,
          (item) => itemNode(id, item),
        ),
    };
  },
});
