import type { Connection } from '../contracts/connection';
import { type TokenParts, tokenPartsOf } from '../contracts/stored-token';
import { type ConnectionRow, connectionOf, connectionRowOn } from './connection-rows';
import { canOpen, contextOf } from './connection-secrets';
import { type Database, type Queryable, refusalCodeOf } from './database';
import type { SecretBox } from './secret-box';
import { readSharedRow, type SharedRow, sharedTokenText, tokenHashOf } from './shared-table';

export interface StoredToken {
  accessToken: string;
  /** Kept with the token: our column then holds both as JSON, otherwise the token as it is. */
  refreshToken?: string | undefined;
  expiresAtMs: number | null;
}

export interface TokenRefresh {
  /** A login of this call has brought the token. */
  refreshed: boolean;
  generation: number;
  /** The token was found in the shared table, where another program has put it. */
  adopted?: true;
  /** What the database refused to write the new token into the shared table with, such as `ER_DATA_TOO_LONG`; we have it all the same. */
  sharedFault?: string;
}

export interface ConnectionStoreOptions {
  /** Other programs read what we write into `ie_appinstall_connection`: new tokens go there, plain. @default false */
  sharedConnections?: boolean | undefined;
}

/** What no other form of a token would mend. A column of JSON that is given something else answers with a code that differs from server to server. */
const NO_MATTER_OF_FORM: readonly string[] = ['ER_LOCK_WAIT_TIMEOUT', 'ER_DATA_TOO_LONG'];

const tokenColumnOf = ({ accessToken, refreshToken }: Omit<StoredToken, 'expiresAtMs'>): string =>
  refreshToken === undefined ? accessToken : JSON.stringify({ accessToken, refreshToken });

export interface ConnectionTokens {
  /** Where the token in use is another program's, and worked, or where there is none: takes what stands in the shared table by now. */
  follow(row: ConnectionRow, shared: SharedRow | undefined): Promise<ConnectionRow>;
  /**
   * Replaces the token of generation `rejectedGeneration`, holding our row so that one process does it and the others find it done: with the one
   * that another program has put into the shared table meanwhile, otherwise with what `issue` returns. A token of others that was refused before it
   * ever worked is followed by a login, whatever stands there by then. Returns at once when the stored generation is already newer.
   */
  replaceToken(
    id: number,
    rejectedGeneration: number,
    issue: (connection: Connection) => Promise<StoredToken>,
  ): Promise<TokenRefresh | undefined>;
}

