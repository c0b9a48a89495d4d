import { randomBytes } from 'node:crypto';
import type { InventorySync } from '../contracts/inventory-sync';
import type { Database } from './database';

interface InventorySyncRow extends Omit<InventorySync, 'createdAtMs' | 'updatedAtMs'> {
  createdAt: Date;
  updatedAt: Date;
}

/** The address of a file loses its query as soon as the file no longer waits to be fetched. */
export interface InventorySyncStore {
  /** Stores a file to be fetched and returns it. */
  create(
    sync: Pick<InventorySync, 'connectionId' | 'accountSlug' | 'keyId' | 'url' | 'customerAccountId'>,
  ): Promise<InventorySync>;
  find(id: string): Promise<InventorySync | undefined>;
  /** The file was read and its rows are a submission; false when it was aborted meanwhile, and then the submission is only noted. */
  recordStored(id: string, submissionId: string): Promise<boolean>;
  /** The file cannot be taken. Does nothing when it is no longer waiting. */
  recordRefused(id: string, error: string): Promise<void>;
  /** False when it was refused or aborted before. Rows of its submission are the caller's business. */
  abort(id: string, reason: string | null): Promise<boolean>;
  /** Ids of files that wait longer than `olderThanMs`, oldest first. */
  findWaiting(olderThanMs: number, limit: number, after?: string): Promise<string[]>;
}

const COLUMNS =
  'id, connectionId, accountSlug, keyId, url, customerAccountId, state, submissionId, error, createdAt, updatedAt';

/** A query is often a signature that lets anybody read the file: it is kept no longer than the file has to be fetched. */
const WITHOUT_QUERY = "url = SUBSTRING_INDEX(SUBSTRING_INDEX(url, '#', 1), '?', 1)";

const toSync = ({ createdAt, updatedAt, ...row }: InventorySyncRow): InventorySync => ({
  ...row,
  createdAtMs: createdAt.getTime(),
  updatedAtMs: updatedAt.getTime(),
});

export function createInventorySyncStore(db: Database): InventorySyncStore {
  return {
    async create(sync) {
      const now = new Date();
      const id = randomBytes(12).toString('hex');
      await db.change(
        `INSERT INTO inventory_syncs (id, connectionId, accountSlug, keyId, url, customerAccountId, state, createdAt, updatedAt)
         VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?)`,
        [id, sync.connectionId, sync.accountSlug, sync.keyId, sync.url, sync.customerAccountId, now, now],
      );
      const nowMs = now.getTime();
      return { ...sync, id, state: 'waiting', submissionId: null, error: null, createdAtMs: nowMs, updatedAtMs: nowMs };
    },

    async find(id) {
      const [row] = await db.select<InventorySyncRow>(`SELECT ${COLUMNS} FROM inventory_syncs WHERE id = ?`, [id]);
      return row && toSync(row);
    },

    async recordStored(id, submissionId) {
      const { affectedRows } = await db.change(
        `UPDATE inventory_syncs SET state = 'stored', submissionId = ?, ${WITHOUT_QUERY}, updatedAt = UTC_TIMESTAMP(3) WHERE id = ? AND state IN ('waiting', 'stored')`,
        [submissionId, id],
      );
      if (affectedRows > 0) return true;
      await db.change('UPDATE inventory_syncs SET submissionId = ? WHERE id = ?', [submissionId, id]);
      return false;
    },

    async recordRefused(id, error) {
      await db.change(
        `UPDATE inventory_syncs SET state = 'refused', error = ?, ${WITHOUT_QUERY}, updatedAt = UTC_TIMESTAMP(3) WHERE id = ? AND state = 'waiting'`,
        [error.slice(0, 500), id],
      );
    },

    async abort(id, reason) {
      const { affectedRows } = await db.change(
        `UPDATE inventory_syncs SET state = 'aborted', error = ?, ${WITHOUT_QUERY}, updatedAt = UTC_TIMESTAMP(3) WHERE id = ? AND state IN ('waiting', 'stored')`,
        [reason === null ? null : reason.slice(0, 500), id],
      );
      return affectedRows > 0;
    },

    async findWaiting(olderThanMs, limit, after = '') {
      const rows = await db.select<{ id: string }>(
        "SELECT id FROM inventory_syncs WHERE state = 'waiting' AND updatedAt < ? AND id > ? ORDER BY id LIMIT ?",
        [new Date(Date.now() - olderThanMs), after, limit],
      );
      return rows.map(({ id }) => id);
    },
  };
}
