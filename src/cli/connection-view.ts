import { z } from 'zod';
import { connectorFor } from '../connectors/registry';
import type { Connection } from '../contracts/connection';
import { fieldsOf } from './connection-input';

const anyObject = z.record(z.string(), z.unknown());

/** A connection without its secrets, as `connections show --json` prints it. */
export interface ConnectionView {
  id: number;
  channel: string;
  accountSlug: string;
  externalChannelId: string | null;
  externalWarehouseId: string | null;
  locationId: string | null;
  status: Connection['status'];
  statusReason: string | null;
  /** Why credentials or token cannot be opened; null when they can. */
  sealFault: string | null;
  /** Each field that the channel asks for: whether it is there. */
  credentials: Record<string, 'set' | 'missing'>;
  token: { isSet: boolean; generation: number; expiresAt: string | null };
  /** With every default filled in; null when they do not fit. */
  settings: object | null;
  settingsFaults: string[];
}

/** Takes every secret out of a connection and fills in the defaults of its settings. */
export function viewOf(connection: Connection): ConnectionView {
  const connector = connectorFor(connection.channel);
  const settings = connector.settings.safeParse(connection.settings);
  const credentials = anyObject.safeParse(connection.credentials).data ?? {};
  const isGiven = (field: string): boolean => credentials[field] !== undefined && credentials[field] !== '';
  return {
    id: connection.id,
    channel: connection.channel,
    accountSlug: connection.accountSlug,
    externalChannelId: connection.externalChannelId,
    externalWarehouseId: connection.externalWarehouseId,
    locationId: connection.locationId,
    status: connection.status,
    statusReason: connection.statusReason,
    sealFault: connection.sealFault ?? null,
    credentials: Object.fromEntries(
      fieldsOf(connector.credentials).map((field) => [field, isGiven(field) ? 'set' : 'missing']),
    ),
    token: {
      isSet: connection.accessToken !== null,
      generation: connection.tokenGeneration,
      expiresAt: connection.tokenExpiresAtMs === null ? null : new Date(connection.tokenExpiresAtMs).toISOString(),
    },
    settings: settings.data ?? null,
    settingsFaults: (settings.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  };
}
