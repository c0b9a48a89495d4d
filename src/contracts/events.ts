import { z } from 'zod';
import { MAX_QUANTITY } from './stock';

/** The longest identifier that any table or channel takes. */
const MAX_IDENTIFIER_CHARS = 100;
const MAX_LINES = 10_000;

/** From 2001 to 2286; seconds are below, microseconds above. */
const isEpochMs = (value: number): boolean => Number.isInteger(value) && value >= 1e12 && value < 1e13;

/**
 * Text as this WMS sends it: sometimes as a number, which is safe to read back only while it is a whole one that a double
 * holds exactly. Blanks inside and leading zeros belong to the identifier.
 */
export const lenientText = z
  .union([
    z.string(),
    z
      .number()
      .refine(Number.isSafeInteger, 'is a number that may have lost digits: send it as a string')
      .transform(String),
  ])
  .pipe(
    z
      .string()
      .min(1, { error: 'is empty', abort: true })
      .max(MAX_IDENTIFIER_CHARS)
      .refine((text) => text.trim() !== '', 'is empty')
      .refine((text) => text.isWellFormed(), 'is not well-formed Unicode'),
  );

/** Whole number as this WMS sends it: `294`, `294.0`, `"294"`, `"294.0"`. */
export const lenientInteger = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\s*-?\d+(\.\d+)?\s*$/, 'is not a number')
      .transform(Number),
  ])
  .refine(Number.isSafeInteger, { error: 'is not a whole number', abort: true });

const lenientId = lenientInteger.refine((id) => id > 0, 'is not a positive number');

/** A quantity of pieces: whole, not negative, at most {@link MAX_QUANTITY}. */
export const quantity = lenientInteger
  .refine((count) => count >= 0, 'is negative')
  .refine((count) => count <= MAX_QUANTITY, 'is larger than any channel takes');

/** One line of an inventory event; fields that we do not read may hold anything. */
export const inventoryEventLine = z.object({
  productId: lenientText.optional(),
  variantId: lenientText.optional(),
  sku: lenientText.optional(),
  sellerSku: lenientText.optional(),
  /** Pieces at the line's location; `inventory` is the total of all locations and is not read. */
  locationInventory: quantity,
  locationId: lenientText.optional(),
});

export type InventoryEventLine = z.output<typeof inventoryEventLine>;

/** The WMS's inventory event. A line that cannot be read is rejected on its own, so lines are checked one by one later. */
export const inventoryEvent = z.object({
  // The database takes texts that differ only in blanks at the end for the same.
  message_id: lenientText.transform((text) => text.trim()),
  /** `YYYY-MM-DD HH:mm:ss` in the zone of the connection, ISO-8601 with its own zone, and what else programs print: docs/events.md. */
  publishedAt: z.union([
    z.string().min(1, 'is empty').max(MAX_IDENTIFIER_CHARS),
    z.number().refine(isEpochMs, 'is no time: a number has to be milliseconds since the epoch').transform(String),
  ]),
  connectionId: lenientId,
  locationId: lenientText.optional(),
  inventoryList: z
    .array(z.unknown().meta(z.toJSONSchema(inventoryEventLine, { io: 'input', unrepresentable: 'any' })))
    .min(1, 'has no line')
    .max(MAX_LINES),
});

export type InventoryEvent = z.output<typeof inventoryEvent>;

export const UNFULFILLABLE = 'UNFULFILLABLE';
export const UNFULFILLABLE_EVENT = 'order.unfulfillable';

/** A line of an order event that shall be cancelled. Lines in another status may look as they like. */
export const unfulfillableItem = z.object({
  lineItemSequenceNumber: lenientText,
  orderItemID: lenientText,
  itemID: lenientText,
  customerOrderItemID: lenientText,
  quantity: quantity.refine((count) => count > 0, 'is not positive'),
});

/** What we read of the order itself. */
export const orderEventPayload = z.object({
  externalChannelID: lenientText,
  externalWarehouseID: lenientText.optional(),
  customerOrderNumber: lenientText,
  vendorOrderNumber: lenientText.nullish(),
  items: z
    .array(z.looseObject({ status: z.string() }))
    .min(1, 'has no item')
    .max(100)
    .transform((items) => items.filter((item) => item.status === UNFULFILLABLE)),
});

/**
 * The WMS's order event: only what is named here is read, so customers and addresses go no further than this. The payload
 * stands under `response_data`, or under the doubled name that the source document shows.
 */
export const orderEvent = z
  .object({
    resource_type: z.string().max(MAX_IDENTIFIER_CHARS),
    response_data: z.unknown().optional(),
    response_dataresponse_data: z.unknown().optional(),
  })
  .transform((event) => ({
    resourceType: event.resource_type,
    payloadField: event.response_data === undefined ? 'response_dataresponse_data' : 'response_data',
    payload: event.response_data ?? event.response_dataresponse_data,
  }));

export type OrderEvent = z.output<typeof orderEvent>;

export type OrderEventPayload = z.output<typeof orderEventPayload>;
