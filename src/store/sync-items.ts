import type { LineStatus } from '../contracts/submission';
import type { Database, SqlValue } from './database';
import { SHOWN_STATUS } from './submissions';
import type { Piece } from './sync-progress';

/** A row of a file that was fetched, and what became of it. */
export interface SyncItem {
  /** Counted from 1. */
  row: number;
  /** As it stood in the file. */
  code: string;
  /** Null when the row could not be used. */
  quantity: number | null;
  reason: string | null;
  locationId: string;
  status: LineStatus;
  error: string | null;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface SyncItemStore {
  /** The rows of a submission by their number; a place is the number of a row. */
  list(submissionId: string, filter: { status?: string }, piece: Piece<number>): Promise<SyncItem[]>;
}

interface Row extends Omit<SyncItem, 'row' | 'createdAtMs' | 'updatedAtMs'> {
  rowNumber: number;
  createdAt: Date;
  updatedAt: Date;
}

/** A line keeps no time of its own: it changed last when its push did, or else when it was taken back or came in. */
const UPDATED_AT = "COALESCE(p.updatedAt, IF(sl.status = 'aborted', s.updatedAt, s.createdAt))";

export function createSyncItemStore(db: Pick<Database, 'select'>): SyncItemStore {
  return {
    async list(submissionId, { status }, { after, before, limit, fromEnd }) {
      const conditions: [sql: string, values: SqlValue[]][] = [['sl.submissionId = ?', [submissionId]]];
      if (after !== undefined) conditions.push(['sl.rowNumber > ?', [after]]);
      if (before !== undefined) conditions.push(['sl.rowNumber < ?', [before]]);
      if (status !== undefined) conditions.push([`${SHOWN_STATUS} = ?`, [status]]);
      const rows = await db.select<Row>(
        `SELECT sl.rowNumber, COALESCE(r.code, sl.listing) AS code, sl.quantity, r.reason, sl.locationId,
           ${SHOWN_STATUS} AS status, sl.error, s.createdAt, ${UPDATED_AT} AS updatedAt
         FROM submission_lines sl
         JOIN submissions s ON s.id = sl.submissionId
         LEFT JOIN submission_rows r ON r.submissionId = sl.submissionId AND r.rowNumber = sl.rowNumber
         LEFT JOIN pushes p ON p.id = sl.pushId
         WHERE ${conditions.map(([sql]) => sql).join(' AND ')} ORDER BY sl.rowNumber ${fromEnd ? 'DESC' : 'ASC'} LIMIT ?`,
        [...conditions.flatMap(([, values]) => values), limit],
      );
      const items = rows.map(({ rowNumber, createdAt, updatedAt, ...item }) => ({
        ...item,
        row: rowNumber,
        createdAtMs: createdAt.getTime(),
        updatedAtMs: updatedAt.getTime(),
      }));
      return fromEnd ? items.reverse() : items;
    },
  };
}
