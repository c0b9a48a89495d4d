import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import type { Guardian } from './supervisor';

const USER = 'stockbridge';
const READY_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 5_000;
const POLL_MS = 30;

/** A MySQL that answers. */
export interface MysqlServer {
  /** `mysql://user:password@host:port/stockbridge`; the user may make and drop databases whose names start with `stockbridge`. */
  url: string;
  /** True when it is private to this project, so that its contents may be thrown away. */
  embedded: boolean;
  /** Resolves with how it ended, when it does; never for a server of yours. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

export interface MysqlOptions {
  /** Private folder; holds the data, the socket and the password. */
  folder: string;
  guardian: Guardian;
  /** Says what takes longer than a person expects. */
  log(line: string): void;
}

/** Address of a local server for {@link USER}. */
export const mysqlUrl = (password: string, port: number): string =>
  `mysql://${USER}:${password}@127.0.0.1:${port}/stockbridge`;

/** Statements that give the one user its rights and an empty database; `host` is where the server sees it come from. */
export const accountStatements = (password: string, host: string): string[] => [
  `CREATE USER IF NOT EXISTS '${USER}'@'${host}' IDENTIFIED BY '${password}'`,
  `ALTER USER '${USER}'@'${host}' IDENTIFIED BY '${password}'`,
  // A pattern: tests make a database each.
  `GRANT ALL ON \`stockbridge%\`.* TO '${USER}'@'${host}'`,
  // An embedded stand starts from nothing each time, so that what it shows comes from this run alone.
  'DROP DATABASE IF EXISTS stockbridge',
  'CREATE DATABASE stockbridge CHARACTER SET utf8mb4',
];

/** Waits until the server lets the user in. Throws when it does not within two minutes, or `ended` settles first. */
export async function waitForMysql(url: string, ended: Promise<string>): Promise<void> {
  let reason: string | undefined;
  void ended.then((text) => {
    reason = text;
  });
  for (const deadlineMs = Date.now() + READY_TIMEOUT_MS; ; await sleep(POLL_MS)) {
    if (reason !== undefined) throw new Error(reason);
    try {
      const connection = await createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT_MS });
      await connection.end();
      return;
    } catch (cause) {
      if (Date.now() > deadlineMs) throw new Error('MySQL did not answer within two minutes.', { cause });
    }
  }
}
