import { randomBytes } from 'node:crypto';
import type { Verdict } from '../contracts/stock';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import { type ClaimedLine, type Departure, IS_FOREIGN, ownerOf } from './departures';
import { lockPush } from './push-claims';

/** A push that the channel works off as a job. */
export interface PushJob {
  pushId: string;
  attempt: number;
  connectionId: number;
  /** `starting`: the channel was asked, or was about to be, and nobody knows yet whether there is a job. */
  state: 'starting' | 'running' | 'ended';
  /** The channel's id of the job. */
  jobId: string | null;
  /** What stands in the file's address: 32 random hex digits. */
  fileKey: string;
  fetchedAtMs: number | null;
  sentAtMs: number;
  pageMode: 'all' | 'errors' | null;
  pageCursor: string | null;
}

/** A row of the job's file as it was sent; the verdict is null while the channel said nothing of it. */
export interface JobLine extends ClaimedLine {
  row: number;
  verdict: Verdict['verdict'] | null;
  message: string | null;
}

/** What the channel said of a row. */
export interface JobLineVerdict {
  row: number;
  verdict: Verdict['verdict'];
  message: string | null;
}

export interface PushJobStore {
  /**
   * Takes over a job that another run of the connection has left under way; the same one again for the same push. Undefined when there
   * is none.
   */
  adopt(departure: Pick<Departure, 'pushId' | 'connectionId' | 'runId'>): Promise<PushJob | undefined>;
  /** The job of the push's last attempt that asked for one. */
  find(pushId: string): Promise<PushJob | undefined>;
  /** Keeps what is about to be sent: the rows, and the file for the channel to fetch until the job ends or `expiresAtMs`. */
  open(
    job: { pushId: string; attempt: number; connectionId: number; sentAtMs: number; expiresAtMs: number },
    file: { mediaType: string; text: string },
    lines: readonly ClaimedLine[],
  ): Promise<PushJob>;
  recordStarted(job: PushJob, jobId: string): Promise<void>;
  lines(job: PushJob): Promise<JobLine[]>;
  /** Adds a page of verdicts and remembers where the next one starts. */
  recordPage(
    job: PushJob,
    page: { mode: 'all' | 'errors'; verdicts: readonly JobLineVerdict[]; nextCursor: string | null },
  ): Promise<void>;
  /** The job is over: its file can no longer be fetched, and its rows are forgotten. */
  end(job: PushJob): Promise<void>;
  /** Ends a job that may not exist, unless its file was fetched: then it does, and this returns false. */
  endUnfetched(job: PushJob): Promise<boolean>;
  /** The file behind an address, and notes that it was fetched; undefined when it is gone. */
  fetchFile(fileKey: string): Promise<{ mediaType: string; text: string } | undefined>;
}

const IS_JOB = 'pushId = ? AND attempt = ?';

async function forget(tx: Queryable, { pushId, attempt }: PushJob): Promise<void> {
  await tx.change(`UPDATE push_jobs SET state = 'ended', file = NULL WHERE ${IS_JOB}`, [pushId, attempt]);
  await tx.change(`DELETE FROM push_job_lines WHERE ${IS_JOB}`, [pushId, attempt]);
}

