import { z } from 'zod';
import { commonSettings } from '../settings';

/** Lines in one file, the header among them: the source document's ceiling. */
const MAX_FILE_LINES = 3_000;

/** Rows of stock in one file. */
export const MAX_FILE_ROWS = MAX_FILE_LINES - 1;

/** ShipHero takes 7,000 requests of an account in 5 minutes. */
const MAX_REQUESTS_PER_MINUTE = 1_400;

/** A page of more rows could outgrow the 1 MiB that an answer may have. */
const MAX_PAGE_SIZE = 1_000;

/** `inputFields` of a ShipHero connection: a login, a refresh token, or both. */
export const shipheroCredentials = z
  .object({
    username: z.string().trim().min(1).optional(),
    password: z.string().min(1).optional(),
    refreshToken: z.string().trim().min(1).optional(),
  })
  .superRefine(({ username, password, refreshToken }, { addIssue }) => {
    const fault = (field: string, message: string) => addIssue({ code: 'custom', path: [field], message });
    if (username !== undefined && password === undefined) fault('password', 'is missing beside username');
    if (username === undefined && password !== undefined) fault('username', 'is missing beside password');
    if (username === undefined && password === undefined && refreshToken === undefined) {
      fault('username', 'username and password, or refreshToken, must be given');
    }
  });

export type ShipheroCredentials = z.output<typeof shipheroCredentials>;

const settings = commonSettings.extend({
  /** The warehouse whose stock is set, as ShipHero calls it; a connection is one warehouse. */
  warehouseId: z.string().trim().min(1).max(100),
  /** The customer whose stock it is, where a 3PL sets it for one. */
  customerAccountId: z.string().trim().min(1).max(100).optional(),
  /** The account assigns bins by itself: files then have the column `location`. */
  dynamicSlotting: z.boolean().default(false),
  /** The bin that every row names; without it ShipHero takes an unassigned one. */
  location: z.string().trim().min(1).max(100).optional(),
  /** The field of a WMS line that ShipHero knows as the SKU. */
  listingFrom: z.enum(['sku', 'sellerSku', 'variantId', 'productId']).default('sku'),
  /** Rows of stock in one file; a setting of 3,000, which was let in before the header was counted, is read as 2,999. */
  batchSize: z.int().min(1).max(MAX_FILE_LINES).default(MAX_FILE_ROWS),
  /** What the header of a file calls the column of SKUs. */
  skuColumn: z.enum(['sku', '#sku']).default('sku'),
  /** Stands in every row; people see it in ShipHero's log of changes. */
  reason: z.string().trim().min(1).max(100).default('Stockbridge stock sync'),
  /** Rows of a sync that are read at once; each costs a credit, whether it is there or not. */
  itemsPageSize: z.int().min(1).max(MAX_PAGE_SIZE).default(250),
  /** A sync that has not ended after so many seconds is stopped. */
  syncDeadlineSeconds: z.int().min(10).max(86_400).default(1_800),
  /** Requests a minute of the account, over all its connections and processes. */
  requestsPerMinute: z.int().min(1).max(MAX_REQUESTS_PER_MINUTE).default(MAX_REQUESTS_PER_MINUTE),
  /** Files of this connection that ShipHero may be at work on at once; the last of several is kept for zero stock. */
  maxConcurrentPushes: z.int().min(1).max(10).default(3),
});

/** `settings` of a ShipHero connection, the common ones included. */
export const shipheroSettings = settings.refine(
  ({ location, dynamicSlotting }) => location === undefined || dynamicSlotting,
  { path: ['location'], message: 'is used with dynamicSlotting only' },
);

export type ShipheroSettings = z.output<typeof shipheroSettings>;

/** Read for every line of an event, so without the settings that it does not need. */
export const listingSettings = settings.pick({ listingFrom: true });
