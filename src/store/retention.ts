import type { Database } from './database';

interface Expiry {
  table: string;
  /** Rows that nobody needs any more once they are old enough; `?` is the cut-off. */
  where: string;
}

const OF_EXPIRED_PUSH = "pushId IN (SELECT id FROM pushes WHERE state = 'closed' AND updatedAt < ?)";

/** What may be forgotten. Stock levels, connections and keys are state, not history, and stay. */
const EXPIRIES: readonly Expiry[] = [
  {
    table: 'submission_lines',
    where:
      "submissionId IN (SELECT id FROM submissions WHERE updatedAt < ? AND status IN ('success', 'error', 'aborted'))",
  },
  {
    table: 'submission_rows',
    where:
      "submissionId IN (SELECT id FROM submissions WHERE updatedAt < ? AND status IN ('success', 'error', 'aborted'))",
  },
  {
    table: 'submissions',
    where:
      "updatedAt < ? AND status IN ('success', 'error', 'aborted') AND NOT EXISTS (SELECT 1 FROM submission_lines sl WHERE sl.submissionId = submissions.id) AND NOT EXISTS (SELECT 1 FROM submission_rows sr WHERE sr.submissionId = submissions.id)",
  },
  // As long as there is a submission, the file that it came from can be asked for.
  {
    table: 'inventory_syncs',
    where:
      "updatedAt < ? AND state <> 'waiting' AND NOT EXISTS (SELECT 1 FROM submissions s WHERE s.id = inventory_syncs.submissionId)",
  },
  { table: 'push_job_lines', where: OF_EXPIRED_PUSH },
  { table: 'push_jobs', where: OF_EXPIRED_PUSH },
  { table: 'push_lines', where: OF_EXPIRED_PUSH },
  {
    table: 'pushes',
    where:
      "state = 'closed' AND updatedAt < ? AND NOT EXISTS (SELECT 1 FROM push_lines pl WHERE pl.pushId = pushes.id) AND NOT EXISTS (SELECT 1 FROM push_jobs pj WHERE pj.pushId = pushes.id)",
  },
  {
    table: 'order_lines',
    where: "orderId IN (SELECT id FROM orders WHERE status IN ('done', 'failed') AND updatedAt < ?)",
  },
  {
    table: 'orders',
    where:
      "status IN ('done', 'failed') AND updatedAt < ? AND NOT EXISTS (SELECT 1 FROM order_lines ol WHERE ol.orderId = orders.id)",
  },
  // What is parked waits for a person, however long that takes.
  { table: 'parked_events', where: "status IN ('ignored', 'redriven') AND updatedAt < ?" },
];

/** Deletes at most `limit` expired rows of each table; returns the counts, so that a full one tells that more is waiting. */
export async function deleteExpired(db: Database, cutoff: Date, limit: number): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const expiry of EXPIRIES) {
    const { affectedRows } = await db.change(`DELETE FROM ${expiry.table} WHERE ${expiry.where} LIMIT ?`, [
      cutoff,
      limit,
    ]);
    deleted[expiry.table] = affectedRows;
  }
  return deleted;
}
