import type { Channel } from './channels';

export const CONNECTION_STATUSES = ['active', 'needs_reauth', 'paused'] as const;

/** `needs_reauth`: the channel refuses the credentials; work is kept and resumes with `connections restore`. `paused`: ops said so. */
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];

/** One account on one channel, as it reads once its secrets are open. Never leaves the process. */
export interface Connection {
  id: number;
  channel: Channel;
  accountSlug: string;
  /** What the WMS calls this sales channel; order events are matched by it. */
  externalChannelId: string | null;
  /** What the WMS calls the warehouse; order events are matched by it. */
  externalWarehouseId: string | null;
  /** The only location whose stock this connection shows; null takes any. */
  locationId: string | null;
  /** `inputFields`, ours or those of `ie_appinstall_connection`: the channel's own credentials, parsed JSON, validated by the connector. */
  credentials: unknown;
  accessToken: string | null;
  /** Why credentials or token cannot be opened, naming connection, column and key; both count as missing then. Absent when they can. */
  sealFault?: string;
  /** When the token dies, milliseconds since the epoch; null when nobody knows. */
  tokenExpiresAtMs: number | null;
  /** Counts the tokens of this connection; a refresh names the generation that was refused. */
  tokenGeneration: number;
  /** Parsed JSON, validated by the connector. */
  settings: unknown;
  status: ConnectionStatus;
  statusReason: string | null;
}
