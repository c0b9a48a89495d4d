import type { InventorySync } from '../contracts/inventory-sync';
import type { SubmissionStatus } from '../contracts/submission';
import type { Database, SqlValue } from './database';
import { COUNT_COLUMNS, type Counts, errorOf, statusOf } from './submissions';

/** A file that we were asked to fetch, and how far its rows are. */
export interface SyncProgress extends InventorySync {
  /** `pending` until the file was read, `error` when it was refused, `aborted` after an abort; else that of its submission. */
  status: SubmissionStatus;
  totalCount: number;
  successCount: number;
  errorCount: number;
  finishedCount: number;
}

export interface SyncFilter {
  accountSlug: string;
  /** Only this connection's. */
  connectionId?: number;
  customerAccountId?: string;
  status?: string;
}

/** Where a sync stands in a list that is ordered by time. */
export type SyncPlace = Pick<InventorySync, 'id' | 'createdAtMs'>;

/** A piece of a list: what lies between the two places, without them, and of that the first or the last `limit`. */
export interface Piece<Place> {
  after?: Place | undefined;
  before?: Place | undefined;
  limit: number;
  fromEnd: boolean;
}

export interface SyncProgressStore {
  /** Undefined when there is none of that id in the account. */
  find(id: string, accountSlug: string): Promise<SyncProgress | undefined>;
  /** Newest first, with the counts of this moment. */
  list(filter: SyncFilter, piece: Piece<SyncPlace>): Promise<SyncProgress[]>;
}

interface Row extends Omit<InventorySync, 'createdAtMs' | 'updatedAtMs'> {
  createdAt: Date;
  updatedAt: Date;
  submissionStatus: SubmissionStatus | null;
  totalCount: number | null;
  successCount: number | null;
  errorCount: number | null;
  finishedCount: number | null;
  submissionError: string | null;
  submissionUpdatedAt: Date | null;
}

const SELECT = `SELECT y.id, y.connectionId, y.accountSlug, y.keyId, y.url, y.customerAccountId, y.state, y.submissionId, y.error,
    y.createdAt, y.updatedAt, s.status AS submissionStatus, s.totalCount, s.successCount, s.errorCount, s.finishedCount,
    s.error AS submissionError, s.updatedAt AS submissionUpdatedAt
  FROM inventory_syncs y LEFT JOIN submissions s ON s.id = y.submissionId`;

/** A sync whose rows are no longer kept is about to be forgotten itself. */
const IS_KEPT = "(y.state <> 'stored' OR s.id IS NOT NULL)";

const OPEN = "('pending', 'processing')";
/** What {@link statusOf} says, where a list is narrowed by it. Lines are counted only of submissions that are open. */
const STATUS = `CASE y.state WHEN 'waiting' THEN 'pending' WHEN 'refused' THEN 'error' WHEN 'aborted' THEN 'aborted'
  ELSE IF(s.status NOT IN ${OPEN}, s.status, (SELECT CASE
      WHEN SUM(l.status IN ${OPEN}) > 0 THEN IF(SUM(l.status NOT IN ${OPEN}) > 0, 'processing', 'pending')
      WHEN SUM(l.status = 'error') > 0 THEN 'error'
      WHEN SUM(l.status = 'aborted') > 0 THEN 'aborted'
      ELSE 'success' END
    FROM submission_lines l WHERE l.submissionId = s.id)) END`;

const isOpen = (status: SubmissionStatus | null): boolean => status === 'pending' || status === 'processing';

function progressOf(row: Row, counts: Counts | undefined): SyncProgress {
  const { createdAt, updatedAt, submissionStatus, submissionError, submissionUpdatedAt, ...sync } = row;
  const isStored = sync.state === 'stored';
  const stored = counts ? statusOf(counts) : (submissionStatus ?? 'pending');
  const statuses = { waiting: 'pending', refused: 'error', aborted: 'aborted', stored } as const;
  return {
    ...sync,
    status: statuses[sync.state],
    totalCount: sync.totalCount ?? 0,
    successCount: counts?.success ?? sync.successCount ?? 0,
    errorCount: counts?.error ?? sync.errorCount ?? 0,
    finishedCount: counts?.finished ?? sync.finishedCount ?? 0,
    error: isStored ? (counts ? errorOf(counts) : submissionError) : sync.error,
    createdAtMs: createdAt.getTime(),
    updatedAtMs: Math.max(updatedAt.getTime(), submissionUpdatedAt?.getTime() ?? 0),
  };
}

export function createSyncProgressStore(db: Pick<Database, 'select'>): SyncProgressStore {
  /** One more statement for all rows whose counts still move. */
  async function withCounts(rows: readonly Row[]): Promise<SyncProgress[]> {
    const open = rows.filter((row) => isOpen(row.submissionStatus)).map((row) => row.submissionId);
    const counted =
      open.length === 0
        ? []
        : await db.select<Counts & { submissionId: string }>(
            `SELECT submissionId, ${COUNT_COLUMNS} FROM submission_lines WHERE submissionId IN (?) GROUP BY submissionId`,
            [open],
          );
    const bySubmission = new Map(counted.map((counts) => [counts.submissionId, counts]));
    return rows.map((row) => progressOf(row, bySubmission.get(row.submissionId ?? '')));
  }

  return {
    async find(id, accountSlug) {
      const rows = await db.select<Row>(`${SELECT} WHERE y.id = ? AND y.accountSlug = ? AND ${IS_KEPT}`, [
        id,
        accountSlug,
      ]);
      return (await withCounts(rows))[0];
    },

    async list({ accountSlug, connectionId, customerAccountId, status }, { after, before, limit, fromEnd }) {
      const place = ({ createdAtMs, id }: SyncPlace): SqlValue[] => [new Date(createdAtMs), id];
      const conditions: [sql: string, values: SqlValue[]][] = [[`y.accountSlug = ? AND ${IS_KEPT}`, [accountSlug]]];
      if (connectionId !== undefined) conditions.push(['y.connectionId = ?', [connectionId]]);
      if (customerAccountId !== undefined) conditions.push(['y.customerAccountId = ?', [customerAccountId]]);
      if (status !== undefined) conditions.push([`${STATUS} = ?`, [status]]);
      // Newest first: what comes after a place is older.
      if (after) conditions.push(['(y.createdAt, y.id) < (?, ?)', place(after)]);
      if (before) conditions.push(['(y.createdAt, y.id) > (?, ?)', place(before)]);
      const order = fromEnd ? 'ASC' : 'DESC';
      const rows = await db.select<Row>(
        `${SELECT} WHERE ${conditions.map(([sql]) => sql).join(' AND ')} ORDER BY y.createdAt ${order}, y.id ${order} LIMIT ?`,
        [...conditions.flatMap(([, values]) => values), limit],
      );
      const found = await withCounts(rows);
      return fromEnd ? found.reverse() : found;
    },
  };
}
