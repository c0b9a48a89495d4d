import { z } from 'zod';
import { CHANNELS } from '../contracts/channels';
import { CONNECTION_STATUSES, type Connection } from '../contracts/connection';
import { jsonOrText, openSecrets } from './connection-secrets';
import type { Queryable } from './database';
import type { SecretBox } from './secret-box';

/** A row of `connections`; only what was written through us stands there, but an older or newer copy may have been played in. */
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
  isTokenShared: z.number().transform(Boolean),
  sharedTokenHash: z.string().nullable(),
  settings: z.string().nullable(),
  status: z.enum(CONNECTION_STATUSES),
  statusReason: z.string().nullable(),
});

/** See migration 012 for what the columns of the token mean. */
export type ConnectionRow = z.output<typeof rowSchema>;

export const CONNECTION_COLUMNS = `id, channel, accountSlug, externalChannelID, externalWarehouseID, locationId, inputFields, accessToken,
  tokenExpiresAt, tokenGeneration, isTokenShared, sharedTokenHash, settings, status, statusReason`;

/** Throws an error that names connection and column. */
export function readConnectionRow(row: object): ConnectionRow {
  const parsed = rowSchema.safeParse(row);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new Error(`connection ${Reflect.get(row, 'id')} cannot be read: ${faults}`);
}

/** The row of a connection whose channel has a connector. */
export async function connectionRowOn(target: Queryable, id: number, lock = ''): Promise<ConnectionRow | undefined> {
  const [row] = await target.select(
    `SELECT ${CONNECTION_COLUMNS} FROM connections WHERE id = ? AND channel IN (?) ${lock}`,
    [id, CHANNELS],
  );
  return row && readConnectionRow(row);
}

/** The connection that a row tells of; `sharedFields` are the credentials that the shared table holds. */
export const connectionOf = (
  box: SecretBox,
  row: ConnectionRow,
  sharedFields: string | null | undefined,
): Connection => ({
  id: row.id,
  channel: row.channel,
  accountSlug: row.accountSlug,
  externalChannelId: row.externalChannelID,
  externalWarehouseId: row.externalWarehouseID,
  locationId: row.locationId,
  // Ours first: what stands plain in the shared table never takes the place of something sealed.
  ...openSecrets(box, { ...row, inputFields: row.inputFields ?? sharedFields ?? null }),
  tokenExpiresAtMs: row.tokenExpiresAt?.getTime() ?? null,
  tokenGeneration: row.tokenGeneration,
  settings: jsonOrText(row.settings),
  status: row.status,
  statusReason: row.statusReason,
});
