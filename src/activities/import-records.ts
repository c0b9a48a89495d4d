import type { CsvImportResult, InventorySync } from '../contracts/inventory-sync';
import type { InventorySyncStore } from '../store/inventory-syncs';

export interface ImportRecordDeps {
  inventorySyncs: Pick<InventorySyncStore, 'find' | 'recordRefused'>;
  countRows(submissionId: string): Promise<{ rows: number; badRows: number }>;
  dispatch: { pokeInventorySync(connectionId: number): Promise<void> };
}

/** What is known of an import; one that was forgotten counts as refused. */
export async function importResult(
  sync: Pick<InventorySync, 'state' | 'submissionId'> | undefined,
  countRows: ImportRecordDeps['countRows'],
): Promise<CsvImportResult> {
  const submissionId = sync?.submissionId ?? null;
  const counts = submissionId === null ? { rows: 0, badRows: 0 } : await countRows(submissionId);
  return { status: sync?.state ?? 'refused', submissionId, ...counts };
}

/** What an import does besides fetching: in our own database, and at Temporal. */
export const createImportRecordActivities = (deps: ImportRecordDeps) => ({
  /** The file could not be fetched and is given up, for the reason that the caller is told; does nothing when it no longer waits. */
  async refuseImport({ syncId, reason }: { syncId: string; reason: string }): Promise<CsvImportResult> {
    await deps.inventorySyncs.recordRefused(syncId, reason);
    return importResult(await deps.inventorySyncs.find(syncId), deps.countRows);
  },

  /** Wakes the sync of a connection for which stock was stored. */
  pokeConnection: ({ connectionId }: { connectionId: number }): Promise<void> =>
    deps.dispatch.pokeInventorySync(connectionId),
});
