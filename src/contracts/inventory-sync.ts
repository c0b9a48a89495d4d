/** What becomes of a file that a caller asked us to fetch. */
export const INVENTORY_SYNC_STATES = ['waiting', 'stored', 'refused', 'aborted'] as const;

/**
 * `waiting`: to be fetched. `stored`: its rows are a submission. `refused`: it could not be taken, and `error` says why.
 * `aborted`: by the caller, before it was fetched or after.
 */
export type InventorySyncState = (typeof INVENTORY_SYNC_STATES)[number];

/** What became of fetching a file: its state, and how many rows of it are stored, unusable ones included. */
export interface CsvImportResult {
  status: InventorySyncState;
  submissionId: string | null;
  rows: number;
  badRows: number;
}

/** A file of stock that a caller asked us to fetch, as it is kept. */
export interface InventorySync {
  /** 24 hex digits. */
  id: string;
  connectionId: number;
  accountSlug: string;
  /** The gateway key that asked. */
  keyId: string;
  /** Without its query once the file no longer waits to be fetched. */
  url: string;
  customerAccountId: string | null;
  state: InventorySyncState;
  submissionId: string | null;
  /** Why it was refused, or the reason that the caller gave for its abort. */
  error: string | null;
  createdAtMs: number;
  updatedAtMs: number;
}
