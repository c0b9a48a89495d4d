import { type OrderEvent, quantityOf, type StockEvent, type UnusableEvent } from './load';
import { CANARY, CONNECTIONS, itemOf } from './tenants';

const FIRST_SECOND_MS = Date.UTC(2025, 0, 10);
/** The zone of connections that name none. */
const ZONE_MS = 5.5 * 3_600_000;
const NOBODY = 999_999;

/** Milliseconds since the epoch at which an event says that it was published. */
export const publishedAtMsOf = ({ publishedAtSeconds }: Pick<StockEvent, 'publishedAtSeconds'>): number =>
  FIRST_SECOND_MS + publishedAtSeconds * 1_000;

const wmsTime = (ms: number): string => new Date(ms + ZONE_MS).toISOString().slice(0, 19).replace('T', ' ');

export const connectionOf = (id: number) => {
  const found = CONNECTIONS.find((connection) => connection.id === id);
  if (!found) throw new Error(`the soak has no connection ${id}`);
  return found;
};

const person = (number: number) => ({
  customerName: `${CANARY} Person ${number}`,
  email: `${CANARY.toLowerCase()}.${number}@example.com`,
  addressLine1: `${CANARY} ${number} Example Street`,
  contactPhone: `${CANARY}-${number}`,
});

export const orderItemOf = (orderNumber: string, line: number): string => `${orderNumber}.${line}-1`;
export const sequenceNumberOf = (orderNumber: string, line: number): string => `${orderNumber}-${line}`;

const stockBody = (event: StockEvent) => ({
  account_slug: connectionOf(event.connectionId).accountSlug,
  publishedAt: wmsTime(publishedAtMsOf(event)),
  message_id: event.messageId,
  connectionId: event.connectionId,
  inventoryList: event.listings.map((listing) => ({
    ...itemOf(event.connectionId, listing),
    inventory: '99999999',
    // A quantity below zero is one that nobody can use.
    locationInventory: listing === event.badListing ? -1 : quantityOf(event, listing),
  })),
});

const order = (
  number: number,
  place: { externalChannelID: string | null; externalWarehouseID: string | null },
  orderNumber: string,
  lines: readonly number[],
) => ({
  resource_type: 'order.unfulfillable',
  response_data: {
    ...place,
    customerOrderNumber: orderNumber,
    shippingAddress: person(number),
    billingAddress: person(number),
    email: person(number).email,
    items: lines.map((line) => ({
      lineItemSequenceNumber: sequenceNumberOf(orderNumber, line),
      status: 'UNFULFILLABLE',
      quantity: '1',
      itemID: `SKU-${line}`,
      orderItemID: `${orderNumber}-item-${line}`,
      customerOrderItemID: orderItemOf(orderNumber, line),
    })),
  },
});

function orderBody({ number, connectionId, orderNumber, lines }: OrderEvent) {
  const { externalChannelId, externalWarehouseId } = connectionOf(connectionId);
  return order(
    number,
    { externalChannelID: externalChannelId, externalWarehouseID: externalWarehouseId },
    orderNumber,
    lines,
  );
}

function unusableBody({ kind, number, accountSlug }: UnusableEvent): object {
  if (kind === 'unusable-stock') {
    return {
      ...stockBody({
        kind: 'stock',
        number,
        connectionId: CONNECTIONS[0]?.id ?? 0,
        messageId: `unusable-${number}`,
        publishedAtSeconds: 0,
        listings: [0],
        zeros: [],
        badListing: null,
      }),
      connectionId: NOBODY,
    };
  }
  const served = CONNECTIONS.find((one) => one.accountSlug === accountSlug && one.externalChannelId !== null);
  const place = { externalChannelID: served?.externalChannelId ?? null, externalWarehouseID: 'house-of-nobody' };
  return order(number, place, `U-${number}`, [1]);
}

/** What is posted for an event, where, and by whose key. */
export function postOf(event: StockEvent | OrderEvent | UnusableEvent): {
  path: string;
  accountSlug: string;
  body: object;
} {
  const isStock = event.kind === 'stock' || event.kind === 'unusable-stock';
  const path = isStock ? '/events/inventory' : '/events/order';
  if ('accountSlug' in event) return { path, accountSlug: event.accountSlug, body: unusableBody(event) };
  const { accountSlug } = connectionOf(event.connectionId);
  return { path, accountSlug, body: event.kind === 'stock' ? stockBody(event) : orderBody(event) };
}
