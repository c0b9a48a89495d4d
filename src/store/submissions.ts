import { z } from 'zod';
import { messageIdOf } from '../contracts/stock';
import {
  type LineStatus,
  type SubmissionLineView,
  type SubmissionStatus,
  type SubmissionView,
  WARNING_KINDS,
} from '../contracts/submission';
import type { Database } from './database';

interface SubmissionRow extends Omit<SubmissionView, 'createdAt' | 'updatedAt' | 'warnings'> {
  accountSlug: string;
  warnings: string | null;
  createdAt: Date;
  updatedAt: Date;
}

const storedWarnings = z.array(z.object({ kind: z.enum(WARNING_KINDS), path: z.string(), message: z.string() }));

const readWarnings = (text: string | null): Pick<SubmissionView, 'warnings'> =>
  text === null ? {} : { warnings: storedWarnings.parse(JSON.parse(text)) };

export interface SubmissionStore {
  /** With the counts of this moment. Undefined when there is none of that id in the account. */
  find(id: string, accountSlug: string): Promise<SubmissionView | undefined>;
  lines(id: string, filter: { status?: LineStatus; afterRow: number; limit: number }): Promise<SubmissionLineView[]>;
  /** Lines that named the listing, with the submission they came in, newest first. */
  naming(connectionId: number, listing: string, limit: number): Promise<NamingLine[]>;
  /** Closes the connection's submissions whose lines are all decided; returns how many. */
  finishDone(connectionId: number): Promise<number>;
}

/** A line that named a listing. */
export interface NamingLine {
  submissionId: string;
  source: SubmissionView['source'];
  messageId: string | null;
  row: number;
  locationId: string;
  quantity: number | null;
  status: LineStatus;
  error: string | null;
  receivedAt: string;
}

/** How the lines of a submission stand. */
export interface Counts {
  total: number;
  success: number;
  error: number;
  finished: number;
  aborted: number;
}

/** {@link Counts} of rows of `submission_lines`. */
export const COUNT_COLUMNS = `COUNT(*) AS total, SUM(status = 'success') AS success, SUM(status = 'error') AS error,
  SUM(status NOT IN ('pending', 'processing')) AS finished, SUM(status = 'aborted') AS aborted`;

/** A line is stored as pending until its verdict; while its listing is in an open push it shows as processing. */
export const SHOWN_STATUS = `IF(sl.status = 'pending' AND EXISTS (SELECT 1 FROM stock_levels lv
  WHERE lv.connectionId = sl.connectionId AND lv.listing = sl.listing AND lv.state = 'claimed'), 'processing', sl.status)`;

/** What the counts say of a submission. */
export const statusOf = (counts: Counts): SubmissionStatus => {
  if (counts.finished < counts.total) return counts.finished > 0 ? 'processing' : 'pending';
  if (counts.error > 0) return 'error';
  return counts.aborted > 0 ? 'aborted' : 'success';
};

/** Submissions that are read at once to be closed. */
const FINISHED_AT_ONCE = 500;

export const errorOf = (counts: Counts): string | null =>
  counts.error > 0 ? `error in ${counts.error} out of ${counts.total} rows` : null;

export function createSubmissionStore(db: Database): SubmissionStore {
  return {
    async find(id, accountSlug) {
      const [row] = await db.select<SubmissionRow>(
        `SELECT id, connectionId, accountSlug, source, status, totalCount, successCount, errorCount, finishedCount, error, warnings,
           createdAt, updatedAt FROM submissions WHERE id = ? AND accountSlug = ?`,
        [id, accountSlug],
      );
      if (!row) return undefined;
      const { accountSlug: _tenant, createdAt, updatedAt, warnings, ...counted } = row;
      const view = { ...counted, ...readWarnings(warnings) };
      const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
      if (row.status !== 'pending' && row.status !== 'processing') return { ...view, ...times };
      const [counts] = await db.select<Counts>(`SELECT ${COUNT_COLUMNS} FROM submission_lines WHERE submissionId = ?`, [
        id,
      ]);
      if (!counts || counts.total === 0) return { ...view, ...times };
      return {
        ...view,
        ...times,
        status: statusOf(counts),
        successCount: counts.success,
        errorCount: counts.error,
        finishedCount: counts.finished,
        error: errorOf(counts),
      };
    },

    async lines(id, { status, afterRow, limit }) {
      const rows = await db.select<{
        rowNumber: number;
        listing: string;
        locationId: string;
        quantity: number | null;
        versionAtMs: number;
        versionId: string;
        status: LineStatus;
        error: string | null;
        pushId: string | null;
      }>(
        `SELECT sl.rowNumber, sl.listing, sl.locationId, sl.quantity, sl.versionAtMs, sl.versionId, ${SHOWN_STATUS} AS status, sl.error, sl.pushId
         FROM submission_lines sl WHERE sl.submissionId = ? AND sl.rowNumber > ? ${status === undefined ? '' : `AND ${SHOWN_STATUS} = ?`}
         ORDER BY sl.rowNumber LIMIT ?`,
        [id, afterRow, ...(status === undefined ? [] : [status]), limit],
      );
      return rows.map(({ rowNumber, versionAtMs, versionId, ...line }) => ({
        ...line,
        row: rowNumber,
        version: { publishedAtMs: versionAtMs, messageId: messageIdOf(versionId) },
      }));
    },

    async naming(connectionId, listing, limit) {
      const rows = await db.select<Omit<NamingLine, 'row' | 'receivedAt'> & { rowNumber: number; createdAt: Date }>(
        `SELECT sl.submissionId, s.source, s.messageId, sl.rowNumber, sl.locationId, sl.quantity, sl.status, sl.error, s.createdAt
         FROM submission_lines sl JOIN submissions s ON s.id = sl.submissionId
         WHERE sl.connectionId = ? AND sl.listing = ? ORDER BY sl.submissionId DESC, sl.rowNumber DESC LIMIT ?`,
        [connectionId, listing, limit],
      );
      return rows.map(({ rowNumber, createdAt, ...line }) => ({
        ...line,
        row: rowNumber,
        receivedAt: createdAt.toISOString(),
      }));
    },

    async finishDone(connectionId) {
      let finished = 0;
      for (;;) {
        const done = await db.select<Counts & { submissionId: string }>(
          `SELECT sl.submissionId, ${COUNT_COLUMNS.replaceAll('status', 'sl.status')} FROM submissions s
           JOIN submission_lines sl ON sl.submissionId = s.id
           WHERE s.connectionId = ? AND s.status = 'pending' GROUP BY sl.submissionId HAVING finished = total LIMIT ?`,
          [connectionId, FINISHED_AT_ONCE],
        );
        for (const counts of done) {
          await db.change(
            `UPDATE submissions SET status = ?, successCount = ?, errorCount = ?, finishedCount = ?, error = ?, updatedAt = UTC_TIMESTAMP(3)
             WHERE id = ? AND status = 'pending'`,
            [statusOf(counts), counts.success, counts.error, counts.finished, errorOf(counts), counts.submissionId],
          );
        }
        finished += done.length;
        // Nobody asks again once the run has ended, so a burst of any size is closed here.
        if (done.length < FINISHED_AT_ONCE) return finished;
      }
    },
  };
}
