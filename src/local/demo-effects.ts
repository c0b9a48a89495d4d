import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/** A request as a twin has logged it. */
export const twinEntry = z.object({
  seq: z.number(),
  at: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number().nullable(),
  body: z.unknown(),
  applied: z.array(
    z.object({ what: z.string(), key: z.string(), order: z.string().optional(), quantity: z.number().optional() }),
  ),
  durationMs: z.number().nullable(),
});

export type TwinEntry = z.output<typeof twinEntry>;

/** The sample inventory event, as far as its effect at the channel can be told from it. */
export const stockSample = z.object({
  connectionId: z.number(),
  account_slug: z.string(),
  inventoryList: z.array(z.object({ productId: z.string(), variantId: z.string(), locationInventory: z.number() })),
});

/** The sample order event, likewise. */
export const orderSample = z.object({
  account_slug: z.string(),
  response_dataresponse_data: z.object({
    externalChannelID: z.string(),
    externalWarehouseID: z.string(),
    customerOrderNumber: z.string(),
    items: z.array(
      z.object({
        itemID: z.string(),
        quantity: z.string(),
        orderItemID: z.string(),
        lineItemSequenceNumber: z.string(),
        customerOrderItemID: z.string(),
      }),
    ),
  }),
});

export interface Samples {
  stock: z.output<typeof stockSample>;
  order: z.output<typeof orderSample>;
}

/** A line of the submission, with the verdict that was stored for it. */
export interface LineVerdict {
  listing: string;
  status: string;
  error: string | null;
}

/** Everything that was seen since the events were posted. */
export interface Seen {
  ajio: readonly TwinEntry[];
  eshopbox: readonly TwinEntry[];
  submission: { status: string; lines: readonly LineVerdict[] } | undefined;
}

const ORDERS_PATH = '/ds/eshopbox/orders';
const posts = (entries: readonly TwinEntry[], path: string): TwinEntry[] =>
  entries.filter((entry) => entry.method === 'POST' && entry.path === path);

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const inventoryBody = z.strictObject({ inventoryList: z.array(z.unknown()) });

/** `cancellationTime` is the moment of the run, so only its form can be expected. */
const wmsBody = z.looseObject({ cancellationTime: z.string().regex(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/) });

function isStockUpdate(entry: TwinEntry, { stock }: Samples): boolean {
  const body = inventoryBody.safeParse(entry.body);
  const expected = stock.inventoryList.map(({ productId, variantId, locationInventory }) => ({
    inventory: String(locationInventory),
    productId,
    variantId,
  }));
  return body.success && isDeepStrictEqual([...body.data.inventoryList].sort(byText), expected.sort(byText));
}

function isMarketplaceCancel(entry: TwinEntry, { order }: Samples): boolean {
  const { customerOrderNumber, items } = order.response_dataresponse_data;
  return isDeepStrictEqual(entry.body, {
    order_id: customerOrderNumber,
    order_lines: items.map((item) => ({
      cancelled_quantity: Number(item.quantity),
      confirmed_quantity: 0,
      order_item_id: item.customerOrderItemID,
    })),
    status: 'Cancel',
  });
}

function isWmsCancel(entry: TwinEntry, { order }: Samples): boolean {
  const body = wmsBody.safeParse(entry.body);
  if (!body.success) return false;
  const { cancellationTime, ...rest } = body.data;
  const { customerOrderNumber, externalChannelID, items } = order.response_dataresponse_data;
  return isDeepStrictEqual(rest, {
    reason: 'Other',
    externalChannelID,
    customerOrderNumber,
    items: items.map(({ itemID, quantity, orderItemID, lineItemSequenceNumber }) => ({
      itemID,
      quantity,
      orderItemID,
      lineItemSequenceNumber,
      remark: 'Other',
    })),
  });
}

const isLogin = (entry: TwinEntry): boolean => entry.applied.some(({ what }) => what === 'login');

const endMs = (entry: TwinEntry): number => Date.parse(entry.at) + Math.floor(entry.durationMs ?? 0);

/** One thing that has to be true when the demo is over. */
export interface Check {
  name: string;
  holds: boolean;
}

/** Compares what was seen with what the two events ask for: each effect exactly once, with exactly these fields. */
export function checkEffects(seen: Seen, samples: Samples): Check[] {
  const { account_slug, response_dataresponse_data: order } = samples.order;
  const updates = posts(seen.ajio, '/updateInventory');
  const cancels = posts(seen.ajio, ORDERS_PATH);
  const wmsCancels = posts(seen.eshopbox, `/${account_slug}/api/cancel-order`);
  const [update] = updates;
  const [cancel] = cancels;
  const [wmsCancel] = wmsCancels;
  const expected = new Set([...updates, ...cancels, ...wmsCancels]);
  const others = [...seen.ajio, ...seen.eshopbox].filter((entry) => !expected.has(entry) && !isLogin(entry));
  const lines = seen.submission?.lines ?? [];
  const lineCount = samples.stock.inventoryList.length;
  return [
    {
      name: `one stock update at Ajio (${updates.length} seen)`,
      holds: updates.length === 1 && update?.status === 200,
    },
    {
      name: `${lineCount} stock lines with the event's quantities`,
      holds: update !== undefined && isStockUpdate(update, samples),
    },
    {
      name: `the submission ends with success (${seen.submission?.status ?? 'not seen'})`,
      holds: seen.submission?.status === 'success',
    },
    {
      name: 'a verdict for every line',
      holds: lines.length === lineCount && lines.every(({ status }) => status === 'success'),
    },
    {
      name: `one cancellation at Ajio (${cancels.length} seen)`,
      holds: cancels.length === 1 && cancel?.status === 200 && cancel.applied.length === order.items.length,
    },
    {
      name: "the cancellation at Ajio carries the event's lines",
      holds: cancel !== undefined && isMarketplaceCancel(cancel, samples),
    },
    {
      name: `one cancellation at Eshopbox (${wmsCancels.length} seen)`,
      holds: wmsCancels.length === 1 && wmsCancel?.status === 200 && wmsCancel.applied.length === order.items.length,
    },
    {
      name: "the cancellation at Eshopbox carries the event's fields",
      holds: wmsCancel !== undefined && isWmsCancel(wmsCancel, samples),
    },
    {
      name: `no call but these and the logins (${others.length} seen)`,
      holds: others.length === 0,
    },
    {
      name: 'Eshopbox is told after Ajio has accepted',
      holds: cancel !== undefined && wmsCancel !== undefined && Date.parse(wmsCancel.at) >= endMs(cancel),
    },
  ];
}
