import type { OrderOutcome } from '../contracts/order';
import type { OrderSide, OrderStore } from '../store/orders';

export interface FinishOrderInput {
  orderId: string;
  /** `failed` lets a new delivery of the event try again. */
  status: 'done' | 'failed';
  outcome: OrderOutcome;
  error: string | null;
}

export interface ConfirmLinesInput {
  orderId: string;
  /** Where a person looked. */
  side: OrderSide;
  cancelled: boolean;
  /** Line item sequence numbers; absent: every line that is still open on that side. */
  lines?: string[];
}

/** What an order run writes down about itself, in our own database only. */
export const createOrderRecordActivities = ({
  orders,
}: {
  orders: Pick<OrderStore, 'markStarted' | 'finish' | 'confirm'>;
}) => ({
  startOrder: ({ orderId }: { orderId: string }): Promise<void> => orders.markStarted(orderId),
  /** Takes a person's word for what became of the lines. */
  confirmLines: ({ orderId, ...seen }: ConfirmLinesInput): Promise<void> => orders.confirm(orderId, seen),
  finishOrder: ({ orderId, ...result }: FinishOrderInput): Promise<void> => orders.finish(orderId, result),
});
