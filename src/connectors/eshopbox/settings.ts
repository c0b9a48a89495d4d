import { z } from 'zod';
import { commonSettings } from '../settings';

/** `inputFields` of an Eshopbox connection. */
export const eshopboxCredentials = z.object({
  client_id: z.string().trim().min(1),
  client_secret: z.string().min(1),
  refresh_token: z.string().min(1),
});

export type EshopboxCredentials = z.output<typeof eshopboxCredentials>;

/** `settings` of an Eshopbox connection, the common ones included. */
export const eshopboxSettings = commonSettings.extend({
  /** Base address of the token service for this connection instead of the channel's own. */
  authUrl: z.url().optional(),
  /** Sent with every cancellation. */
  reason: z.string().trim().min(1).max(100).default('Other'),
  /** Sent with every cancelled line. */
  remark: z.string().trim().min(1).max(100).default('Other'),
  /** Values of `error.code` by which Eshopbox says that a line is cancelled already; nobody has published them. */
  alreadyCancelledCodes: z.array(z.string().min(1)).default(['ORDER_ALREADY_CANCELLED']),
});

export type EshopboxSettings = z.output<typeof eshopboxSettings>;
