import { z } from 'zod';
import { CHANNELS } from '../contracts/channels';
import { CONNECTION_STATUSES, type Connection, type ConnectionStatus } from '../contracts/connection';
import { canOpen, contextOf, jsonOrText, openSecrets } from './connection-secrets';
import type { Database, Queryable } from './database';
import type { SecretBox } from './secret-box';

/** Other programs write this table too, so a row is believed only after it was read through this. */
const rowSchema = z.object({
  id: z.number(),
  channel: z.enum(CHANNELS),
  accountSlug: z.string(),
  externalChannelID: z.string().nullable(),
  externalWarehouseID: z.string().nullable(),
  locationId: z.string().nullable(),
  inputFields: z.string().nullable(),
  accessToken: z.string().nullable(),
  tokenExpiresAt: z.date().nullable(),
  tokenGeneration: z.number(),
  settings: z.string().nullable(),
  status: z.enum(CONNECTION_STATUSES),
  statusReason: z.string().nullable(),
});

/** What `connections add` needs; an id is given only when another system already knows the connection by it. */
export interface NewConnection {
  id?: number | undefined;
  channel: Connection['channel'];
  accountSlug: string;
  externalChannelId: string | null;
  externalWarehouseId: string | null;
  locationId: string | null;
  credentials: object;
  settings: object;
}

export interface StoredToken {
  accessToken: string;
  /** Kept with the token: the column then holds both as JSON, otherwise the token as it is. */
  refreshToken?: string | undefined;
  expiresAtMs: number | null;
}

export type TokenRefresh = { refreshed: boolean; generation: number };

/** Rows of channels that have no connector belong to other programs and are not seen. A row whose secrets cannot be opened is read without them (`sealFault`). */
export interface ConnectionStore {
  find(id: number): Promise<Connection | undefined>;
  list(filter?: { accountSlug?: string; externalChannelId?: string }): Promise<Connection[]>;
  insert(connection: NewConnection): Promise<number>;
  /**
   * Replaces the credentials, encrypted like those of a new connection, and forgets a token that cannot be opened. Returns false
   * when there is no such connection.
   */
  setCredentials(id: number, credentials: object): Promise<boolean>;
  /** Returns false when there is no such connection. */
  setStatus(id: number, status: ConnectionStatus, reason: string | null): Promise<boolean>;
  /**
   * Replaces the token of generation `rejectedGeneration` with what `issue` returns, holding the row so that one process
   * does it and the others find it done. Returns at once when the stored generation is already newer.
   */
  replaceToken(
    id: number,
    rejectedGeneration: number,
    issue: (connection: Connection) => Promise<StoredToken>,
  ): Promise<TokenRefresh | undefined>;
}

const COLUMNS = `id, channel, accountSlug, externalChannelID, externalWarehouseID, locationId, inputFields, accessToken,
  tokenExpiresAt, tokenGeneration, settings, status, statusReason`;

const tokenColumnOf = ({ accessToken, refreshToken }: StoredToken): string =>
  refreshToken === undefined ? accessToken : JSON.stringify({ accessToken, refreshToken });

export function createConnectionStore(db: Database, box: SecretBox): ConnectionStore {
  const toConnection = (row: object): Connection => {
    const parsed = rowSchema.safeParse(row);
    if (!parsed.success) {
      const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
      throw new Error(`connection ${Reflect.get(row, 'id')} cannot be read: ${faults}`);
    }
    const { data } = parsed;
    return {
      id: data.id,
      channel: data.channel,
      accountSlug: data.accountSlug,
      externalChannelId: data.externalChannelID,
      externalWarehouseId: data.externalWarehouseID,
      locationId: data.locationId,
      ...openSecrets(box, data),
      tokenExpiresAtMs: data.tokenExpiresAt?.getTime() ?? null,
      tokenGeneration: data.tokenGeneration,
      settings: jsonOrText(data.settings),
      status: data.status,
      statusReason: data.statusReason,
    };
  };

  const findOn = async (target: Queryable, id: number, lock = ''): Promise<Connection | undefined> => {
    const [row] = await target.select(
      `SELECT ${COLUMNS} FROM ie_appinstall_connection WHERE id = ? AND channel IN (?) ${lock}`,
      [id, CHANNELS],
    );
    return row && toConnection(row);
  };

  return {
    find: (id) => findOn(db, id),

    async list(filter = {}) {
      const wanted: [string, string | undefined][] = [
        ['accountSlug', filter.accountSlug],
        ['externalChannelID', filter.externalChannelId],
      ];
      const given = wanted.filter((pair): pair is [string, string] => pair[1] !== undefined);
      const where = given.map(([column]) => `AND ${column} = ?`).join(' ');
      const rows = await db.select(
        `SELECT ${COLUMNS} FROM ie_appinstall_connection WHERE channel IN (?) ${where} ORDER BY id`,
        [CHANNELS, ...given.map(([, value]) => value)],
      );
      return rows.map(toConnection);
    },

    insert: (connection) =>
      db.transaction(async (tx) => {
        const { insertId } = await tx.change(
          `INSERT INTO ie_appinstall_connection
             (id, channel, accountSlug, externalChannelID, externalWarehouseID, locationId, settings)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          [
            connection.id ?? null,
            connection.channel,
            connection.accountSlug,
            connection.externalChannelId,
            connection.externalWarehouseId,
            connection.locationId,
            JSON.stringify(connection.settings),
          ],
        );
        const id = connection.id ?? insertId;
        // Sealed in a second step because the seal is bound to the id.
        await tx.change('UPDATE ie_appinstall_connection SET inputFields = ? WHERE id = ?', [
          box.seal(JSON.stringify(connection.credentials), contextOf(id, 'inputFields')),
          id,
        ]);
        return id;
      }),

    setCredentials: (id, credentials) =>
      db.transaction(async (tx) => {
        const [row] = await tx.select<{ accessToken: string | null }>(
          'SELECT accessToken FROM ie_appinstall_connection WHERE id = ? FOR UPDATE',
          [id],
        );
        if (!row) return false;
        const kept = canOpen(box, id, 'accessToken', row.accessToken) ? row.accessToken : null;
        await tx.change('UPDATE ie_appinstall_connection SET inputFields = ?, accessToken = ? WHERE id = ?', [
          box.seal(JSON.stringify(credentials), contextOf(id, 'inputFields')),
          kept,
          id,
        ]);
        return true;
      }),

    async setStatus(id, status, reason) {
      await db.change('UPDATE ie_appinstall_connection SET status = ?, statusReason = ? WHERE id = ?', [
        status,
        reason?.slice(0, 500) ?? null,
        id,
      ]);
      return (await db.select('SELECT id FROM ie_appinstall_connection WHERE id = ?', [id])).length > 0;
    },

    replaceToken: (id, rejectedGeneration, issue) =>
      db.transaction(async (tx) => {
        const connection = await findOn(tx, id, 'FOR UPDATE');
        if (!connection) return undefined;
        if (connection.tokenGeneration > rejectedGeneration) {
          return { refreshed: false, generation: connection.tokenGeneration };
        }
        const token = await issue(connection);
        const generation = connection.tokenGeneration + 1;
        await tx.change(
          'UPDATE ie_appinstall_connection SET accessToken = ?, tokenExpiresAt = ?, tokenGeneration = ? WHERE id = ?',
          [
            box.seal(tokenColumnOf(token), contextOf(id, 'accessToken')),
            token.expiresAtMs === null ? null : new Date(token.expiresAtMs),
            generation,
            id,
          ],
        );
        return { refreshed: true, generation };
      }),
  };
}