export function createPushJobStore(db: Database): PushJobStore {
  async function find(pushId: string): Promise<PushJob | undefined> {
    const [job] = await db.select<PushJob>(
      `SELECT pushId, attempt, connectionId, state, jobId, fileKey, fetchedAtMs, sentAtMs, pageMode, pageCursor
       FROM push_jobs WHERE pushId = ? ORDER BY attempt DESC LIMIT 1`,
      [pushId],
    );
    return job;
  }

  return {
    find,

    async adopt({ pushId, connectionId, runId }) {
      const owner = ownerOf({ runId, pushId });
      const jobOf = async (condition: string, value: string) => {
        const [found] = await db.select<{ id: string }>(
          `SELECT p.id FROM pushes p JOIN push_jobs j ON j.pushId = p.id AND j.state <> 'ended'
           WHERE p.connectionId = ? AND p.state = 'open' AND p.id <> ? AND ${condition} ORDER BY p.id LIMIT 1`,
          [connectionId, pushId, value],
        );
        return found?.id;
      };
      const adopted = await jobOf('p.owner = ?', owner);
      if (adopted !== undefined) return find(adopted);
      const foreign = await jobOf(IS_FOREIGN, runId);
      if (foreign === undefined) return undefined;
      const { affectedRows } = await db.change(`UPDATE pushes p SET p.owner = ? WHERE p.id = ? AND ${IS_FOREIGN}`, [
        owner,
        foreign,
        runId,
      ]);
      return affectedRows > 0 ? find(foreign) : undefined;
    },

    open: ({ pushId, attempt, connectionId, sentAtMs, expiresAtMs }, file, lines) =>
      db.transaction(async (tx) => {
        const push = await lockPush(tx, pushId);
        // Its lines may be in another file by now, which this one must not follow.
        if (push.state === 'closed' || push.attempt !== attempt)
          throw new Error(`attempt ${attempt} of push ${pushId} was overtaken before it left`);
        const fileKey = randomBytes(16).toString('hex');
        await tx.change(
          `INSERT INTO push_jobs (pushId, attempt, connectionId, state, fileKey, mediaType, file, fileExpiresAtMs, sentAtMs)
           VALUES (?, ?, ?, 'starting', ?, ?, ?, ?, ?)`,
          [pushId, attempt, connectionId, fileKey, file.mediaType, file.text, expiresAtMs, sentAtMs],
        );
        const rows = lines.map((line, index): SqlValue[] => [
          pushId,
          attempt,
          index + 1,
          line.connectionId,
          line.listing,
          line.locationId,
          line.revision,
          line.quantity,
          line.versionAtMs,
          line.versionId,
        ]);
        for (const chunk of inChunks(rows)) {
          await tx.change(
            `INSERT INTO push_job_lines (pushId, attempt, rowNumber, connectionId, listing, locationId, revision, quantity,
               versionAtMs, versionId) VALUES ?`,
            [chunk],
          );
        }
        const unread = { jobId: null, fetchedAtMs: null, pageMode: null, pageCursor: null };
        return { pushId, attempt, connectionId, state: 'starting', fileKey, sentAtMs, ...unread };
      }),

    async recordStarted({ pushId, attempt }, jobId) {
      await db.change(`UPDATE push_jobs SET state = 'running', jobId = ? WHERE ${IS_JOB} AND state = 'starting'`, [
        jobId,
        pushId,
        attempt,
      ]);
    },

    lines: ({ pushId, attempt }) =>
      db.select<JobLine>(
        `SELECT rowNumber AS \`row\`, connectionId, listing, locationId, revision, quantity, versionAtMs, versionId, verdict, message
         FROM push_job_lines WHERE ${IS_JOB} ORDER BY rowNumber`,
        [pushId, attempt],
      ),

    recordPage: ({ pushId, attempt }, { mode, verdicts, nextCursor }) =>
      db.transaction(async (tx) => {
        // One statement for each pair of verdict and message: most rows share theirs.
        const alike = new Map<string, { verdict: string; message: string | null; rows: number[] }>();
        for (const { row, verdict, message } of verdicts) {
          const key = `${verdict} ${message}`;
          const group = alike.get(key) ?? { verdict, message, rows: [] };
          group.rows.push(row);
          alike.set(key, group);
        }
        for (const { verdict, message, rows } of alike.values()) {
          await tx.change(`UPDATE push_job_lines SET verdict = ?, message = ? WHERE ${IS_JOB} AND rowNumber IN (?)`, [
            verdict,
            message === null ? null : message.slice(0, 500),
            pushId,
            attempt,
            rows,
          ]);
        }
        await tx.change(`UPDATE push_jobs SET pageMode = ?, pageCursor = ? WHERE ${IS_JOB}`, [
          mode,
          nextCursor,
          pushId,
          attempt,
        ]);
      }),

    end: (job) => db.transaction((tx) => forget(tx, job)),

    endUnfetched: (job) =>
      db.transaction(async (tx) => {
        const { affectedRows } = await tx.change(
          `UPDATE push_jobs SET file = NULL WHERE ${IS_JOB} AND fetchedAtMs IS NULL AND file IS NOT NULL`,
          [job.pushId, job.attempt],
        );
        if (affectedRows > 0) await forget(tx, job);
        return affectedRows > 0;
      }),

    async fetchFile(fileKey) {
      // Noted before it is read: a file that is not noted as fetched was not handed out and will not be.
      await db.change(
        'UPDATE push_jobs SET fetchedAtMs = COALESCE(fetchedAtMs, ?) WHERE fileKey = ? AND file IS NOT NULL',
        [Date.now(), fileKey],
      );
      const [found] = await db.select<{ mediaType: string; text: string }>(
        'SELECT mediaType, file AS text FROM push_jobs WHERE fileKey = ? AND file IS NOT NULL AND fileExpiresAtMs > ?',
        [fileKey, Date.now()],
      );
      return found;
    },
  };
}
