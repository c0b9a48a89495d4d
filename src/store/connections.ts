import { CHANNELS } from '../contracts/channels';
import type { Connection, ConnectionStatus } from '../contracts/connection';
import { CONNECTION_COLUMNS, connectionOf, connectionRowOn, readConnectionRow } from './connection-rows';
import { canOpen, contextOf, openSecrets } from './connection-secrets';
import { type ConnectionStoreOptions, type ConnectionTokens, createConnectionTokens } from './connection-tokens';
import type { Database, Queryable } from './database';
import { isSealed, type SecretBox } from './secret-box';
import { insertSharedRow, readSharedFields, readSharedRow } from './shared-table';

/** What `connections add` needs; an id is given only when another system already knows the connection by it. */
export interface NewConnection {
  id?: number | undefined;
  channel: Connection['channel'];
  accountSlug: string;
  externalChannelId: string | null;
  externalWarehouseId: string | null;
  locationId: string | null;
  /** Undefined: those that the shared table holds under this id, as they are when they are read. */
  credentials: object | undefined;
  settings: object;
}

/**
 * What we know of connections, in a table of our own; of `ie_appinstall_connection`, which other programs read and write, only `inputFields` and
 * `accessToken` are read. Rows of channels that have no connector are not seen. A row whose secrets cannot be opened is read without them (`sealFault`).
 */
export interface ConnectionStore extends Pick<ConnectionTokens, 'replaceToken'> {
  /** The connection, with the token that is in use now: where that is another program's, the one that it has put into the shared table since. */
  find(id: number): Promise<Connection | undefined>;
  /** The credentials that the shared table holds under this id, whether a connection of ours or not; undefined when it has no such row. */
  findShared(id: number): Promise<{ credentials: unknown } | undefined>;
  list(filter?: { accountSlug?: string; externalChannelId?: string }): Promise<Connection[]>;
  /** Takes the shared table's row of that id as it is, or makes one without credentials and token. Throws a `SharedTableError` when it cannot. */
  insert(connection: NewConnection): Promise<number>;
  /**
   * Replaces the credentials, encrypted like those of a new connection, and forgets a token that cannot be opened. They go into the shared table,
   * plain, where others read it and ours have never been sealed here. Returns false when there is no such connection.
   */
  setCredentials(id: number, credentials: object): Promise<boolean>;
  /** Returns false when there is no such connection. */
  setStatus(id: number, status: ConnectionStatus, reason: string | null): Promise<boolean>;
}

export function createConnectionStore(
  db: Database,
  box: SecretBox,
  { sharedConnections = false }: ConnectionStoreOptions = {},
): ConnectionStore {
  const { follow, replaceToken } = createConnectionTokens(db, box, { sharedConnections });

  /** Sealed into our table; plain into the shared one where others read it and nothing sealed would give way. */
  async function storeCredentials(tx: Queryable, id: number, kept: string | null, credentials: object): Promise<void> {
    const json = JSON.stringify(credentials);
    const shared = sharedConnections && kept === null ? await readSharedRow(tx, id) : undefined;
    if (shared && !isSealed(shared.inputFields ?? '')) {
      await tx.change('UPDATE ie_appinstall_connection SET inputFields = ? WHERE id = ?', [json, String(id)]);
      return;
    }
    await tx.change('UPDATE connections SET inputFields = ? WHERE id = ?', [
      box.seal(json, contextOf(id, 'inputFields')),
      id,
    ]);
  }

  return {
    async find(id) {
      const row = await connectionRowOn(db, id);
      if (!row) return undefined;
      const isSharing = row.inputFields === null || row.accessToken === null || row.isTokenShared;
      const shared = isSharing ? await readSharedRow(db, id) : undefined;
      return connectionOf(box, await follow(row, shared), shared?.inputFields);
    },

    async findShared(id) {
      const shared = await readSharedRow(db, id);
      return (
        shared && {
          credentials: openSecrets(box, { id, inputFields: shared.inputFields, accessToken: null }).credentials,
        }
      );
    },

    async list(filter = {}) {
      const wanted: [string, string | undefined][] = [
        ['accountSlug', filter.accountSlug],
        ['externalChannelID', filter.externalChannelId],
      ];
      const given = wanted.filter((pair): pair is [string, string] => pair[1] !== undefined);
      const where = given.map(([column]) => `AND ${column} = ?`).join(' ');
      const rows = await db.select(
        `SELECT ${CONNECTION_COLUMNS} FROM connections WHERE channel IN (?) ${where} ORDER BY id`,
        [CHANNELS, ...given.map(([, value]) => value)],
      );
      const read = rows.map(readConnectionRow);
      const sharing = read.filter(({ inputFields }) => inputFields === null).map(({ id }) => id);
      const fields = await readSharedFields(db, sharing);
      return read.map((row) => connectionOf(box, row, fields.get(row.id)));
    },

    insert: (connection) =>
      db.transaction(async (tx) => {
        const { channel, accountSlug, credentials } = connection;
        const isThere = connection.id !== undefined && (await readSharedRow(tx, connection.id)) !== undefined;
        const id =
          isThere && connection.id !== undefined
            ? connection.id
            : await insertSharedRow(tx, { id: connection.id, channel, accountSlug });
        await tx.change(
          `INSERT INTO connections (id, channel, accountSlug, externalChannelID, externalWarehouseID, locationId, settings)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          [
            id,
            channel,
            accountSlug,
            connection.externalChannelId,
            connection.externalWarehouseId,
            connection.locationId,
            JSON.stringify(connection.settings),
          ],
        );
        if (credentials !== undefined) await storeCredentials(tx, id, null, credentials);
        return id;
      }),

    setCredentials: (id, credentials) =>
      db.transaction(async (tx) => {
        const row = await connectionRowOn(tx, id, 'FOR UPDATE');
        if (!row) return false;
        if (!canOpen(box, id, 'accessToken', row.accessToken))
          await tx.change('UPDATE connections SET accessToken = NULL WHERE id = ?', [id]);
        await storeCredentials(tx, id, row.inputFields, credentials);
        return true;
      }),

    async setStatus(id, status, reason) {
      await db.change('UPDATE connections SET status = ?, statusReason = ? WHERE id = ?', [
        status,
        reason?.slice(0, 500) ?? null,
        id,
      ]);
      return (await db.select('SELECT id FROM connections WHERE id = ?', [id])).length > 0;
    },

    replaceToken,
  };
}
