import { listingOf, listingParts } from '../../contracts/ids';
import type { CancelOrderRequest, CancelVerdict, ObservedOrderLine, OrderLine } from '../../contracts/order';
import type { ObservedStock, StockLine, Verdict } from '../../contracts/stock';
import { ConnectorError } from '../errors';
import { type AnswerContext, contractViolation, refusal } from '../http/answers';
import { cleanWords } from '../http/words';
import { checkStockLines } from '../stock-lines';
import type {
  InventoryAnswer,
  InventoryUpdate,
  OrderStatus,
  OrdersAnswer,
  OrderUpdate,
  OrderUpdateAnswer,
  ProductsAnswer,
} from './schemas';
import { type AjioSettings, MAX_STOCK_LINES } from './settings';

/** Only HTTP 200 answers reach a mapper's verdicts. */
const OK = 200;

/** Our listing as Ajio's two identifiers. Throws `InvariantBroken` for a listing that this connector did not make. */
export function productOf(listing: string): { productId: string; variantId: string } {
  const [productId, variantId, ...rest] = listingParts(listing);
  if (!productId || !variantId || rest.length > 0) {
    throw new ConnectorError('InvariantBroken', 'a listing of Ajio is productId/variantId');
  }
  return { productId, variantId };
}

/** Throws `InvariantBroken`, before anything is sent, for lines that Ajio cannot take as one update. */
export function inventoryUpdateOf(lines: readonly StockLine[], settings: AjioSettings): InventoryUpdate {
  checkStockLines(lines, MAX_STOCK_LINES, 'Ajio');
  return {
    inventoryList: lines.map(({ listing, quantity }) => ({
      inventory: settings.quantityAsString ? String(quantity) : quantity,
      ...productOf(listing),
    })),
  };
}

/** What the answer says of each line. A FAILED that names lines says nothing of the others. */
export function stockVerdictsOf(
  lines: readonly StockLine[],
  { status, failedProductList }: InventoryAnswer,
  context: AnswerContext,
): Verdict[] {
  const sent = new Set(lines.map(({ listing }) => listing));
  const rejections = new Map<string, string>();
  for (const { productId, variantId, message } of failedProductList) {
    const listing = listingOf(productId, variantId);
    if (!sent.has(listing)) throw contractViolation('the answer names a line that was not sent', OK, context);
    rejections.set(listing, cleanWords(message ?? '', context.secrets) || 'rejected without a reason');
  }
  if (status === 'FAILED' && rejections.size === 0) {
    throw refusal('ChannelRejected', OK, 'Ajio said FAILED without naming a line', context);
  }
  const othersAccepted = status === 'SUCCESS' || (status === 'PARTIAL_SUCCESS' && rejections.size > 0);
  return lines.map(({ listing }) => {
    const message = rejections.get(listing);
    if (message !== undefined) return { listing, verdict: 'rejected', message };
    if (othersAccepted) return { listing, verdict: 'accepted' };
    return { listing, verdict: 'unknown', message: `Ajio said ${status} and did not name this line` };
  });
}

/** Throws `InputInvalid` when the order does not carry what `orderIdSource` asks for, or its lines belong to several orders of Ajio. */
export function orderIdOf(request: Pick<CancelOrderRequest, 'order' | 'lines'>, settings: AjioSettings): string {
  const { order, lines } = request;
  if (settings.orderIdSource === 'customerOrderNumber') return order.orderNumber;
  if (settings.orderIdSource === 'vendorOrderNumber') {
    if (!order.vendorOrderNumber) throw new ConnectorError('InputInvalid', 'the order has no vendorOrderNumber');
    return order.vendorOrderNumber;
  }
  const ids = new Set(lines.map(({ marketplaceItemId: id }) => id.slice(0, Math.max(id.lastIndexOf('.'), 0))));
  const [orderId] = ids;
  if (ids.size !== 1 || !orderId) {
    throw new ConnectorError(
      'InputInvalid',
      'the lines’ customerOrderItemIDs do not begin with one order id before a dot',
    );
  }
  return orderId;
}

/** Lines of the WMS that are one line at Ajio are one line of the request, with their pieces added up. */
function piecesByItem(lines: readonly OrderLine[]): Map<string, number> {
  const pieces = new Map<string, number>();
  for (const { marketplaceItemId, quantity } of lines) {
    pieces.set(marketplaceItemId, (pieces.get(marketplaceItemId) ?? 0) + quantity);
  }
  return pieces;
}

