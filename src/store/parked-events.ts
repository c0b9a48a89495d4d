import { createHash } from 'node:crypto';
import type { Database } from './database';
import { newId } from './new-id';

export const PARKED_KINDS = ['inventory', 'order'] as const;
export type ParkedKind = (typeof PARKED_KINDS)[number];
export type ParkedStatus = 'parked' | 'ignored' | 'redriven';

export interface ParkedEvent {
  id: string;
  accountSlug: string;
  kind: ParkedKind;
  status: ParkedStatus;
  /** A word for grouping: `connection_not_found`. */
  reason: string;
  message: string;
  /** The event as it was read: only the fields that we know, no customer. */
  body: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface ParkedEventStore {
  /** Keeps an event that cannot be used; the same event again only renews the reason. Returns its id. */
  park(event: {
    accountSlug: string;
    kind: ParkedKind;
    identity: string;
    status: 'parked' | 'ignored';
    reason: string;
    message: string;
    body: object;
  }): Promise<string>;
  /** Oldest first; `afterId` goes on where the page before ended. */
  list(filter: { status: ParkedStatus; accountSlug?: string; afterId?: string; limit: number }): Promise<ParkedEvent[]>;
  markRedriven(id: string): Promise<void>;
  /** Renews why the event cannot be used. */
  setReason(id: string, reason: string, message: string): Promise<void>;
  countParked(): Promise<number>;
}

const COLUMNS = 'id, accountSlug, kind, status, reason, message, body, createdAt, updatedAt';

export function createParkedEventStore(db: Database): ParkedEventStore {
  return {
    async park({ accountSlug, kind, identity, status, reason, message, body }) {
      const identityHash = createHash('sha256').update(identity).digest('hex');
      await db.change(
        `INSERT INTO parked_events (id, accountSlug, kind, identityHash, status, reason, message, body, createdAt, updatedAt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
         ON DUPLICATE KEY UPDATE status = VALUES(status), reason = VALUES(reason), message = VALUES(message), body = VALUES(body),
           updatedAt = VALUES(updatedAt)`,
        [newId(), accountSlug, kind, identityHash, status, reason, message.slice(0, 500), JSON.stringify(body)],
      );
      const [row] = await db.select<{ id: string }>(
        'SELECT id FROM parked_events WHERE accountSlug = ? AND kind = ? AND identityHash = ?',
        [accountSlug, kind, identityHash],
      );
      if (!row) throw new Error('a parked event was not stored');
      return row.id;
    },

    list({ status, accountSlug, afterId = '', limit }) {
      const ofAccount = accountSlug === undefined ? '' : 'AND accountSlug = ?';
      return db.select<ParkedEvent>(
        `SELECT ${COLUMNS} FROM parked_events WHERE status = ? AND id > ? ${ofAccount} ORDER BY id LIMIT ?`,
        [status, afterId, ...(accountSlug === undefined ? [] : [accountSlug]), limit],
      );
    },

    async markRedriven(id) {
      await db.change("UPDATE parked_events SET status = 'redriven', updatedAt = UTC_TIMESTAMP(3) WHERE id = ?", [id]);
    },

    async setReason(id, reason, message) {
      await db.change('UPDATE parked_events SET reason = ?, message = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?', [
        reason,
        message.slice(0, 500),
        id,
      ]);
    },

    async countParked() {
      const [row] = await db.select<{ parked: number }>(
        "SELECT COUNT(*) AS parked FROM parked_events WHERE status = 'parked'",
      );
      return row?.parked ?? 0;
    },
  };
}
