import { patched, proxyActivities } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { OrderOutcome } from '../contracts/order';
import { HOME } from './activity-options';
import { type ReadFailure, readFailure } from './failure-reading';
import type { AskedInThisRun } from './marketplace-cancel';
import type { UnfulfillableOrderInput } from './unfulfillable-order';

const home = proxyActivities<HomeActivities>(HOME);

/** Stores an order again whose row is gone. Answers why that is not possible. */
export const restoreOrder = ({ orderId, record }: UnfulfillableOrderInput): Promise<ReadFailure | undefined> =>
  home.restoreOrder({ orderId, ...(record ? { record } : {}) }).then(() => undefined, readFailure);

/**
 * Writes down that the run ends before everything is cancelled. Where that is not possible there is no row, or the sweep takes the order
 * over: the run ends all the same.
 */
export async function noteFailed(
  input: UnfulfillableOrderInput,
  { startedAtMs, hasAsked, isToReadFirst }: AskedInThisRun,
  outcome: OrderOutcome,
  error: string,
): Promise<void> {
  const since = startedAtMs === undefined ? {} : { startedAtMs, hasAsked, isToReadFirst };
  const write = () =>
    home
      .finishOrder({ orderId: input.orderId, status: 'failed', outcome, error, ...since })
      .then(() => undefined, readFailure);
  const failure = await write();
  // Its event would be taken for a new one, and asked for blindly.
  const isGone = failure?.type === 'OrderNotFound' && patched('stores-what-it-gives-up');
  if (isGone && !(await restoreOrder(input))) await write();
}
