import { z } from 'zod';
import { oneOf } from '../status-words';

/** Identifiers are text, but some services of this kind print digits as a number. */
const identifier = z.union([z.string(), z.int().transform(String)]);

/** Whole pieces, as a number or as text. */
const pieces = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number),
]);

/** Services of this kind leave an empty list out. */
const list = <T extends z.ZodType>(entry: T) =>
  z
    .array(entry)
    .nullish()
    .transform((entries) => entries ?? []);

const successAsText = z.looseObject({ success: oneOf(['TRUE', 'FALSE']).transform((word) => word === 'TRUE') });

/** `POST /authToken` */
export const loginAnswer = z.preprocess(
  (answer) => successAsText.safeParse(answer).data ?? answer,
  z.discriminatedUnion('success', [
    z.object({ success: z.literal(true), result: z.object({ accessToken: z.string().min(1) }) }),
    z.object({
      success: z.literal(false),
      message: z.string().nullish(),
      statusCode: z.number().optional().catch(undefined),
    }),
  ]),
);

/** `POST /updateInventory`, request */
export interface InventoryUpdate {
  inventoryList: { inventory: number | string; productId: string; variantId: string }[];
}

const failedProduct = z.object({ productId: identifier, variantId: identifier, message: z.string().nullish() });

/** `POST /updateInventory`, answer */
export const inventoryAnswer = z.object({
  status: oneOf(['SUCCESS', 'PARTIAL_SUCCESS', 'FAILED']),
  failedProductList: list(failedProduct),
});

/** `POST /updateInventory`, answer with a 4xx that names the lines at fault: nothing was applied. */
export const inventoryRefusal = z.object({ failedProductList: z.array(failedProduct).min(1) });

/** What came back of a stock update: an answer, or the list of lines because of which all of it was refused. */
export type InventoryAnswer =
  | (z.output<typeof inventoryAnswer> & { refusedWith?: never })
  | (z.output<typeof inventoryRefusal> & { refusedWith: number });

/** `POST <prefix>/orders`, request */
export interface OrderUpdate {
  order_id: string;
  order_lines: { cancelled_quantity: number; confirmed_quantity: number; order_item_id: string }[];
  status: 'Cancel';
}

/** `POST <prefix>/orders`, answer: HTTP 200 also when everything failed. */
export const orderUpdateAnswer = z
  .object({
    failed_items: z.array(z.object({ order_id: identifier, error_message: z.string().nullish() })).nullish(),
    success: z
      .array(
        z.object({
          order_id: identifier,
          order_status: oneOf(['CANCEL']),
          order_lines: list(
            z.object({ order_item_id: identifier, cancelled_quantity: pieces, confirmed_quantity: pieces.nullish() }),
          ),
        }),
      )
      .nullish(),
  })
  .refine((answer) => answer.success || answer.failed_items, 'neither success nor failed_items')
  .transform((answer) => ({ success: answer.success ?? [], failed: answer.failed_items ?? [] }));

export type OrderUpdateAnswer = z.output<typeof orderUpdateAnswer>;

const orderStatus = oneOf(['CONFIRMED', 'PACKED', 'READY_TO_DISPATCH', 'DISPATCHED', 'DELIVERED', 'CANCELLED']);

export type OrderStatus = z.output<typeof orderStatus>;

/** What is read back is published nowhere, so a list is taken bare or under one of the names that such services give it. */
const listed = <T extends z.ZodType>(entry: T, ...names: [string, ...string[]]) => {
  const entries = z.array(entry);
  const under = (name: string) =>
    z.object({ [name]: entries }).transform((answer): z.output<T>[] => answer[name] ?? []);
  return z.union([entries, ...names.map(under)]);
};

const order = z.object({
  order_id: identifier,
  order_lines: list(
    z.object({
      order_item_id: identifier,
      /** All pieces of the line, cancelled ones among them. */
      quantity: pieces.nullish(),
      seller_cancelled_qty: pieces.nullish(),
      /** What the buyer cancelled. */
      customer_cancelled_qty: pieces.nullish(),
      status: orderStatus.nullish(),
    }),
  ),
});

/** `GET <prefix>/orders?orderIds=`, answer: orders that Ajio does not know are left out. */
export const ordersAnswer = listed(
  z.union([
    order.extend({ status: orderStatus }),
    order.extend({ order_status: orderStatus }).transform(({ order_status: status, ...rest }) => ({ ...rest, status })),
  ]),
  'orders',
  'result',
  'data',
  'content',
);

export type OrdersAnswer = z.output<typeof ordersAnswer>;

/** `GET /products?skus=&pageNumber=&pageSize=`, answer: what is on sale is `inventory`; `blockedInventory` is sold and not yet shipped. */
export const productsAnswer = listed(
  z.object({ productId: identifier, variants: list(z.object({ variantId: identifier, inventory: pieces })) }),
  'products',
  'result',
  'data',
  'content',
);

export type ProductsAnswer = z.output<typeof productsAnswer>;
