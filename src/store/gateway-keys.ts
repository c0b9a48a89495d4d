import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from './database';
import { newId } from './new-id';

/** Who posts to the gateway: an account, and one connection only if the key is bound to it. */
export interface KeyHolder {
  keyId: string;
  accountSlug: string;
  connectionId: number | null;
}

export interface GatewayKey extends KeyHolder {
  name: string;
  createdAt: Date;
  revokedAt: Date | null;
}

export interface GatewayKeyStore {
  /** Returns the key itself, the only time that it is seen. */
  create(key: {
    accountSlug: string;
    name: string;
    connectionId: number | null;
  }): Promise<{ keyId: string; key: string }>;
  list(accountSlug?: string): Promise<GatewayKey[]>;
  /** Returns false when there is no such key or it was revoked before. */
  revoke(keyId: string): Promise<boolean>;
  /** Undefined for a key that is malformed, unknown, wrong or revoked. */
  verify(key: string): Promise<KeyHolder | undefined>;
}

const KEY_PATTERN = /^sb_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/;
const SECRET_BYTES = 32;
const COLUMNS = 'id AS keyId, accountSlug, connectionId, name, createdAt, revokedAt';

/** The secret is 256 random bits, so a plain digest is as good as a slow one. */
const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** A hash to compare with when the key is unknown, so that the answer takes as long as for a wrong secret. */
const NO_SUCH_KEY = digest('');

export function createGatewayKeyStore(db: Database): GatewayKeyStore {
  return {
    async create({ accountSlug, name, connectionId }) {
      const keyId = newId();
      const secret = randomBytes(SECRET_BYTES).toString('base64url');
      await db.change(
        `INSERT INTO gateway_keys (id, accountSlug, connectionId, name, secretHash, createdAt)
         VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3))`,
        [keyId, accountSlug, connectionId, name, digest(secret).toString('hex')],
      );
      return { keyId, key: `sb_${keyId}_${secret}` };
    },

    list: (accountSlug) =>
      accountSlug === undefined
        ? db.select<GatewayKey>(`SELECT ${COLUMNS} FROM gateway_keys ORDER BY id`)
        : db.select<GatewayKey>(`SELECT ${COLUMNS} FROM gateway_keys WHERE accountSlug = ? ORDER BY id`, [accountSlug]),

    async revoke(keyId) {
      const { affectedRows } = await db.change(
        'UPDATE gateway_keys SET revokedAt = UTC_TIMESTAMP(3) WHERE id = ? AND revokedAt IS NULL',
        [keyId],
      );
      return affectedRows > 0;
    },

    async verify(key) {
      const match = KEY_PATTERN.exec(key);
      const [, keyId, secret] = match ?? [];
      if (keyId === undefined || secret === undefined) return undefined;
      const [row] = await db.select<KeyHolder & { secretHash: string }>(
        'SELECT id AS keyId, accountSlug, connectionId, secretHash FROM gateway_keys WHERE id = ? AND revokedAt IS NULL',
        [keyId],
      );
      const known = row ? Buffer.from(row.secretHash, 'hex') : NO_SUCH_KEY;
      if (!timingSafeEqual(known, digest(secret)) || !row) return undefined;
      return { keyId: row.keyId, accountSlug: row.accountSlug, connectionId: row.connectionId };
    },
  };
}
