import { activityInfo } from '@temporalio/activity';
import type { OrderOutcome, OrderRecord } from '../contracts/order';
import type { OrderSide, OrderStore, StoredOrderLine } from '../store/orders';
import { createOrderLookup } from './order-lookup';

export interface FinishOrderInput {
  orderId: string;
  /** `failed` lets a new delivery of the event try again. */
  status: 'done' | 'failed';
  outcome: OrderOutcome;
  error: string | null;
  /** What `startOrder` answered; absent where it was not reached, and in runs of older builds. */
  startedAtMs?: number;
  /** Whether the run has asked the marketplace, as far as it knows. */
  hasAsked?: boolean;
  /** Whether what it has asked for may have been applied, whatever the lines say. */
  isToReadFirst?: boolean;
}

export interface ConfirmLinesInput {
  orderId: string;
  /** Where a person looked. */
  side: OrderSide;
  cancelled: boolean;
  /** Line item sequence numbers; absent: every line that is still open on that side. */
  lines?: string[];
}

export interface RestoreOrderInput {
  orderId: string;
  /** Absent in runs of builds that did not carry it. */
  record?: OrderRecord;
}

const isUnanswered = ({ marketplaceState }: StoredOrderLine) =>
  marketplaceState === 'open' || marketplaceState === 'refused';

/** What an order run writes down about itself, in our own database only. */
export function createOrderRecordActivities({ orders }: { orders: OrderStore }) {
  const find = createOrderLookup(orders);
  return {
    /** `atMs`: the database's time, milliseconds since the epoch. Undefined in histories of older builds. */
    async startOrder({ orderId }: { orderId: string }): Promise<{ atMs: number } | undefined> {
      return { atMs: (await orders.markStarted((await find(orderId)).id)).getTime() };
    },

    /**
     * Notes in the lines that a request for them may be applied yet, so that also the next run reads back first. False, and nothing
     * noted, while another order asks for one of them: read then, its piece could be taken for this one's.
     */
    async noteUnanswered({ orderId }: { orderId: string }): Promise<boolean> {
      const { id, lines } = await find(orderId);
      const unanswered = lines.filter(isUnanswered);
      if (unanswered.some((line) => line.askedBeside > 0)) return false;
      await orders.markUncertain(id, unanswered);
      return true;
    },

    /** Takes a person's word for what became of the lines. */
    async confirmLines({ orderId, ...seen }: ConfirmLinesInput): Promise<void> {
      await orders.confirm((await find(orderId)).id, seen);
    },

    /** False when there is more to do before the order is done, or when it waits for its next run already. */
    async finishOrder(input: FinishOrderInput): Promise<boolean> {
      const { orderId, startedAtMs, hasAsked = false, isToReadFirst = false, ...result } = input;
      const order = await find(orderId);
      if (startedAtMs === undefined) return orders.finish(order.id, result);
      const startedAt = new Date(startedAtMs);
      // The database was put back to an older copy: what the run has asked for must not be asked for blindly by the next one.
      const isForgotten = (line: StoredOrderLine) =>
        isUnanswered(line) && (isToReadFirst || line.updatedAt < startedAt);
      if (hasAsked) await orders.markUncertain(order.id, order.lines.filter(isForgotten));
      return orders.finish(order.id, { ...result, startedAt });
    },

    /** Stores the order again when it is not there. Throws `OrderNotFound` when the run does not know what to store. */
    async restoreOrder({ orderId, record }: RestoreOrderInput): Promise<void> {
      const workflowId = activityInfo().workflowExecution?.workflowId;
      if (record && workflowId !== undefined && !(await orders.findByWorkflow(workflowId)))
        await orders.restore(orderId, { ...record, workflowId });
      await find(orderId);
    },
  };
}
