import { createHash } from 'node:crypto';
import { tokenPartsOf } from '../contracts/stored-token';
import type { Queryable } from './database';

/** The two columns of `ie_appinstall_connection` that we share with other programs, as text. */
export interface SharedRow {
  inputFields: string | null;
  accessToken: string | null;
}

/** The shared table does not fit, or a row cannot be made in it. The message names table and columns, never a value. */
export class SharedTableError extends Error {
  override readonly name = 'SharedTableError';
}

/**
 * What stands at the place of `ie_appinstall_connection`: nothing; a table that other programs brought; or the one of our earlier versions,
 * which held all of a connection.
 */
export interface SharedTable {
  found: 'absent' | 'present' | 'earlier version';
  /** Its columns beside `id`, `inputFields` and `accessToken`. */
  otherColumns: string[];
}

interface Column {
  name: string;
  /** It has to be given a value when a row is made. */
  isDemanded: boolean;
}

const SHARED_COLUMNS = ['id', 'inputFields', 'accessToken'] as const;

/** Columns by which our earlier versions' table is told from others. */
const EARLIER_COLUMNS = ['channel', 'accountSlug', 'settings', 'status', 'tokenGeneration', 'tokenExpiresAt'];

/** MySQL and MariaDB do not tell the case of a column's name apart. */
const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

async function columnsOf(db: Queryable): Promise<Column[]> {
  const rows = await db.select<{ name: string; nullable: string; fallback: unknown; extra: string }>(
    `SELECT COLUMN_NAME AS name, IS_NULLABLE AS nullable, COLUMN_DEFAULT AS fallback, EXTRA AS extra FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'ie_appinstall_connection' ORDER BY ORDINAL_POSITION`,
  );
  return rows.map(({ name, nullable, fallback, extra }) => ({
    name,
    isDemanded: nullable === 'NO' && fallback === null && !/auto_increment|generated/i.test(extra),
  }));
}

const isEarlier = (columns: readonly Column[]): boolean =>
  EARLIER_COLUMNS.every((wanted) => columns.some(({ name }) => isSame(name, wanted)));

/** Looks at the shared table and changes nothing. Throws a {@link SharedTableError} when it lacks a column that we read. */
export async function inspectSharedTable(db: Queryable): Promise<SharedTable> {
  const columns = await columnsOf(db);
  if (columns.length === 0) return { found: 'absent', otherColumns: [] };
  const missing = SHARED_COLUMNS.filter((wanted) => !columns.some(({ name }) => isSame(name, wanted)));
  if (missing.length > 0) {
    throw new SharedTableError(
      `there is a table ie_appinstall_connection without ${missing.join(' and ')}, which we read: nothing was changed; ` +
        'point MYSQL_URL to the database of that table as it should be, or to one without it',
    );
  }
  const otherColumns = columns
    .map(({ name }) => name)
    .filter((name) => !SHARED_COLUMNS.some((own) => isSame(own, name)));
  return { found: isEarlier(columns) ? 'earlier version' : 'present', otherColumns };
}

/** Makes the shared table where there is none, with the columns that are shared and no other. */
export async function createSharedTable(db: Queryable): Promise<void> {
  await db.change(
    `CREATE TABLE IF NOT EXISTS ie_appinstall_connection (
       id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, inputFields TEXT NULL, accessToken TEXT NULL
     ) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  );
}

/** A column may be text, bytes, or JSON, which the driver has read already. */
const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : JSON.stringify(value);
};

/** What the shared table holds for a connection; undefined when it has no such row. */
export async function readSharedRow(db: Queryable, id: number): Promise<SharedRow | undefined> {
  // As text: a column of text compared with a number would take '294 and more' for 294, without an index.
  const [row] = await db.select<Record<keyof SharedRow, unknown>>(
    'SELECT inputFields, accessToken FROM ie_appinstall_connection WHERE id = ?',
    [String(id)],
  );
  return row && { inputFields: textOf(row.inputFields), accessToken: textOf(row.accessToken) };
}

/** The credentials that the shared table holds for these connections. */
export async function readSharedFields(db: Queryable, ids: readonly number[]): Promise<Map<number, string | null>> {
  if (ids.length === 0) return new Map();
  const rows = await db.select<{ id: number | string; inputFields: unknown }>(
    'SELECT id, inputFields FROM ie_appinstall_connection WHERE id IN (?)',
    [ids.map(String)],
  );
  return new Map(rows.map(({ id, inputFields }) => [Number(id), textOf(inputFields)]));
}

/**
 * Makes a row in the shared table, without credentials and token, so that its id is nobody else's, and returns the id. Throws a
 * {@link SharedTableError} that names every column whose value we do not know.
 */
export async function insertSharedRow(
  db: Queryable,
  { id, ...known }: { id: number | undefined; channel: string; accountSlug: string },
): Promise<number> {
  const columns = await columnsOf(db);
  const values: Record<string, string> = {
    ...(id === undefined ? {} : { id: String(id) }),
    inputFields: '{}',
    accessToken: '',
    // Columns of other programs may have the same names and mean something else.
    ...(isEarlier(columns) ? known : {}),
  };
  const given = columns.filter(({ name, isDemanded }) => isDemanded || (id !== undefined && isSame(name, 'id')));
  const fillingOf = (column: string) => Object.entries(values).find(([name]) => isSame(name, column))?.[1];
  const unknown = given.filter(({ name }) => fillingOf(name) === undefined).map(({ name }) => name);
  if (unknown.some((name) => isSame(name, 'id'))) {
    throw new SharedTableError('ie_appinstall_connection gives its rows no ids of its own: say which one with --id');
  }
  if (unknown.length > 0) {
    throw new SharedTableError(
      `ie_appinstall_connection needs a value for ${unknown.join(', ')}, which only the program knows that the table belongs to: ` +
        'let it make the row, then add the connection with the --id of that row',
    );
  }
  const { insertId } = await db.change(
    `INSERT INTO ie_appinstall_connection (${given.map(({ name }) => `\`${name}\``).join(', ')}) VALUES (${given.map(() => '?').join(', ')})`,
    given.map(({ name }) => fillingOf(name) ?? ''),
  );
  if (id === undefined && insertId === 0) {
    throw new SharedTableError(
      'ie_appinstall_connection gives its rows no numbers of its own as ids: say which one with --id',
    );
  }
  return id ?? insertId;
}

/** Tells one token from another without keeping it. */
export const tokenHashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** A new token as other programs read it: by itself, or in the object that held the one before. */
export function sharedTokenText(before: string | null, accessToken: string, refreshToken: string | undefined): string {
  const isObject = before?.trim().startsWith('{') === true && tokenPartsOf(before).accessToken !== undefined;
  if (!isObject) return accessToken;
  const held: Record<string, unknown> = JSON.parse(before ?? '');
  const replace = (names: string[], token: string | undefined) => {
    for (const name of names) if (name in held && token !== undefined) held[name] = token;
  };
  replace(['accessToken', 'access_token'], accessToken);
  replace(['refreshToken', 'refresh_token'], refreshToken);
  return JSON.stringify(held);
}
