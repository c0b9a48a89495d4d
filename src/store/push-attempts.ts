import type { Database } from './database';

/** What a push has tried, whether it ended with verdicts or not. */
export interface PushAttempts {
  pushId: string;
  state: 'open' | 'closed';
  /** How it ended; null while it is open. */
  outcome: string | null;
  lineCount: number;
  /** How often it was sent. */
  attempts: number;
  /** Attempts that ended neither with an answer nor with a failure: on the wire now, or their process died. */
  unanswered: number;
  /** Type and words of the newest failure; null when none failed. */
  errorType: string | null;
  error: string | null;
  createdAtMs: number;
  /** When the last attempt began, failed or was answered. */
  updatedAtMs: number;
  /** The job that the channel works off for it, where it does so. */
  jobId: string | null;
  jobState: string | null;
}

interface Row extends Omit<PushAttempts, 'createdAtMs' | 'updatedAtMs'> {
  createdAt: Date;
  updatedAt: Date;
}

/** How many of the newest pushes are looked through for trouble. */
const LOOKED_THROUGH = 1_000;

/** A push that was settled has had one answer, which the column still counts. */
const unanswered = (p: string): string =>
  `IF(${p}.state = 'open' OR ${p}.outcome IN ('released', 'withdrawn'), ${p}.unansweredAttempts, GREATEST(${p}.unansweredAttempts - 1, 0))`;

const columns = (
  p: string,
): string => `${p}.id AS pushId, ${p}.state, ${p}.outcome, ${p}.lineCount, ${p}.attempt AS attempts,
  ${unanswered(p)} AS unanswered, ${p}.errorType, ${p}.error, ${p}.createdAt, ${p}.updatedAt, j.jobId, j.state AS jobState`;

const toAttempts = ({ createdAt, updatedAt, ...row }: Row): PushAttempts => ({
  ...row,
  createdAtMs: createdAt.getTime(),
  updatedAtMs: updatedAt.getTime(),
});

/** The push, open or closed; undefined when it is not kept any more. */
export async function readPushAttempts(db: Database, pushId: string): Promise<PushAttempts | undefined> {
  const [row] = await db.select<Row>(
    `SELECT ${columns('p')} FROM pushes p LEFT JOIN push_jobs j ON j.pushId = p.id AND j.attempt = p.attempt WHERE p.id = ?`,
    [pushId],
  );
  return row && toAttempts(row);
}

/** Pushes of the connection that met a failure or have attempts without an answer, newest first: the open ones, and those among its newest that are over. */
export async function readTroubledPushes(db: Database, connectionId: number, limit: number): Promise<PushAttempts[]> {
  const rows = await db.select<Row>(
    `SELECT ${columns('p')} FROM (
       (SELECT * FROM pushes FORCE INDEX (ix_push_open) WHERE connectionId = ? AND state = 'open' ORDER BY id DESC LIMIT ?)
       UNION ALL
       (SELECT * FROM pushes FORCE INDEX (ix_push_open) WHERE connectionId = ? AND state = 'closed' ORDER BY id DESC LIMIT ?)
     ) p LEFT JOIN push_jobs j ON j.pushId = p.id AND j.attempt = p.attempt
     WHERE p.errorType IS NOT NULL OR ${unanswered('p')} > 0
     ORDER BY p.updatedAt DESC, p.id DESC LIMIT ?`,
    [connectionId, LOOKED_THROUGH, connectionId, LOOKED_THROUGH, limit],
  );
  return rows.map(toAttempts);
}
