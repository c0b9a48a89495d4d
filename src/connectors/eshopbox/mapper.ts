import type { CancelOrderRequest, CancelVerdict, OrderLine } from '../../contracts/order';
import { expiryOf } from '../access-token';
import type { IssuedToken } from '../ports';
import type { CancelOrderBody, ErrorAnswer, TokenAnswer } from './schemas';
import type { EshopboxSettings } from './settings';

/** An instant (ISO-8601) as Eshopbox writes times: `YYYY-MM-DD HH:mm:ss` in the given zone. */
export function localTimeOf(instant: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const part = Object.fromEntries(format.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`;
}

/** The request that cancels these lines. */
export const cancelBodyOf = (request: CancelOrderRequest, settings: EshopboxSettings): CancelOrderBody => ({
  reason: settings.reason,
  externalChannelID: request.order.externalChannelId,
  cancellationTime: localTimeOf(request.cancelledAt, settings.timeZone),
  customerOrderNumber: request.order.orderNumber,
  items: request.lines.map((line) => ({
    itemID: line.itemId,
    quantity: String(line.quantity),
    orderItemID: line.orderItemId,
    lineItemSequenceNumber: line.lineItemSequenceNumber,
    remark: settings.remark,
  })),
});

/** A SUCCESS speaks of the whole request: Eshopbox cancels all lines or none. */
export const allCancelled = (lines: readonly OrderLine[]): CancelVerdict[] =>
  lines.map(({ lineItemSequenceNumber }) => ({ lineItemSequenceNumber, verdict: 'cancelled' }));

/**
 * What the error "cancelled already" means for each line. Where it names lines, the others were not cancelled with them
 * and are unknown; where it names none, it speaks of all.
 */
export function alreadyCancelledOf(lines: readonly OrderLine[], { lineIds }: ErrorAnswer): CancelVerdict[] {
  if (lineIds.length === 0) return allCancelled(lines);
  return lines.map(({ lineItemSequenceNumber }) =>
    lineIds.includes(lineItemSequenceNumber)
      ? { lineItemSequenceNumber, verdict: 'cancelled' }
      : { lineItemSequenceNumber, verdict: 'unknown', message: 'another line of the request was cancelled already' },
  );
}

/** The token with the moment of its death, counted from when it was asked for. */
export const issuedTokenOf = ({ access_token, expires_in }: TokenAnswer, askedAtMs: number): IssuedToken => ({
  accessToken: access_token,
  expiresAtMs: expiryOf(expires_in, askedAtMs),
});
