import type { CancelOrderRequest, CancelVerdict, ObservedOrderLine, OrderLine } from '../../contracts/order';
import { ConnectorError } from '../errors';
import { type AnswerContext, contractViolation } from '../http/answers';
import { cleanWords } from '../http/words';
import type { OrderStatus, OrdersAnswer, OrderUpdate, OrderUpdateAnswer } from './schemas';
import type { AjioSettings } from './settings';

/** Only HTTP 200 answers reach a mapper's verdicts. */
const OK = 200;

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

/** The pieces that Ajio is asked for: not those that it has cancelled already, for the buyer or for an earlier request. */
const piecesToAsk = ({ quantity, buyerCancelled = 0, sellerCancelled = 0 }: OrderLine): number =>
  quantity - buyerCancelled - sellerCancelled;

/** Lines of the WMS that are one line at Ajio are one line of the request, with their pieces added up. */
function piecesByItem(lines: readonly OrderLine[]): Map<string, number> {
  const pieces = new Map<string, number>();
  for (const line of lines) {
    pieces.set(line.marketplaceItemId, (pieces.get(line.marketplaceItemId) ?? 0) + piecesToAsk(line));
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

type ShownOrder = OrdersAnswer[number];

/**
 * What Ajio has cancelled of the pieces that a request would ask for, in lines of ours that are one line there, and whether two such
 * requests could be applied. While pieces are open only the seller's count tells whether an earlier request was applied.
 */
function takenOf(
  lines: readonly OrderLine[],
  order: ShownOrder,
  shown: ShownOrder['order_lines'][number],
): { bySeller: number; byBuyer: number; hasSpare: boolean } {
  const [{ cancelledBefore = 0, buyerCancelledBefore = 0 } = {}] = lines;
  const sum = (of: (line: OrderLine) => number) => lines.reduce((total, line) => total + of(line), 0);
  const asked = sum(piecesToAsk);
  const ofSellerKnown = cancelledBefore + sum(({ sellerCancelled = 0 }) => sellerCancelled);
  const ofBuyerKnown = buyerCancelledBefore + sum(({ buyerCancelled = 0 }) => buyerCancelled);
  const ofSeller = shown.seller_cancelled_qty ?? 0;
  const ofBuyer = shown.customer_cancelled_qty ?? 0;
  const bySeller = Math.min(asked, Math.max(0, ofSeller - ofSellerKnown));
  const left = asked - bySeller;
  // A line has at least the pieces that we know of, whatever Ajio means by its quantity.
  const pieces = Math.max(shown.quantity ?? 0, ofSellerKnown + ofBuyerKnown + asked);
  const isOver = order.status === 'CANCELLED' || shown.status === 'CANCELLED';
  const open = isOver ? 0 : pieces - ofSeller - ofBuyer;
  if (open <= 0) return { bySeller, byBuyer: left, hasSpare: false };
  const newlyOfBuyer = Math.max(0, ofBuyer - ofBuyerKnown);
  return {
    bySeller,
    byBuyer: Math.min(newlyOfBuyer, Math.max(0, left - open)),
    hasSpare: left > 0 && open >= 2 * left,
  };
}

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
  const shown = new Map(
    orders.flatMap((order) =>
      order.order_lines.map((line) => {
        const ours = lines.filter(({ marketplaceItemId }) => marketplaceItemId === line.order_item_id);
        return [line.order_item_id, { order, line, taken: takenOf(ours, order, line) }] as const;
      }),
    ),
  );
  return lines.map((wanted) => {
    const { lineItemSequenceNumber, buyerCancelled = 0, sellerCancelled = 0 } = wanted;
    const found = shown.get(wanted.marketplaceItemId);
    if (!found) {
      return { lineItemSequenceNumber, state: 'missing', channelWords: 'Ajio does not know the line' };
    }
    const { order, line, taken } = found;
    const asked = piecesToAsk(wanted);
    const bySeller = Math.min(taken.bySeller, asked);
    const ofBuyer = Math.min(taken.byBuyer, asked - bySeller);
    taken.bySeller -= bySeller;
    taken.byBuyer -= ofBuyer;
    const isCancelled = bySeller + ofBuyer === asked;
    const status = line.status ?? order.status;
    const byBuyer = line.customer_cancelled_qty ?? 0;
    return {
      lineItemSequenceNumber,
      state: isCancelled ? 'cancelled' : LINE_STATES[status],
      ...(ofBuyer > 0 ? { buyerCancelled: buyerCancelled + ofBuyer } : {}),
      ...(bySeller > 0 && !isCancelled ? { sellerCancelled: sellerCancelled + bySeller } : {}),
      ...(taken.hasSpare ? { hasSpare: true } : {}),
      channelWords: `${status}, ${line.seller_cancelled_qty ?? 0} cancelled by the seller${byBuyer > 0 ? `, ${byBuyer} by the buyer` : ''}`,
    };
  });
}
