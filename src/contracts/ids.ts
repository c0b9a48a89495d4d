import type { Channel } from './channels';

/** The queue that workflows and the activities that only touch our own database run on. */
export const WORKFLOW_TASK_QUEUE = 'stockbridge';

/** The queue of everything that speaks to one channel, so that a slow channel holds up no other. */
export const channelTaskQueue = (channel: Channel): string => `channel-${channel}`;

/** The queue on which files are fetched that callers name: others' servers may be slow, and hold up nothing else here. */
export const CSV_IMPORT_TASK_QUEUE = 'csv-import';

export const SWEEP_SCHEDULE_ID = 'stockbridge-sweep';
export const RETENTION_SCHEDULE_ID = 'stockbridge-retention';

const INVENTORY_SYNC_PREFIX = 'inventory-sync/';
const ORDER_PREFIX = 'unfulfillable-order/';
const CSV_IMPORT_PREFIX = 'csv-import/';

/** One writer per connection: the id makes Temporal refuse a second open run. */
export const inventorySyncWorkflowId = (connectionId: number): string => `${INVENTORY_SYNC_PREFIX}${connectionId}`;

/** The inverse of {@link inventorySyncWorkflowId}; undefined for any other workflow id. */
export function connectionIdOf(workflowId: string): number | undefined {
  if (!workflowId.startsWith(INVENTORY_SYNC_PREFIX)) return undefined;
  const id = Number(workflowId.slice(INVENTORY_SYNC_PREFIX.length));
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

/** One run for each file that is to be fetched. */
export const csvImportWorkflowId = (syncId: string): string => `${CSV_IMPORT_PREFIX}${syncId}`;

/** What makes two deliveries of an order event the same event: the event itself carries no id. */
export interface OrderIdentity {
  accountSlug: string;
  externalChannelId: string;
  orderNumber: string;
  /** Hex digest over the sorted line item sequence numbers. */
  linesHash: string;
}

/** `unfulfillable-order/<accountSlug>/<externalChannelID>/<customerOrderNumber>/<lines hash>`, each part percent-encoded so that a `/` in a number stays one part. */
export const orderWorkflowId = (order: OrderIdentity): string =>
  ORDER_PREFIX +
  [order.accountSlug, order.externalChannelId, order.orderNumber, order.linesHash].map(encodeURIComponent).join('/');

/** The inverse of {@link orderWorkflowId}; undefined for any other workflow id. */
export function orderIdentityOf(workflowId: string): OrderIdentity | undefined {
  if (!workflowId.startsWith(ORDER_PREFIX)) return undefined;
  const parts = workflowId.slice(ORDER_PREFIX.length).split('/').map(decodeURIComponent);
  const [accountSlug, externalChannelId, orderNumber, linesHash] = parts;
  if (parts.length !== 4 || !accountSlug || !externalChannelId || !orderNumber || !linesHash) return undefined;
  return { accountSlug, externalChannelId, orderNumber, linesHash };
}

/** The longest listing that the tables take, escapes included. */
const MAX_LISTING_CHARS = 255;

/** Percent-encodes what would make two different identifiers look alike: the separator, the escape sign, control characters and blanks at the end. */
const escapePart = (part: string): string => part.replace(/[%/\p{Cc}]|\s+$/gu, (match) => encodeURIComponent(match));

/**
 * One string for what a channel calls a sellable thing, from the identifiers that the channel asks for, in its own order
 * (two for a channel that knows products and variants, one for a channel that knows a SKU). Identifiers are opaque:
 * leading zeros, blanks and case are kept. Throws a RangeError for text that is no well-formed Unicode, and for a listing
 * longer than 255 characters with its escapes.
 */
export function listingOf(...parts: [string, ...string[]]): string {
  for (const part of parts) if (!part.isWellFormed()) throw new RangeError('identifier is not well-formed Unicode');
  const listing = parts.map(escapePart).join('/');
  if (listing.length > MAX_LISTING_CHARS) throw new RangeError('identifier is too long');
  return listing;
}

/** The inverse of {@link listingOf}. */
export const listingParts = (listing: string): string[] => listing.split('/').map(decodeURIComponent);

const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The `length` last base-32 digits of a whole number. */
function base32(value: number, length: number): string {
  let rest = value;
  let text = '';
  for (let digits = 0; digits < length; digits++) {
    text = BASE32.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * Makes ids of 26 characters like those of the store: each sorts after all that were made before. For workflows, whose clock and
 * dice repeat themselves in a replay.
 */
export function idsFrom(now: () => number, random: () => number): () => string {
  const suffix = Array.from({ length: 11 }, () => BASE32.charAt(Math.floor(random() * 32))).join('');
  let made = 0;
  return () => base32(now(), 10) + base32(made++, 5) + suffix;
}
