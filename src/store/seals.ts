import { CHANNELS } from '../contracts/channels';
import { contextOf, SECRET_COLUMNS, type SecretColumn } from './connection-secrets';
import { type Database, type Queryable, refusalCodeOf } from './database';
import { isSealed, SealError, type SecretBox } from './secret-box';
import { readSharedRow } from './shared-table';

/** How many values of a column are sealed with one key, or not at all. */
export interface SealCount {
  column: SecretColumn;
  /** Null for values that are not sealed. */
  keyId: string | null;
  connections: number;
  /** The lowest id among them. */
  firstId: number;
}

/** What became of one value: `renewed` is sealed with the current key from now on, `current` was before. */
export interface Renewal {
  column: SecretColumn;
  did: 'renewed' | 'current' | 'plain' | 'failed';
  /** Why it could not be opened; of `failed` only. */
  fault?: string;
}

/** Rows that this process has no key for. The message names the keys and a connection each, never a value. */
export class KeyMissingError extends Error {
  override readonly name = 'KeyMissingError';
}

/** The seals on the secrets of our connections; rows of channels that have no connector are not seen. */
export interface SealStore {
  /** Ids of the keys that this process has. */
  keys: SecretBox['keys'];
  count(): Promise<SealCount[]>;
  /** Throws a {@link KeyMissingError} unless this process has the key of every sealed value. One query; tables that are not there yet hold nothing. */
  requireKeys(): Promise<void>;
  /** Ids of the connections that hold a secret, in order. */
  ids(): Promise<number[]>;
  /**
   * Seals the secrets of one row with the current key, holding the row, so that a token that is replaced at the same moment is
   * neither lost nor brought back. Values that are not sealed stay so unless `sealPlain` says otherwise. Credentials that stand in the shared table
   * stay there as they are: what is sealed is a copy in ours, which counts from then on. Nothing for a row that is gone.
   */
  renew(id: number, options: { sealPlain: boolean; dryRun: boolean }): Promise<Renewal[]>;
}

const OURS = 'FROM connections WHERE channel IN (?)';

/** `sealed:<form>:<key id>` or `plain`, in SQL, so that no secret leaves the database for a count. */
const sealOf = (column: SecretColumn): string =>
  `CASE WHEN CAST(${column} AS CHAR) REGEXP '^sealed:[0-9]+:' THEN SUBSTRING_INDEX(CAST(${column} AS CHAR), ':', 3) ELSE 'plain' END AS seal`;

const OWN_SEALS = SECRET_COLUMNS.map(
  (column) => `SELECT '${column}' AS col, id, ${sealOf(column)} ${OURS} AND ${column} <> ''`,
).join(' UNION ALL ');

/** Of the connections that have no credentials in our table: those are read in the shared one. */
const SHARED_SEALS = `SELECT 'inputFields' AS col, id, ${sealOf('inputFields')} FROM ie_appinstall_connection WHERE id IN (?) AND inputFields <> ''`;

interface StoredSeal {
  col: SecretColumn;
  id: number;
  seal: string;
}

export function createSealStore(db: Database, box: SecretBox): SealStore {
  async function storedSeals(): Promise<StoredSeal[]> {
    const own = await db.select<StoredSeal>(OWN_SEALS, [CHANNELS, CHANNELS]);
    const sharing = await db.select<{ id: number }>(`SELECT id ${OURS} AND inputFields IS NULL`, [CHANNELS]);
    if (sharing.length === 0) return own;
    const shared = await db.select<StoredSeal>(SHARED_SEALS, [sharing.map(({ id }) => String(id))]);
    return [...own, ...shared.map((one) => ({ ...one, id: Number(one.id) }))];
  }

  async function count(): Promise<SealCount[]> {
    const counts = new Map<string, SealCount>();
    for (const { col, seal, id } of await storedSeals()) {
      const keyId = seal === 'plain' ? null : (seal.split(':')[2] ?? '');
      const key = `${col} ${keyId}`;
      // The forms of a seal are told apart by nobody but the box.
      const before = counts.get(key) ?? { column: col, keyId, connections: 0, firstId: id };
      counts.set(key, {
        ...before,
        connections: before.connections + 1,
        firstId: Math.min(before.firstId, id),
      });
    }
    return [...counts.values()];
  }

  function renewed(id: number, column: SecretColumn, stored: string, sealPlain: boolean): Renewal & { value: string } {
    const kept = (did: Renewal['did'], fault?: string) => ({ column, did, value: stored, ...(fault && { fault }) });
    if (!isSealed(stored) && !sealPlain) return kept('plain');
    try {
      const value = box.renew(stored, contextOf(id, column));
      return value === stored ? kept('current') : { column, did: 'renewed', value };
    } catch (error) {
      if (error instanceof SealError) return kept('failed', error.message);
      throw error;
    }
  }

  async function renewOn(target: Queryable, id: number, sealPlain: boolean, lock: string) {
    const [row] = await target.select<Record<SecretColumn, string | null>>(
      `SELECT ${SECRET_COLUMNS.join(', ')} ${OURS} AND id = ? ${lock}`,
      [CHANNELS, id],
    );
    if (row && row.inputFields === null) row.inputFields = (await readSharedRow(target, id))?.inputFields ?? null;
    return SECRET_COLUMNS.flatMap((column) => {
      const stored = row?.[column];
      return stored ? [renewed(id, column, stored, sealPlain)] : [];
    });
  }

  return {
    keys: box.keys,
    count,

    async requireKeys() {
      const counts = await count().catch((error: unknown) => {
        if (refusalCodeOf(error) === 'ER_NO_SUCH_TABLE') return [];
        throw error;
      });
      const missing = new Map<string, number>();
      for (const { keyId, firstId } of counts) {
        if (keyId === null || box.keys.readable.includes(keyId)) continue;
        missing.set(keyId, Math.min(firstId, missing.get(keyId) ?? firstId));
      }
      if (missing.size === 0) return;
      const sealed = [...missing].map(([keyId, id]) => `connection ${id} with key ${keyId}`).join(', ');
      const has =
        box.keys.readable.length === 0
          ? 'CREDENTIALS_KEY is not set'
          : `the keys given are ${box.keys.readable.join(', ')}`;
      throw new KeyMissingError(
        `Stored credentials cannot be opened: ${sealed} is sealed, and ${has}. Give the missing key as CREDENTIALS_KEY or in ` +
          'CREDENTIALS_READ_KEYS, or new credentials with `cli connections restore <id>`.',
      );
    },

    ids: async () => [...new Set((await storedSeals()).map(({ id }) => id))].sort((a, b) => a - b),

    async renew(id, { sealPlain, dryRun }) {
      const withoutValue = ({ value: _value, ...renewal }: Renewal & { value: string }): Renewal => renewal;
      if (dryRun) return (await renewOn(db, id, sealPlain, '')).map(withoutValue);
      return db.transaction(async (tx) => {
        const renewals = await renewOn(tx, id, sealPlain, 'FOR UPDATE');
        const changed = renewals.filter(({ did }) => did === 'renewed');
        if (changed.length > 0) {
          await tx.change(
            `UPDATE connections SET ${changed.map(({ column }) => `${column} = ?`).join(', ')} WHERE id = ?`,
            [...changed.map(({ value }) => value), id],
          );
        }
        return renewals.map(withoutValue);
      });
    },
  };
}