/** Which token of a connection is in use: the one of our last login, or one that another program has put into the shared table. */
export function createConnectionTokens(
  db: Database,
  box: SecretBox,
  { sharedConnections = false }: ConnectionStoreOptions = {},
): ConnectionTokens {
  const sharedTokenOf = (id: number, shared: SharedRow | undefined): TokenParts => {
    const stored = shared?.accessToken ?? null;
    // Sealed ones are of our earlier versions; what cannot be opened is of no use.
    return canOpen(box, id, 'accessToken', stored)
      ? tokenPartsOf(stored && box.open(stored, contextOf(id, 'accessToken')))
      : {};
  };

  /** The token in the shared table, unless it is the one in use or the one that stood there when that came. */
  const newsIn = (row: ConnectionRow, shared: SharedRow | undefined, { accessToken, sealFault }: Connection) => {
    const { accessToken: found, refreshToken } = sharedTokenOf(row.id, shared);
    if (found === undefined || sealFault !== undefined || tokenHashOf(found) === row.sharedTokenHash) return undefined;
    const inUse = tokenPartsOf(accessToken);
    if (found === inUse.accessToken) return undefined;
    return { accessToken: found, refreshToken: refreshToken ?? inUse.refreshToken };
  };

  const hasWorked = async (target: Queryable, { id, tokenGeneration }: ConnectionRow): Promise<boolean> =>
    (
      await target.select('SELECT 1 FROM working_tokens WHERE connectionId = ? AND generation >= ?', [
        id,
        tokenGeneration,
      ])
    ).length > 0;

  /** Puts another token into the place of the one in use, with the next generation. */
  async function storeToken(
    tx: Queryable,
    row: ConnectionRow,
    token: StoredToken,
    seen: { isShared: boolean; sharedHash: string | null },
  ): Promise<number> {
    const generation = row.tokenGeneration + 1;
    await tx.change(
      `UPDATE connections SET accessToken = ?, tokenExpiresAt = ?, tokenGeneration = ?, isTokenShared = ?, sharedTokenHash = ?
       WHERE id = ?`,
      [
        box.seal(tokenColumnOf(token), contextOf(row.id, 'accessToken')),
        token.expiresAtMs === null ? null : new Date(token.expiresAtMs),
        generation,
        seen.isShared ? 1 : 0,
        seen.sharedHash,
        row.id,
      ],
    );
    return generation;
  }

  const adopt = (tx: Queryable, row: ConnectionRow, news: Omit<StoredToken, 'expiresAtMs'>): Promise<number> =>
    storeToken(tx, row, { ...news, expiresAtMs: null }, { isShared: true, sharedHash: tokenHashOf(news.accessToken) });

  /** Writes a token that we got where other programs read it; returns what the database refused it with. */
  async function publish(
    tx: Queryable,
    { id, shared, token }: { id: number; shared: SharedRow; token: StoredToken },
  ): Promise<string | undefined> {
    const text = sharedTokenText(shared.accessToken, token.accessToken, token.refreshToken);
    const write = (value: string) =>
      tx.change('UPDATE ie_appinstall_connection SET accessToken = ? WHERE id = ?', [value, String(id)]).then(
        () => undefined,
        (error: unknown) => {
          const code = refusalCodeOf(error);
          // After a deadlock all of the transaction is void.
          if (code === undefined || code === 'ER_LOCK_DEADLOCK') throw error;
          return code;
        },
      );
    const fault = await write(text);
    if (fault === undefined || NO_MATTER_OF_FORM.includes(fault)) return fault;
    return (await write(JSON.stringify(text))) === undefined ? undefined : fault;
  }

  async function follow(row: ConnectionRow, shared: SharedRow | undefined): Promise<ConnectionRow> {
    const isFollowing = row.accessToken === null || row.isTokenShared;
    if (!isFollowing || newsIn(row, shared, connectionOf(box, row, shared?.inputFields)) === undefined) return row;
    return db.transaction(async (tx) => {
      // Whoever holds the row is replacing the token; nobody who only wants to read waits for that.
      const current = await connectionRowOn(tx, row.id, 'FOR UPDATE SKIP LOCKED');
      if (current?.tokenGeneration !== row.tokenGeneration) return current ?? row;
      const news = newsIn(current, shared, connectionOf(box, current, shared?.inputFields));
      if (!news || (current.accessToken !== null && !(await hasWorked(tx, current)))) return current;
      await adopt(tx, current, news);
      return (await connectionRowOn(tx, row.id)) ?? current;
    });
  }

  return {
    follow,

    async replaceToken(id, rejectedGeneration, issue) {
      // A deadlock makes the database ask for all of it again, which is no reason for a second login.
      let token: StoredToken | undefined;
      return db.transaction(async (tx) => {
        const row = await connectionRowOn(tx, id, 'FOR UPDATE');
        if (!row) return undefined;
        if (row.tokenGeneration > rejectedGeneration) return { refreshed: false, generation: row.tokenGeneration };
        const shared = await readSharedRow(tx, id);
        const connection = connectionOf(box, row, shared?.inputFields);
        const news = token ? undefined : newsIn(row, shared, connection);
        if (news && (row.accessToken === null || !row.isTokenShared || (await hasWorked(tx, row)))) {
          return { refreshed: false, generation: await adopt(tx, row, news), adopted: true };
        }
        token ??= await issue(connection);
        const sharedFault = sharedConnections && shared ? await publish(tx, { id, shared, token }) : undefined;
        const inShared =
          sharedConnections && shared && sharedFault === undefined
            ? token.accessToken
            : sharedTokenOf(id, shared).accessToken;
        const generation = await storeToken(tx, row, token, {
          isShared: false,
          sharedHash: inShared === undefined ? null : tokenHashOf(inShared),
        });
        return { refreshed: true, generation, ...(sharedFault === undefined ? {} : { sharedFault }) };
      });
    },
  };
}
