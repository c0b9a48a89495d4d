import type { OrderOutcome } from '../contracts/order';
import type { OrderStore } from '../store/orders';

export interface FinishOrderInput {
  orderId: string;
  /** `failed` lets a new delivery of the event try again. */
  status: 'done' | 'failed';
  outcome: OrderOutcome;
  error: string | null;
}

/** What an order run writes down about itself, in our own database only. */
export const createOrderRecordActivities = ({ orders }: { orders: Pick<OrderStore, 'markStarted' | 'finish'> }) => ({
  startOrder: ({ orderId }: { orderId: string }): Promise<void> => orders.markStarted(orderId),
  finishOrder: ({ orderId, ...result }: FinishOrderInput): Promise<void> => orders.finish(orderId, result),
});
