import { z } from 'zod';
import { type AjioOrder, type AjioState, lineStatus, orderStatusOf } from './ajio-state';
import type { Exchange } from './twin';
import type { Violations } from './violations';

const count = z.number().int().min(0);

/** The body of `POST …/orders`; anything else in it is refused. */
export const orderRequest = z.strictObject({
  order_id: z.string().min(1),
  order_lines: z
    .array(z.strictObject({ cancelled_quantity: count, confirmed_quantity: count, order_item_id: z.string().min(1) }))
    .min(1),
  status: z.enum(['Acknowledge', 'Cancel']),
});

type OrderRequest = z.output<typeof orderRequest>;
type RequestedLine = OrderRequest['order_lines'][number];

interface Decision {
  failed_items: { error_message: string; order_id: string }[];
  success: {
    order_id: string;
    order_lines: { cancelled_quantity: string; confirmed_quantity: string; order_item_id: string }[];
    order_status: string;
  }[];
}

const answerLine = (line: RequestedLine, cancelled: number) => ({
  cancelled_quantity: String(cancelled),
  confirmed_quantity: String(line.confirmed_quantity),
  order_item_id: line.order_item_id,
});

function findOrder(state: AjioState, violations: Violations, username: string, orderId: string): AjioOrder | undefined {
  const found = state.orders.get(orderId);
  if (found === undefined) {
    if (!state.acceptUnknownOrders) return undefined;
    const created: AjioOrder = { username, status: 'CONFIRMED', lines: new Map(), growing: true };
    state.orders.set(orderId, created);
    return created;
  }
  if (found.username === null || found.username === username) return found;
  violations.count('foreignOrder');
  return undefined;
}

/** Decides one line and changes the order; answers how many pieces were cancelled, or why none may be. */
function decideLine(
  order: AjioOrder,
  requested: RequestedLine,
  { order_id, status }: OrderRequest,
  username: string,
  exchange: Exchange,
): string | number {
  const { order_item_id: key, cancelled_quantity, confirmed_quantity } = requested;
  const rejection = exchange.faults.rejection(key);
  if (rejection !== undefined) return rejection;
  if (status === 'Cancel' && cancelled_quantity === 0) return 'Cancelled quantity must be at least 1';
  let line = order.lines.get(key);
  if (line === undefined) {
    const quantity = cancelled_quantity + confirmed_quantity;
    if (!order.growing || quantity === 0) return 'Order line not found';
    line = { quantity, cancelled: 0, customerCancelled: 0, confirmed: 0, effectiveCancels: 0, attempts: 0 };
    order.lines.set(key, line);
  }
  if (cancelled_quantity > 0) line.attempts += 1;
  const now = lineStatus(order, line);
  if (now !== 'CONFIRMED') return `Order already ${now.toLowerCase().replaceAll('_', ' ')}`;
  const openBefore = line.quantity - line.cancelled - line.customerCancelled;
  line.customerCancelled += Math.min(openBefore, exchange.faults.buyerCancels(key));
  const openQuantity = line.quantity - line.cancelled - line.customerCancelled;
  if (openQuantity === 0 && cancelled_quantity > 0) return 'Order line already cancelled by the customer';
  if (cancelled_quantity > openQuantity) return 'Cancelled quantity exceeds the open quantity';

  const common = { account: username, order: order_id, key };
  const taken = Math.min(cancelled_quantity, exchange.faults.takesAtMost(key));
  if (taken > 0) {
    exchange.applied({ what: 'cancel', ...common, quantity: taken, before: line.cancelled });
    line.cancelled += taken;
    line.effectiveCancels += 1;
  }
  if (confirmed_quantity > 0) {
    exchange.applied({ what: 'confirm', ...common, quantity: confirmed_quantity, before: line.confirmed });
    line.confirmed = confirmed_quantity;
  }
  return taken;
}

/** Acknowledges or cancels lines of one order, one by one; both lists of the answer may be filled. */
export function decideOrder(
  state: AjioState,
  violations: Violations,
  username: string,
  request: OrderRequest,
  exchange: Exchange,
): Decision {
  const { faults } = exchange;
  if (faults.failsAll) return { failed_items: [], success: [] };
  const answer: Decision = { failed_items: [], success: [] };
  const order = findOrder(state, violations, username, request.order_id);
  const done: Decision['success'][number]['order_lines'] = [];
  const seen = new Set<string>();
  for (const requested of request.order_lines) {
    if (seen.has(requested.order_item_id)) violations.count('duplicateLine');
    seen.add(requested.order_item_id);
    const decided = order === undefined ? 'Order not found' : decideLine(order, requested, request, username, exchange);
    if (faults.omits(requested.order_item_id)) continue;
    if (typeof decided === 'number') done.push(answerLine(requested, decided));
    else answer.failed_items.push({ error_message: decided, order_id: request.order_id });
  }
  if (faults.unknownLine !== undefined)
    done.push({ cancelled_quantity: '1', confirmed_quantity: '0', order_item_id: faults.unknownLine });
  if (done.length > 0)
    answer.success.push({ order_id: request.order_id, order_lines: done, order_status: request.status });
  return answer;
}

/** The orders of an account as `GET …/orders` shows them; what it does not know is left out. */
export const readOrders = (state: AjioState, username: string, orderIds: readonly string[], exchange: Exchange) =>
  orderIds.flatMap((orderId) => {
    const order = state.orders.get(orderId);
    if (order === undefined || (order.username !== null && order.username !== username)) return [];
    const lines = [...order.lines]
      .filter(([key]) => !exchange.faults.omits(key))
      .map(([key, line]) => ({
        order_item_id: key,
        quantity: String(line.quantity),
        seller_cancelled_qty: String(line.cancelled),
        customer_cancelled_qty: String(line.customerCancelled),
        status: lineStatus(order, line),
      }));
    const { unknownLine } = exchange.faults;
    if (unknownLine !== undefined)
      lines.push({
        order_item_id: unknownLine,
        quantity: '1',
        seller_cancelled_qty: '0',
        customer_cancelled_qty: '0',
        status: 'CONFIRMED',
      });
    return [{ order_id: orderId, status: orderStatusOf(order), order_lines: lines }];
  });
