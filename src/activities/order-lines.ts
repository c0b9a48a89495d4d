import type { OrderSide, StoredOrder, StoredOrderLine } from '../store/orders';
import type { OrderStepResult } from './orders';

export const numberOf = (line: { lineItemSequenceNumber: string }): string => line.lineItemSequenceNumber;

export const stateOn = (side: OrderSide, line: StoredOrderLine) =>
  side === 'marketplace' ? line.marketplaceState : line.wmsState;

const messageOn = (side: OrderSide, line: StoredOrderLine) =>
  side === 'marketplace' ? line.marketplaceMessage : line.wmsMessage;

/** The lines that this side is to be asked for: in the WMS only what the marketplace has cancelled. */
export const linesOn = (side: OrderSide, order: StoredOrder): StoredOrderLine[] =>
  side === 'wms' ? order.lines.filter((line) => line.marketplaceState === 'cancelled') : order.lines;

/** A line that was accepted before that time was kept counts from when it was last written. */
const acceptedAtOf = (lines: readonly StoredOrderLine[]): Record<string, string> =>
  Object.fromEntries(
    lines
      .filter((line) => line.marketplaceState === 'cancelled' && line.wmsState !== 'cancelled')
      .map((line) => [numberOf(line), (line.marketplaceCancelledAt ?? line.updatedAt).toISOString()]),
  );

/** Where the lines of an order stand on one side, as they were read. */
export function standOf(side: OrderSide, order: StoredOrder): OrderStepResult {
  const lines = linesOn(side, order);
  const open = lines.filter((line) => stateOn(side, line) !== 'cancelled');
  return {
    cancelled: lines.filter((line) => stateOn(side, line) === 'cancelled').map(numberOf),
    ...(side === 'marketplace' ? { acceptedAt: acceptedAtOf(lines) } : {}),
    notCancelled: open.map((line) => ({
      line: numberOf(line),
      reason: messageOn(side, line) ?? 'the channel did not mention it',
    })),
  };
}
