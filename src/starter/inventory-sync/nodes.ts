import type { SyncItem } from '../../store/sync-items';
import type { SyncProgress } from '../../store/sync-progress';
import { accountIdOf, timeOf, userIdOf, warehouseIdOf } from './ids';

/** A sync in the protocol's words. */
export const syncNode = (sync: SyncProgress) => ({
  id: sync.id,
  url: sync.url,
  user_id: userIdOf(sync.keyId),
  account_id: accountIdOf(sync.accountSlug),
  warehouse_id: warehouseIdOf(sync.connectionId),
  customer_account_id: sync.customerAccountId,
  total_count: sync.totalCount,
  success_count: sync.successCount,
  error_count: sync.errorCount,
  finished_count: sync.finishedCount,
  status: sync.status,
  error: sync.error,
  created_at: timeOf(sync.createdAtMs),
  updated_at: timeOf(sync.updatedAtMs),
});

/** A row of a sync in the protocol's words. Quantities are absolute, so that every action is `replace`. */
export const itemNode = (syncId: string, item: SyncItem) => ({
  id: `${syncId}-${item.row}`,
  row: item.row,
  sku: item.code,
  quantity: item.quantity,
  action: 'replace',
  reason: item.reason,
  location: item.locationId === '' ? null : item.locationId,
  status: item.status,
  error: item.error,
  created_at: timeOf(item.createdAtMs),
  updated_at: timeOf(item.updatedAtMs),
});
