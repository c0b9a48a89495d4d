import type { Connection } from '../../src/contracts/connection';
import type { CancelOrderRequest, OrderLine } from '../../src/contracts/order';

/** A connection of channel Ajio; everything but the channel's own parts fits any other. */
export const sampleConnection = (changes: Partial<Connection>): Connection => ({
  id: 294,
  channel: 'ajio',
  accountSlug: 'demo',
  externalChannelId: 'CH1286',
  externalWarehouseId: 'WH1',
  locationId: 'POB1',
  credentials: {},
  accessToken: 'a-token-of-the-tests',
  tokenExpiresAtMs: null,
  tokenGeneration: 3,
  settings: {},
  status: 'active',
  statusReason: null,
  ...changes,
});

export const sampleLine = (number: number, changes: Partial<OrderLine> = {}): OrderLine => ({
  lineItemSequenceNumber: `3667506${number}`,
  orderItemId: `ORD-1-${number}`,
  itemId: `ITEM${number}`,
  marketplaceItemId: `S248706067.1-${number}`,
  quantity: number,
  ...changes,
});

/** Two lines of one and two pieces, decided when it was 01:30 of the next day in Kolkata. */
export const sampleCancel: CancelOrderRequest = {
  order: { orderNumber: 'DEMO-15056', vendorOrderNumber: '5054778120', externalChannelId: 'CH2261' },
  lines: [sampleLine(1), sampleLine(2)],
  cancelledAt: '2025-02-28T20:00:00.000Z',
};
