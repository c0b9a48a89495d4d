import type { ObservedOrderLine } from '../contracts/order';
import { type StoredOrderLine, stateShown } from '../store/orders';
import type { OrderStepResult } from './orders';

/** How long a request without an answer may still be on its way: a channel that is slow applies it after we stopped waiting. */
const LATE_REQUEST_MS = 30_000;

/** Where the lines stand once the marketplace has shown them. */
export interface OrderReading extends OrderStepResult {
  /** Lines that may be asked for again. */
  open: string[];
  /** Those of them of which a part has been cancelled since: a request for the rest is another one. Absent in older histories. */
  fewer?: string[];
  /**
   * When to read again, milliseconds from now, because an earlier request may still arrive and take pieces on top of those that the
   * next one takes. Absent: nothing is to be waited for.
   */
  readAgainInMs?: number;
}

/**
 * Whether another order asked for one of these lines, or was answered, between the moment before the marketplace was read and `now`: what it
 * shows as cancelled may be that one's piece. A line that is asked for itself keeps the others from asking.
 */
export function isOvertaken(asRead: readonly StoredOrderLine[], now: readonly StoredOrderLine[]): boolean {
  const before = new Map(asRead.map((line) => [line.lineItemSequenceNumber, line]));
  return now.some((line) => {
    const read = before.get(line.lineItemSequenceNumber);
    const isAskedBeside = read?.marketplaceState !== 'asked' && line.askedBeside > 0;
    return read !== undefined && (isAskedBeside || line.cancelledBefore !== read.cancelledBefore);
  });
}

/**
 * What a reading says of the lines as they were read from the database. `settled`: what may be written down; a line that shows nothing of
 * an earlier request yet stays asked for until that request cannot arrive any more, also for a run that comes after this one.
 */
export function readingOf(
  observed: readonly ObservedOrderLine[],
  lines: readonly StoredOrderLine[],
  nowMs: number,
): Pick<OrderReading, 'open' | 'fewer' | 'unknown' | 'readAgainInMs'> & { settled: ObservedOrderLine[] } {
  const asRead = new Map(lines.map((line) => [line.lineItemSequenceNumber, line]));
  const cancelledOf = ({ buyerCancelled = 0, sellerCancelled = 0 }: Partial<ObservedOrderLine>) =>
    buyerCancelled + sellerCancelled;
  const readOf = ({ lineItemSequenceNumber }: ObservedOrderLine) => asRead.get(lineItemSequenceNumber);
  // Where there are no pieces to spare the later of two requests is refused, and nobody has to wait.
  const mayArriveForMs = (line: ObservedOrderLine): number => {
    const read = readOf(line);
    if (line.state !== 'open' || !line.hasSpare || read?.marketplaceState !== 'asked') return 0;
    // The note is the database's; where its clock runs ahead of ours nobody waits longer for that at a time.
    return Math.min(LATE_REQUEST_MS, Math.max(0, LATE_REQUEST_MS - (nowMs - read.updatedAt.getTime())));
  };
  const settled = observed.filter((line) => mayArriveForMs(line) === 0);
  const open = settled.filter(({ state }) => state === 'open');
  const numbersOf = (some: readonly ObservedOrderLine[]) => some.map((line) => line.lineItemSequenceNumber);
  const readAgainInMs = Math.max(0, ...observed.map(mayArriveForMs));
  return {
    settled,
    open: numbersOf(open),
    fewer: numbersOf(open.filter((line) => cancelledOf(line) > cancelledOf(readOf(line) ?? {}))),
    unknown: numbersOf(observed.filter((line) => stateShown(line, readOf(line)) === 'asked')),
    ...(readAgainInMs > 0 ? { readAgainInMs } : {}),
  };
}
