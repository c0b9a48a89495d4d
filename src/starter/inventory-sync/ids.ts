import { randomBytes } from 'node:crypto';
import type { SyncPlace } from '../../store/sync-progress';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString();

/** What the protocol calls a connection: base64 of `Warehouse:<id>`. */
export const warehouseIdOf = (connectionId: number): string => encode(`Warehouse:${connectionId}`);
/** What it calls an account: base64 of `Account:<slug>`. */
export const accountIdOf = (accountSlug: string): string => encode(`Account:${accountSlug}`);
/** What it calls a gateway key: base64 of `User:<id of the key>`. */
export const userIdOf = (keyId: string): string => encode(`User:${keyId}`);

/** The connection that a `warehouse_id` means, given as {@link warehouseIdOf} makes it or as the plain number; undefined for anything else. */
export function connectionIdOf(warehouseId: string): number | undefined {
  const plain = /^\d{1,15}$/.test(warehouseId) ? warehouseId : undefined;
  const digits = plain ?? /^Warehouse:(\d{1,15})$/.exec(decode(warehouseId))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether the text can be the id of a sync: 24 hex digits. */
export const isSyncId = (text: string): boolean => /^[0-9a-f]{24}$/.test(text);

/** Names one request in its answer; 24 hex digits. */
export const newRequestId = (): string => randomBytes(12).toString('hex');

/** `2019-10-03T16:41:20+00:00` */
export const timeOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}+00:00`;

/** How a list names the places in it. Cursors mean nothing to a caller; `read` is undefined for one that this list did not make. */
export interface Cursors<Place> {
  make(place: Place): string;
  read(cursor: string): Place | undefined;
}

/** A sync stands where its time and id put it, so a cursor keeps its meaning while newer syncs come. */
export const SYNC_CURSORS: Cursors<SyncPlace> = {
  make: ({ createdAtMs, id }) => encode(`sync:${createdAtMs}:${id}`),
  read(cursor) {
    const [, createdAtMs, id] = /^sync:(\d{1,14}):([0-9a-f]{24})$/.exec(decode(cursor)) ?? [];
    return createdAtMs === undefined || id === undefined ? undefined : { createdAtMs: Number(createdAtMs), id };
  },
};

/** An item stands at its row. */
export const ROW_CURSORS: Cursors<number> = {
  make: (row) => encode(`row:${row}`),
  read(cursor) {
    const row = /^row:(\d{1,9})$/.exec(decode(cursor))?.[1];
    return row === undefined ? undefined : Number(row);
  },
};
