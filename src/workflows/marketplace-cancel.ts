import { patched, proxyActivities } from '@temporalio/workflow';
import type { ChannelActivities } from '../activities';
import type { OrderStepResult } from '../activities/orders';
import { channelTaskQueue } from '../contracts/ids';
import { MARKETPLACE_CANCEL, MARKETPLACE_READ, MAX_READ_BACKS } from './activity-options';
import { type ReadFailure, readFailure } from './failure-reading';
import type { OrderSideInput } from './unfulfillable-order';
import { withFreshToken } from './with-fresh-token';

/** What no person has to help with: the step is tried again every 30 s. */
export const HEALS_BY_ITSELF = new Set<ReadFailure['type']>(['StoreUnavailable', 'ChannelRateLimited', 'AttemptLost']);

/**
 * Asks the marketplace to cancel; where its answer is missing or says no, believes only what it shows when it is read back. Answers
 * where the lines stand, or what a person has to know; throws the activity's failure when the marketplace could not be asked.
 */
export async function cancelAtMarketplace(
  side: OrderSideInput,
  orderId: string,
  cancelledAt: string,
): Promise<OrderStepResult | ReadFailure> {
  const taskQueue = channelTaskQueue(side.channel);
  const { cancelOnMarketplace } = proxyActivities<ChannelActivities>({ ...MARKETPLACE_CANCEL, taskQueue });
  const { readMarketplaceOrder } = proxyActivities<ChannelActivities>({ ...MARKETPLACE_READ, taskQueue });
  const cancelOptions = { ...MARKETPLACE_CANCEL, taskQueue, summary: `${side.displayName} · cancel` };
  const readOptions = { ...MARKETPLACE_READ, taskQueue, summary: `${side.displayName} · read back` };
  const { connectionId } = side;

  for (let readBacks = 0; ; readBacks++) {
    let asked: OrderStepResult | ReadFailure;
    try {
      asked = await withFreshToken(side, (minTokenGeneration) =>
        cancelOnMarketplace.executeWithOptions(cancelOptions, [
          { orderId, connectionId, cancelledAt, minTokenGeneration },
        ]),
      );
      if (asked.notCancelled.length === 0) return asked;
    } catch (error) {
      asked = readFailure(error);
      if (!isUncertain(asked) || readBacks >= MAX_READ_BACKS) throw error;
    }
    const shown = await withFreshToken(side, (minTokenGeneration) =>
      readMarketplaceOrder.executeWithOptions(readOptions, [{ orderId, connectionId, minTokenGeneration }]),
    ).catch(readFailure);
    if ('type' in shown) return withoutReadBack(asked, shown);
    const isWorthAsking = 'type' in asked && shown.open.length > 0;
    if (!isWorthAsking) return shown;
  }
}

/** The request may have been applied although no usable answer came. */
const isUncertain = ({ type }: ReadFailure): boolean =>
  type === 'OutcomeUnknown' ||
  type === 'ChannelContractViolated' ||
  (type === 'AttemptLost' && patched('reads-lost-attempts-back'));

/** What is wrong with the whole connection or with us, and is told as it is; anything else says only that this order cannot be read. */
const CONCERNS_ALL_READING = new Set<ReadFailure['type']>([
  ...HEALS_BY_ITSELF,
  'ChannelAuthFailed',
  'ConnectionPaused',
  'ConnectionNotFound',
]);

/** Where the order cannot be read back, the first answer stands: a refusal as the refusal, an answer that never came as an unknown outcome. */
function withoutReadBack(asked: OrderStepResult | ReadFailure, failure: ReadFailure): OrderStepResult | ReadFailure {
  if (CONCERNS_ALL_READING.has(failure.type)) return failure;
  if (!('type' in asked)) return asked;
  const wordsOf = ({ details, message }: ReadFailure) => details.channelWords ?? message;
  const channelWords = `${wordsOf(asked)}; the order could not be read back: ${wordsOf(failure)}`;
  return { type: 'OutcomeUnknown', message: channelWords, details: { ...asked.details, channelWords } };
}