/** The request that cancels these lines. */
export const orderUpdateOf = (orderId: string, lines: readonly OrderLine[]): OrderUpdate => ({
  order_id: orderId,
  order_lines: Array.from(piecesByItem(lines), ([order_item_id, cancelled_quantity]) => ({
    cancelled_quantity,
    confirmed_quantity: 0,
    order_item_id,
  })),
  status: 'Cancel',
});

/**
 * What the answer says of each line. A failed item names the order only, so it speaks of the lines that do not stand
 * under `success`; whether such a line was cancelled before is for the caller to read back.
 */
export function cancelVerdictsOf(
  orderId: string,
  lines: readonly OrderLine[],
  { success, failed }: OrderUpdateAnswer,
  context: AnswerContext,
): CancelVerdict[] {
  if ([...success, ...failed].some((entry) => entry.order_id !== orderId)) {
    throw contractViolation('the answer names an order that was not sent', OK, context);
  }
  const sent = piecesByItem(lines);
  const cancelled = new Set<string>();
  for (const line of success.flatMap((entry) => entry.order_lines)) {
    const pieces = sent.get(line.order_item_id);
    if (pieces === undefined) throw contractViolation('the answer names a line that was not sent', OK, context);
    if (line.cancelled_quantity !== pieces || (line.confirmed_quantity ?? 0) !== 0) {
      throw contractViolation('the answer confirms other quantities than were sent', OK, context);
    }
    cancelled.add(line.order_item_id);
  }
  const reasons = new Set(failed.map((entry) => entry.error_message ?? '').filter((reason) => reason !== ''));
  const refused = cleanWords([...reasons].join('; '), context.secrets) || 'refused without a reason';
  return lines.map(({ lineItemSequenceNumber, marketplaceItemId }) => {
    if (cancelled.has(marketplaceItemId)) return { lineItemSequenceNumber, verdict: 'cancelled' };
    if (failed.length > 0) return { lineItemSequenceNumber, verdict: 'refused', message: refused };
    return { lineItemSequenceNumber, verdict: 'unknown', message: 'the answer does not mention the line' };
  });
}

const LINE_STATES = {
  CONFIRMED: 'open',
  PACKED: 'shipped',
  READY_TO_DISPATCH: 'shipped',
  DISPATCHED: 'shipped',
  DELIVERED: 'shipped',
  CANCELLED: 'cancelled',
} as const satisfies Record<OrderStatus, ObservedOrderLine['state']>;

/** What Ajio shows for each line; an order that it does not list has only missing lines. */
export function observedLinesOf(
  orderId: string,
  lines: readonly OrderLine[],
  orders: OrdersAnswer,
  context: AnswerContext,
): ObservedOrderLine[] {
  if (orders.some((order) => order.order_id !== orderId)) {
    throw contractViolation('the answer holds an order that was not asked for', OK, context);
  }
  const wanted = piecesByItem(lines);
  for (const { marketplaceItemId: item, cancelledBefore = 0 } of new Map(
    lines.map((line) => [line.marketplaceItemId, line]),
  ).values())
    wanted.set(item, (wanted.get(item) ?? 0) + cancelledBefore);
  const shown = new Map(
    orders.flatMap((order) => order.order_lines.map((line) => [line.order_item_id, { order, line }] as const)),
  );
  return lines.map(({ lineItemSequenceNumber, marketplaceItemId }) => {
    const found = shown.get(marketplaceItemId);
    if (!found) return { lineItemSequenceNumber, state: 'missing', channelWords: 'Ajio does not know the line' };
    const { order, line } = found;
    const status = line.status ?? order.status;
    // What the buyer cancelled is open no more either: Ajio refuses to cancel it again, and the WMS has to be told.
    const bySeller = line.seller_cancelled_qty ?? 0;
    const byBuyer = line.customer_cancelled_qty ?? 0;
    const isCancelled = order.status === 'CANCELLED' || bySeller + byBuyer >= (wanted.get(marketplaceItemId) ?? 0);
    return {
      lineItemSequenceNumber,
      state: isCancelled ? 'cancelled' : LINE_STATES[status],
      channelWords: `${status}, ${bySeller} cancelled by the seller${byBuyer > 0 ? `, ${byBuyer} by the buyer` : ''}`,
    };
  });
}

/** What Ajio shows for each listing; null for one that it does not list. */
export function observedStockOf(listings: readonly string[], products: ProductsAnswer): ObservedStock[] {
  const shown = new Map(
    products.flatMap(({ productId, variants }) =>
      variants.map(({ variantId, inventory }) => [listingOf(productId, variantId), inventory] as const),
    ),
  );
  return listings.map((listing) => ({ listing, quantity: shown.get(listing) ?? null }));
}
