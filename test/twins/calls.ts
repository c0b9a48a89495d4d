import { request } from 'undici';

/** An answer as the tests look at it: parsed JSON where it is JSON, else the text. */
export interface Got {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

/** One HTTP call over loopback; a body that is a string goes out as it is, anything else as JSON. */
export async function call(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  options: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Got> {
  const { body, headers, signal } = options;
  const response = await request(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.body.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.statusCode, headers: response.headers, text, json };
}

export const stockLine = (productId: string, variantId: string, inventory: number | string = 5) => ({
  inventory,
  productId,
  variantId,
});

export const cancelOf = (orderId: string, lines: Record<string, number>, status = 'Cancel') => ({
  order_id: orderId,
  order_lines: Object.entries(lines).map(([order_item_id, cancelled_quantity]) => ({
    cancelled_quantity,
    confirmed_quantity: 0,
    order_item_id,
  })),
  status,
});

export const wmsCancelOf = (order: string, ...lineNumbers: string[]) => ({
  reason: 'Other',
  externalChannelID: 'CH1',
  cancellationTime: '2024-05-06 06:05:00',
  customerOrderNumber: order,
  items: lineNumbers.map((lineItemSequenceNumber) => ({
    itemID: 'I1',
    quantity: '1',
    orderItemID: `${order}-1`,
    lineItemSequenceNumber,
    remark: 'Other',
  })),
});
