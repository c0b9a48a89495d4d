import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { ChannelActivities, HomeActivities } from '../activities';
import type { OrderStepResult } from '../activities/orders';
import type { Channel } from '../contracts/channels';
import { channelTaskQueue } from '../contracts/ids';
import type { OrderLine, OrderOutcome } from '../contracts/order';
import { HOME, MARKETPLACE_CANCEL, MARKETPLACE_READ, MAX_READ_BACKS, WMS_CANCEL } from './activity-options';
import { createAttention, failWith, setOutcome } from './attention';
import { type ReadFailure, readFailure } from './failure-reading';
import { withFreshToken } from './with-fresh-token';
import { orderDetails } from './wording';

/** One of the two systems that the order is cancelled in. */
export interface OrderSideInput {
  connectionId: number;
  channel: Channel;
  displayName: string;
}

export interface UnfulfillableOrderInput {
  orderId: string;
  orderNumber: string;
  /** For the reader of the history; what is asked of the channels is read from the database. */
  lines: Pick<OrderLine, 'lineItemSequenceNumber' | 'marketplaceItemId' | 'quantity'>[];
  marketplace: OrderSideInput;
  wms: OrderSideInput;
}

export interface UnfulfillableOrderResult {
  outcome: OrderOutcome;
  /** Line item sequence numbers that both systems have cancelled. */
  cancelled: string[];
}

const home = proxyActivities<HomeActivities>(HOME);

/** Cancels what the warehouse cannot ship: at the marketplace, then in the WMS what the marketplace has accepted. */
export async function UnfulfillableOrderWorkflow(input: UnfulfillableOrderInput): Promise<UnfulfillableOrderResult> {
  const { orderId, orderNumber, marketplace, wms } = input;
  // Taken once, so that every retry tells the WMS the same time.
  const cancelledAt = new Date().toISOString();
  const attention = createAttention();
  let outcome: OrderOutcome = 'not_cancelled';

  async function askFor(side: OrderSideInput, failure: ReadFailure): Promise<void> {
    setOutcome(outcome);
    const title = `Order ${orderNumber}: ${side.displayName} did not cancel`;
    const decision = await attention.ask(side.channel, failure, { title });
    if (decision !== 'retry') {
      const error = failure.details.channelWords ?? failure.message;
      await home.finishOrder({
        orderId,
        status: 'failed',
        outcome: decision === 'giveUp' && outcome === 'not_cancelled' ? 'gave_up' : outcome,
        error,
      });
      throw failWith(failure, decision);
    }
    attention.clear(orderDetails(orderNumber, `Trying ${side.displayName} again`));
  }

  await home.startOrder({ orderId });
  for (;;) {
    const atMarketplace = await cancelAtMarketplace(marketplace, orderId, cancelledAt).catch(readFailure);
    if ('type' in atMarketplace) {
      await askFor(marketplace, atMarketplace);
      continue;
    }
    if (atMarketplace.cancelled.length > 0) {
      outcome = 'cancelled_at_marketplace_only';
      setOutcome(outcome);
      setCurrentDetails(
        orderDetails(orderNumber, `${marketplace.displayName} has cancelled; ${wms.displayName} comes next`),
      );
      const inWms = await cancelInWms(wms, orderId, cancelledAt).catch(readFailure);
      const failure = 'type' in inWms ? inWms : refusalOf(inWms);
      if (failure) {
        await askFor(wms, failure);
        continue;
      }
      outcome = atMarketplace.notCancelled.length > 0 ? 'partially_cancelled' : 'cancelled';
    }
    const refused = refusalOf(atMarketplace);
    if (refused) {
      // Only a person can say what happens to lines that the marketplace has packed, shipped or does not know.
      await askFor(marketplace, refused);
      continue;
    }
    await home.finishOrder({ orderId, status: 'done', outcome, error: null });
    setOutcome(outcome);
    setCurrentDetails(orderDetails(orderNumber, `Cancelled at ${marketplace.displayName} and in ${wms.displayName}`));
    return { outcome, cancelled: atMarketplace.cancelled };
  }
}

const refusalOf = ({ notCancelled }: OrderStepResult): ReadFailure | undefined => {
  const [first] = notCancelled;
  if (!first) return undefined;
  const channelWords = notCancelled.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ');
  return { type: 'ChannelRejected', message: channelWords, details: { channelWords } };
};

/** Asks the marketplace to cancel; where its answer is missing or says no, believes only what it shows when it is read back. */
async function cancelAtMarketplace(
  side: OrderSideInput,
  orderId: string,
  cancelledAt: string,
): Promise<OrderStepResult> {
  const taskQueue = channelTaskQueue(side.channel);
  const { cancelOnMarketplace } = proxyActivities<ChannelActivities>({ ...MARKETPLACE_CANCEL, taskQueue });
  const { readMarketplaceOrder } = proxyActivities<ChannelActivities>({ ...MARKETPLACE_READ, taskQueue });
  const cancelOptions = { ...MARKETPLACE_CANCEL, taskQueue, summary: `${side.displayName} · cancel` };
  const readOptions = { ...MARKETPLACE_READ, taskQueue, summary: `${side.displayName} · read back` };
  const { connectionId } = side;

  for (let readBacks = 0; ; readBacks++) {
    let uncertainty: unknown;
    try {
      const asked = await withFreshToken(side, (minTokenGeneration) =>
        cancelOnMarketplace.executeWithOptions(cancelOptions, [
          { orderId, connectionId, cancelledAt, minTokenGeneration },
        ]),
      );
      if (asked.notCancelled.length === 0) return asked;
    } catch (error) {
      if (!isUncertain(readFailure(error)) || readBacks >= MAX_READ_BACKS) throw error;
      uncertainty = error;
    }
    const shown = await withFreshToken(side, (minTokenGeneration) =>
      readMarketplaceOrder.executeWithOptions(readOptions, [{ orderId, connectionId, minTokenGeneration }]),
    );
    const isWorthAsking = uncertainty !== undefined && shown.open.length > 0;
    if (!isWorthAsking) return shown;
  }
}

/** The request may have been applied although no usable answer came. */
const isUncertain = (failure: ReadFailure): boolean =>
  failure.type === 'OutcomeUnknown' || failure.type === 'ChannelContractViolated';

async function cancelInWms(side: OrderSideInput, orderId: string, cancelledAt: string): Promise<OrderStepResult> {
  const taskQueue = channelTaskQueue(side.channel);
  const { cancelInWms: cancel } = proxyActivities<ChannelActivities>({ ...WMS_CANCEL, taskQueue });
  const options = { ...WMS_CANCEL, taskQueue, summary: `${side.displayName} · cancel` };
  const ask = () =>
    withFreshToken(side, (minTokenGeneration) =>
      cancel.executeWithOptions(options, [
        { orderId, connectionId: side.connectionId, cancelledAt, minTokenGeneration },
      ]),
    );
  const stand = await ask();
  // Some WMS cancel all lines of a request or none: once it said which ones were cancelled before, the others go through.
  return stand.notCancelled.length > 0 && stand.cancelled.length > 0 ? ask() : stand;
}
