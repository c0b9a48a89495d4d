import { cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import { commonSettings } from '../connectors/settings';
import type { CancelVerdict } from '../contracts/order';
import type { OrderSide, OrderStore, StoredOrder, StoredOrderLine } from '../store/orders';
import { afterTheRequest } from './failures';
import { ask, type ConnectionRef, type OpenConnection, type OpenConnectionFn, requireCapability } from './opener';
import { linesOn, numberOf, standOf, stateOn } from './order-lines';
import { createOrderLookup } from './order-lookup';
import { isOvertaken, type OrderReading, readingOf } from './order-reading';
import { toTheLetter } from './request-failures';

export interface OrderActivityDeps {
  open: OpenConnectionFn;
  orders: OrderStore;
}

export interface OrderStepInput extends ConnectionRef {
  orderId: string;
  /** What the WMS is told of when the marketplace accepted the cancel, ISO-8601 UTC. */
  cancelledAt: string;
  /** The lines that this is about; absent: all of the order. */
  only?: string[];
  /**
   * The database's time before which nothing was asked for in this run, milliseconds since the epoch. Given once the run may have
   * asked: a line that was not written since is one of an older copy of the database, and nobody knows what it was asked for.
   */
  askedSinceMs?: number;
  /** Lines that were asked for without an answer, and that the marketplace does not show: they are left as they are. */
  leaveOut?: string[];
}

/** Where the lines of an order stand on one side, by line item sequence number. */
export interface OrderStepResult {
  cancelled: string[];
  /** Refused, or not mentioned in the answer. */
  notCancelled: { line: string; reason: string }[];
  /** Those of them that were asked for without an answer, and that the marketplace does not show. Absent: none. */
  unknown?: string[];
  /**
   * When the marketplace accepted the lines that the WMS has not cancelled yet, ISO-8601 UTC; for one that was cancelled before this was
   * kept, when it was last written. Absent on the side of the WMS, and in histories of older builds.
   */
  acceptedAt?: Record<string, string>;
}

const lineInUse = ({ connection }: OpenConnection): ConnectorError =>
  new ConnectorError('LineInUse', 'another order asks for the same line and has no answer yet', {
    details: { connectionId: connection.id, channel: connection.channel },
  });

export function createOrderActivities({ open: openConnection, orders }: OrderActivityDeps) {
  const find = createOrderLookup(orders);

  const standOn = async (side: OrderSide, orderId: string) => standOf(side, await find(orderId));

  /**
   * Asks, and keeps a note of having asked that survives this process: without an answer nobody may ask again blindly. False when
   * another attempt has done something with the lines since they were read; nothing was asked then. Throws `LineInUse` while another
   * order asks for the same line of the marketplace.
   */
  async function cancel(
    side: OrderSide,
    open: OpenConnection,
    order: StoredOrder,
    lines: StoredOrderLine[],
    cancelledAt: string,
  ): Promise<boolean> {
    const canceller = requireCapability(open, 'orderCanceller');
    const call = { signal: cancellationSignal() };
    if (side === 'marketplace' && lines.some((line) => line.askedBeside > 0)) throw lineInUse(open);
    await open.passGate(call);
    const askedAt = await orders.markAsked(order.id, side, lines);
    if (askedAt === 'overtaken') return false;
    if (askedAt === 'inUse') throw lineInUse(open);
    let verdicts: readonly CancelVerdict[];
    try {
      verdicts = await open.request(() => canceller.cancelOrder({ order, lines, cancelledAt }, call));
    } catch (error) {
      if (error instanceof ConnectorError && !error.mayStillApply) await orders.markAnswered(order.id, side, askedAt);
      const isStrict = side === 'marketplace' && commonSettings.parse(open.connection.settings ?? {}).strictLaw;
      throw isStrict ? toTheLetter(error) : error;
    }
    await orders.recordVerdicts(order.id, side, verdicts, askedAt).catch(afterTheRequest);
    return true;
  }

  async function cancelOn(side: OrderSide, input: OrderStepInput): Promise<OrderStepResult> {
    const { orderId, cancelledAt, askedSinceMs = 0, leaveOut = [], only, ...ref } = input;
    const order = await find(orderId);
    const isMeant = (line: StoredOrderLine) =>
      !leaveOut.includes(numberOf(line)) && (only?.includes(numberOf(line)) ?? true);
    const lines = linesOn(side, order).filter((line) => stateOn(side, line) !== 'cancelled' && isMeant(line));
    if (lines.length === 0) return standOn(side, orderId);
    const open = await openConnection(ref);
    const canRead = open.capabilities.orderReader !== undefined;
    const forgotten = canRead ? lines.filter((line) => line.updatedAt.getTime() < askedSinceMs) : [];
    // Read now, the piece that another order is asking for could be taken for this one's.
    const isBeside = (line: StoredOrderLine) => line.askedBeside > 0 && stateOn(side, line) !== 'asked';
    if (side === 'marketplace' && forgotten.some(isBeside)) throw lineInUse(open);
    if (forgotten.length > 0) await orders.markUncertain(order.id, forgotten);
    const asked = forgotten.length > 0 || lines.some((line) => stateOn(side, line) === 'asked');
    if (asked && canRead) {
      const { id: connectionId, channel } = open.connection;
      throw new ConnectorError(
        'OutcomeUnknown',
        'an earlier request may have been applied: it has to be read back first',
        {
          details: { connectionId, channel },
        },
      );
    }
    const isAsked = await cancel(side, open, order, lines, cancelledAt);
    return isAsked ? standOn(side, orderId) : cancelOn(side, input);
  }

  return {
    /** Cancels at the marketplace what it has not accepted yet. `OutcomeUnknown`: read the order back before asking again. */
    cancelOnMarketplace: (input: OrderStepInput): Promise<OrderStepResult> => cancelOn('marketplace', input),

    /** Cancels in the WMS the lines that the marketplace has cancelled, and no others. */
    cancelInWms: (input: OrderStepInput): Promise<OrderStepResult> => cancelOn('wms', input),

    /** Reads the order back at the marketplace and believes what it shows; lines still open may be asked for again. */
    async readMarketplaceOrder({ orderId, ...ref }: ConnectionRef & { orderId: string }): Promise<OrderReading> {
      const order = await find(orderId);
      const lines = order.lines.filter((line) => line.marketplaceState !== 'cancelled');
      const open = await openConnection(ref);
      const reader = requireCapability(open, 'orderReader');
      const call = { signal: cancellationSignal() };
      const observed = await ask(open, call, 0, () => reader.readOrder({ order, lines }, call));
      if (isOvertaken(lines, (await find(orderId)).lines)) throw lineInUse(open);
      const { settled, ...reading } = readingOf(observed, lines, Date.now());
      await orders.recordObserved(order.id, settled, lines);
      return { ...(await standOn('marketplace', orderId)), ...reading };
    },
  };
}
