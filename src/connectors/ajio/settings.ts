import { z } from 'zod';
import { commonSettings } from '../settings';

/** Lines in one stock update: Ajio's own ceiling, as the source document says it. */
export const MAX_STOCK_LINES = 50;

/** Products on one page of `GET /products`. */
export const MAX_PRODUCTS = 50;

/** What a request says of itself, or of its connection. */
const TAKEN_HEADERS = new Set([
  ...['accept', 'accept-encoding', 'connection', 'content-encoding', 'content-length', 'content-type', 'expect'],
  ...['host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent'],
]);

/** `inputFields` of an Ajio connection; every location (POB) has its own. */
export const ajioCredentials = z.object({ username: z.string().trim().min(1), password: z.string().min(1) });

export type AjioCredentials = z.output<typeof ajioCredentials>;

/** `settings` of an Ajio connection, the common ones included. */
export const ajioSettings = commonSettings.extend({
  /** Lines in one stock update; the source suggests 10 or 20. */
  batchSize: z.int().min(1).max(MAX_STOCK_LINES).default(20),
  /** Sends `inventory` as text, as the source document and Ajio's present specification have it; false: as a number, as an older one does. */
  quantityAsString: z.boolean().default(true),
  /**
   * A stock update that Ajio refuses without naming a line is halved until the lines at fault are alone. False: it is a person's
   * business after one call.
   */
  halvesRefusals: z.boolean().default(true),
  /** The header that carries the bare token. */
  tokenHeader: z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'is not the name of a header')
    .refine((name) => !TAKEN_HEADERS.has(name.toLowerCase()), 'is a header that the request has already')
    .default('apiKey'),
  /** Where Ajio's `order_id` comes from; the prefix is the part of `customerOrderItemID` before its last dot. */
  orderIdSource: z
    .enum(['customerOrderNumber', 'vendorOrderNumber', 'customerOrderItemIdPrefix'])
    .default('customerOrderNumber'),
  /** What stands before `/orders` in the path of the order API. */
  ordersPath: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9_-]+)*$/, 'is not a path like /ds/eshopbox')
    .default('/ds/eshopbox'),
});

export type AjioSettings = z.output<typeof ajioSettings>;
