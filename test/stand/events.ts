import { z } from 'zod';
import type { Tenant } from './tenants';

/** Stock of a tenant's variants, in pieces. */
export type Stock = Record<string, number>;

export interface StockEvent {
  messageId: string;
  stock: Stock;
  /** `YYYY-MM-DD HH:mm:ss` */
  publishedAt?: string;
}

export interface OrderEventOptions {
  orderNumber: string;
  /** Numbers of the lines that the warehouse cannot ship. */
  lines?: string[];
  /** Pieces of each line. @default 1 */
  pieces?: number;
}

/** What Ajio calls a line of an order. */
export const ajioItem = (orderNumber: string, line: string): string => `S-${orderNumber}.${line}-1`;

/** The number by which the WMS knows a line. */
export const lineNumber = (orderNumber: string, line: string): string => `${orderNumber}-${line}`;

const personal = { customerName: 'CANARY NAME', email: 'canary@example.com', addressLine1: 'CANARY 1 Example Street' };

const inventoryBody = (tenant: Tenant, { messageId, stock, publishedAt = '2025-01-10 10:00:00' }: StockEvent) => ({
  account_slug: tenant.slug,
  publishedAt,
  message_id: messageId,
  connectionId: tenant.connectionId,
  inventoryList: Object.entries(stock).map(([variantId, locationInventory]) => ({
    productId: tenant.productId,
    variantId,
    inventory: '99',
    locationInventory,
  })),
});

const orderBody = (tenant: Tenant, { orderNumber, lines = ['1'], pieces = 1 }: OrderEventOptions) => ({
  resource_type: 'order.unfulfillable',
  account_slug: tenant.slug,
  response_data: {
    externalChannelID: tenant.externalChannelId,
    customerOrderNumber: orderNumber,
    vendorOrderNumber: `V-${orderNumber}`,
    shippingAddress: personal,
    billingAddress: personal,
    items: lines.map((line) => ({
      lineItemSequenceNumber: lineNumber(orderNumber, line),
      status: 'UNFULFILLABLE',
      quantity: String(pieces),
      itemID: `SKU-${line}`,
      orderItemID: `${orderNumber}-item-${line}`,
      customerOrderItemID: ajioItem(orderNumber, line),
    })),
  },
});

const stockAnswer = z.object({ submissionId: z.string(), status: z.string() });
const orderAnswer = z.object({ workflowId: z.string(), status: z.string() });

/** Posts the WMS's events to the gateway as a tenant; anything but 202 is an error. */
export function createSender(stand: {
  post(path: string, key: string, body: object): Promise<{ status: number; body: unknown }>;
}) {
  const post = async (path: string, tenant: Tenant, body: object): Promise<unknown> => {
    const answer = await stand.post(path, tenant.key, body);
    if (answer.status !== 202) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    async stock(tenant: Tenant, event: StockEvent) {
      return stockAnswer.parse(await post('/events/inventory', tenant, inventoryBody(tenant, event)));
    },
    async order(tenant: Tenant, event: OrderEventOptions) {
      return orderAnswer.parse(await post('/events/order', tenant, orderBody(tenant, event)));
    },
  };
}

export type Sender = ReturnType<typeof createSender>;
