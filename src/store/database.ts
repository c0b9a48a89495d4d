import { setTimeout as delay } from 'node:timers/promises';
import mysql, { type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';

/** A value that may stand for a `?`; a nested array is a list of rows for `VALUES ?` or `IN (?)`. */
export type SqlValue = string | number | null | Date | readonly SqlValue[];

export interface Queryable {
  /** Rows of a SELECT; `Row` is what the statement's column list says. */
  select<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row[]>;
  /** Changes rows. On an upsert MySQL counts 2 for a changed row. */
  change(sql: string, values?: readonly SqlValue[]): Promise<{ affectedRows: number; insertId: number }>;
}

export interface Database extends Queryable {
  /** Runs `work` in one READ COMMITTED transaction; the whole of it again when the database breaks a deadlock. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Holds a server-wide named lock on a connection of its own while `work` runs. */
  withLock<T>(name: string, timeoutSeconds: number, work: (db: Queryable) => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** READ COMMITTED: upserts and claims meet on the same rows all day, and gap locks would make them deadlock. */
const SESSION_SETTINGS = ["SET time_zone = '+00:00'", 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'];

/** ER_LOCK_DEADLOCK and ER_LOCK_WAIT_TIMEOUT: the database chose us to give way. */
const GIVE_WAY_ERRNOS = new Set([1213, 1205]);
const MAX_TRANSACTION_ATTEMPTS = 8;

/**
 * A statement that is not answered for so long is given up together with its connection: where a server hangs or the network swallows
 * everything, nothing else would ever end it. Less than what the gateway grants a request and Temporal a step of ours.
 */
const STATEMENT_TIMEOUT_MS = 20_000;
const PING_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** What the driver says of such a statement. */
const NO_ANSWER = 'PROTOCOL_SEQUENCE_TIMEOUT';

const CONNECTION_ERROR_CODES = new Set([
  NO_ANSWER,
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'PROTOCOL_CONNECTION_LOST',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'POOL_NO_CONNECTION',
]);

const errorField = (error: unknown, field: 'errno' | 'code' | 'fatal' | 'sqlState'): unknown =>
  typeof error === 'object' && error !== null && field in error ? Reflect.get(error, field) : undefined;

/** True when the database could not be reached, as opposed to refusing a statement. */
export const isDatabaseDown = (error: unknown): boolean => {
  const code = errorField(error, 'code');
  // The driver gives no code when a statement meets a connection that has died before.
  if (code === undefined) return errorField(error, 'fatal') === true;
  return typeof code === 'string' && CONNECTION_ERROR_CODES.has(code);
};

/**
 * What the database said no with, when the error is its own and not a lost connection: ER_LOCK_DEADLOCK, ER_DATA_TOO_LONG, …; ER_1969 where
 * the driver has no name for the number, as for those that only MariaDB has.
 */
export const refusalCodeOf = (error: unknown): string | undefined => {
  const [code, errno] = [errorField(error, 'code'), errorField(error, 'errno')];
  if (typeof errno !== 'number') return undefined;
  if (code === undefined) return errorField(error, 'sqlState') === undefined ? undefined : `ER_${errno}`;
  return typeof code === 'string' && code.startsWith('ER_') ? code : undefined;
};

/** True when the database asked us to give way, more often than a transaction is repeated. */
export const isDatabaseBusy = (error: unknown): boolean => GIVE_WAY_ERRNOS.has(Number(errorField(error, 'errno')));

/**
 * Classes of SQLSTATE that blame the statement or its values: cardinality, data, constraint, syntax or a name that does not exist.
 * Sent again it would be refused again.
 */
const STATEMENT_FAULTS = new Set(['21', '22', '23', '42']);
/** Faults of a statement to which the server gives the general class HY000: no default, wrong value, a check, a bad argument. */
const STATEMENT_FAULT_ERRNOS = new Set([1364, 1366, 3819, 1210, 1295]);
/** Limits of a user's connections and statements, which the server puts among the faults of syntax. */
const LIMIT_ERRNOS = new Set([1203, 1226]);

/**
 * True when the same statement may succeed later: the database is away, busy, read-only, full, or says something that we do not
 * know. Only what blames the statement itself is no matter of time.
 */
export const isStoreUnavailable = (error: unknown): boolean => {
  if (isDatabaseDown(error)) return true;
  if (refusalCodeOf(error) === undefined) return false;
  const errno = Number(errorField(error, 'errno'));
  if (LIMIT_ERRNOS.has(errno)) return true;
  const state = errorField(error, 'sqlState');
  return !STATEMENT_FAULT_ERRNOS.has(errno) && !(typeof state === 'string' && STATEMENT_FAULTS.has(state.slice(0, 2)));
};

/**
 * Ends a connection whose server does not answer. The driver's own way takes it out of the pool, but waits for the server to say
 * goodbye and tells nobody whose statement was to come next.
 */
function abandon(connection: { destroy(): void }, error: Error): void {
  connection.destroy();
  Reflect.get(connection, 'stream').destroy(error);
}

const queryableOn = (connection: PoolConnection, timeoutMs: number): Queryable => {
  const query = async <Result extends RowDataPacket[] | ResultSetHeader>(
    sql: string,
    values: readonly SqlValue[] = [],
  ): Promise<Result> => {
    try {
      const [result] = await connection.query<Result>({ sql, values: [...values], timeout: timeoutMs });
      return result;
    } catch (error) {
      if (error instanceof Error && errorField(error, 'code') === NO_ANSWER) abandon(connection.connection, error);
      throw error;
    }
  };
  return {
    select: <Row extends object>(sql: string, values?: readonly SqlValue[]) =>
      query<(Row & RowDataPacket)[]>(sql, values),
    async change(sql, values) {
      const { affectedRows, insertId } = await query<ResultSetHeader>(sql, values);
      return { affectedRows, insertId };
    },
  };
};

export interface DatabaseOptions {
  /** Open connections at most. @default 10 */
  connectionLimit?: number;
  /** How long a statement may go without an answer, milliseconds; 0: as long as it takes. @default 20,000 */
  statementTimeoutMs?: number;
  /** How long a new connection may take until it can be used, milliseconds. @default 5,000 */
  connectTimeoutMs?: number;
}

/** Opens a pool; connects only when the first statement runs. `url` is `mysql://user:password@host:port/database`. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { connectionLimit = 10, statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options;
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const pool = mysql.createPool({
    uri: url,
    connectionLimit,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectTimeout: connectTimeoutMs,
    supportBigNumbers: true,
    decimalNumbers: true,
    // An object given by mistake becomes text, never a piece of SQL.
    stringifyObjects: true,
    enableKeepAlive: true,
  });
  pool.pool.on('connection', (connection) => {
    for (const statement of SESSION_SETTINGS) {
      // A connection without them must not be used: its transactions would mean something else.
      connection.query({ sql: statement, timeout: statementTimeoutMs }, (error) => {
        if (error) abandon(connection, error);
      });
    }
  });

  async function onConnection<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await pool.getConnection();
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }

  async function transactOnce<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return onConnection(async (connection) => {
      const tx = queryableOn(connection, statementTimeoutMs);
      await tx.change('START TRANSACTION');
      try {
        const result = await work(tx);
        await tx.change('COMMIT');
        return result;
      } catch (error) {
        await tx.change('ROLLBACK').catch(() => connection.destroy());
        throw error;
      }
    });
  }

  return {
    select: <Row extends object>(sql: string, values?: readonly SqlValue[]) =>
      onConnection((connection) => queryableOn(connection, statementTimeoutMs).select<Row>(sql, values)),
    change: (sql, values) =>
      onConnection((connection) => queryableOn(connection, statementTimeoutMs).change(sql, values)),
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await transactOnce(work);
        } catch (error) {
          const errno = errorField(error, 'errno');
          if (typeof errno !== 'number' || !GIVE_WAY_ERRNOS.has(errno) || attempt >= MAX_TRANSACTION_ATTEMPTS)
            throw error;
          await delay(5 * 2 ** attempt * (0.5 + Math.random()));
        }
      }
    },
    withLock: (name, timeoutSeconds, work) =>
      onConnection(async (connection) => {
        // Changes of tables take as long as they take.
        const db = queryableOn(connection, 0);
        const [answer] = await db.select<{ held: number | null }>('SELECT GET_LOCK(?, ?) AS held', [
          name,
          timeoutSeconds,
        ]);
        if (answer?.held !== 1)
          throw new Error(`lock ${name} is still held by another process after ${timeoutSeconds} s`);
        try {
          return await work(db);
        } finally {
          await db.select('SELECT RELEASE_LOCK(?)', [name]);
        }
      }),
    ping: () =>
      onConnection(async (connection) => {
        await queryableOn(connection, PING_TIMEOUT_MS).select('SELECT 1');
      }),
    close: () => pool.end(),
  };
}

/** Cuts rows into pieces that stay far below the server's packet limit. */
export function inChunks<T>(rows: readonly T[], size = 500): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < rows.length; start += size) chunks.push(rows.slice(start, start + size));
  return chunks;
}
