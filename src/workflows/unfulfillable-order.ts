import { CancellationScope, isCancellation, patched, proxyActivities } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { OrderLine, OrderOutcome, OrderRecord } from '../contracts/order';
import { HOME, WMS_LOGIN_TRIED_FOR_MS } from './activity-options';
import { createAttention, failWith, type Question, setOutcome } from './attention';
import { type CalledConnection, createProbes } from './channel-call';
import { createConfirmations } from './confirmation';
import { type ReadFailure, readFailure } from './failure-reading';
import { type AskedInThisRun, cancelAtMarketplace, HEALS_BY_ITSELF } from './marketplace-cancel';
import { noteFailed, restoreOrder } from './order-notes';
import { createOrderProgress } from './order-progress';
import { cancelInWms, refusalOf, requestsOf } from './wms-cancel';
import { orderDetails } from './wording';

/** One of the two systems that the order is cancelled in. */
export type OrderSideInput = CalledConnection;

export interface UnfulfillableOrderInput {
  orderId: string;
  orderNumber: string;
  /** For the reader of the history; what is asked of the channels is read from the database. */
  lines: Pick<OrderLine, 'lineItemSequenceNumber' | 'marketplaceItemId' | 'quantity'>[];
  marketplace: OrderSideInput;
  wms: OrderSideInput;
  /** What to store again when the order's row is gone. Absent in runs of builds that did not carry it. */
  record?: OrderRecord;
}

export interface UnfulfillableOrderResult {
  outcome: OrderOutcome;
  /** Line item sequence numbers that both systems have cancelled. */
  cancelled: string[];
}

/** What no channel has to do with. */
const OURS = new Set<ReadFailure['type']>(['OrderNotFound', 'InvariantBroken', 'Unexpected']);

const home = proxyActivities<HomeActivities>(HOME);

/** Cancels what the warehouse cannot ship: at the marketplace, then in the WMS what the marketplace has accepted. */
export async function UnfulfillableOrderWorkflow(input: UnfulfillableOrderInput): Promise<UnfulfillableOrderResult> {
  const { orderId, orderNumber, marketplace, wms } = input;
  // Stands for the time of acceptance where nobody has kept it; taken once, so that every retry tells the WMS the same.
  const startedAt = new Date().toISOString();
  const memory: AskedInThisRun = { hasAsked: false, isToReadFirst: false, refused: [] };
  const probes = createProbes();
  let wmsSinceMs: number | undefined;
  const attention = createAttention();
  let outcome: OrderOutcome = 'not_cancelled';
  const known = input.lines.map((line) => line.lineItemSequenceNumber);
  const progress = createOrderProgress(known, marketplace, wms);
  const confirmations = createConfirmations(known, attention);

  /** Writes down that the run ends before everything is cancelled; not even a cancellation of the run keeps that from happening. */
  const endEarly = (endedAs: OrderOutcome, error: string): Promise<void> =>
    CancellationScope.nonCancellable(async () => {
      await noteFailed(input, memory, endedAs, error);
      if (!patched('says-how-it-ended')) return;
      setOutcome(endedAs);
      attention.clear(orderDetails(orderNumber, `Ended as ${endedAs}: ${error}. It leaves ${progress.remains()}`));
    });
  const titleOf = ({ displayName }: OrderSideInput) => `Order ${orderNumber}: ${displayName} did not cancel`;
  const questionAbout = (connection: OrderSideInput, title: string): Question => ({
    title,
    connection,
    facts: progress.facts(),
    leaves: `\`giveUp\` leaves ${progress.remains()}. Sent again, the order’s event starts a new try.`,
  });
  const asGivenUp = (): OrderOutcome => (outcome === 'not_cancelled' ? 'gave_up' : outcome);

  /** Takes a step in our own database, which waits for a person when repeating it cannot help. */
  async function keep<T>(step: () => Promise<T>): Promise<T> {
    for (;;) {
      const kept = await step().then((value) => ({ value }), readFailure);
      if ('value' in kept) return kept.value;
      await askFor(marketplace, kept);
    }
  }

  async function askFor(side: OrderSideInput, met: ReadFailure): Promise<void> {
    const failure = met.type === 'OrderNotFound' ? await restoreOrder(input) : met;
    if (!failure) return;
    setOutcome(outcome);
    const title = OURS.has(failure.type) ? `Order ${orderNumber} cannot go on` : titleOf(side);
    // A login has few attempts, so that a wrong password locks nobody out; one that is only away is tried again, as the cancel is.
    const isWmsLogin =
      side === wms && failure.type === 'ChannelUnavailable' && Date.now() - (wmsSinceMs ?? 0) < WMS_LOGIN_TRIED_FOR_MS;
    const heals = HEALS_BY_ITSELF.has(failure.type) || (isWmsLogin && patched('tries-the-login-again'));
    // Like the other signals, it answers a question: sent while nobody asked it counts for nothing.
    if (!attention.isAnnounced(side.channel, failure)) confirmations.forget();
    const decision = await attention.ask(side.channel, failure, {
      ...questionAbout(side, title),
      wake: confirmations.isSaid,
      otherSignals: ['confirmCancelled', 'confirmNotCancelled'],
      ...(heals ? { waitFor: probes.nextMs(side, failure) } : {}),
    });
    const said = confirmations.take();
    for (const seen of decision === 'woken' ? said : []) {
      // Of a line that they do not name they have said nothing.
      const isAboutAll = known.every((line) => seen.lines?.includes(line) ?? true);
      if (side === marketplace && isAboutAll) memory.isToReadFirst = false;
      await keep(() => home.confirmLines({ orderId, side: side === wms ? 'wms' : 'marketplace', ...seen }));
    }
    // Nobody has to do anything, but everybody may see it until it is over.
    if (decision === 'timeout' && heals && patched('heals-by-itself')) return;
    probes.end();
    wmsSinceMs = undefined;
    if (side === marketplace) memory.refused = [];
    if (decision !== 'retry' && decision !== 'woken') {
      const error = failure.details.channelWords ?? failure.message;
      await endEarly(decision === 'giveUp' ? asGivenUp() : outcome, error);
      throw failWith(failure, decision);
    }
    attention.clear(orderDetails(orderNumber, `Trying ${side.displayName} again`));
  }

  async function cancelOnBothSides(): Promise<UnfulfillableOrderResult> {
    const started = await keep(() => home.startOrder({ orderId }));
    if (started) memory.startedAtMs = started.atMs;
    for (;;) {
      const probed = probes.of(marketplace);
      const atMarketplace = await cancelAtMarketplace(marketplace, orderId, startedAt, memory, probed).catch(
        readFailure,
      );
      if (memory.isToReadFirst && patched('notes-what-is-unanswered')) {
        memory.isToReadFirst = !(await keep(() => home.noteUnanswered({ orderId })));
      }
      if ('type' in atMarketplace) {
        await askFor(marketplace, atMarketplace);
        continue;
      }
      const acceptedAt = progress.seenAtMarketplace(atMarketplace);
      if (atMarketplace.notCancelled.length === 0) memory.isToReadFirst = true;
      const refused = refusalOf(atMarketplace);
      if (atMarketplace.cancelled.length > 0) {
        outcome = 'cancelled_at_marketplace_only';
        setOutcome(outcome);
        memory.refused = atMarketplace.notCancelled.map(({ line }) => line);
        // While the WMS is probed its question stays.
        if (!attention.isAskedOf(wms.channel)) {
          if (refused && patched('shows-refusals-at-once')) {
            confirmations.forget();
            attention.announce(marketplace.channel, refused, {
              ...questionAbout(marketplace, titleOf(marketplace)),
              first: `What ${marketplace.displayName} has cancelled goes to ${wms.displayName} first; then the run waits for an answer.`,
            });
          } else
            attention.clear(
              orderDetails(orderNumber, `${marketplace.displayName} has cancelled; ${wms.displayName} comes next`),
            );
        }
        wmsSinceMs ??= Date.now();
        progress.asksWms();
        const inWms = await cancelInWms(wms, orderId, requestsOf(acceptedAt, startedAt), probes.of(wms)).catch(
          readFailure,
        );
        if (!('type' in inWms)) progress.seenInWms(inWms);
        const failure = 'type' in inWms ? inWms : refusalOf(inWms);
        if (failure) {
          await askFor(wms, failure);
          continue;
        }
        wmsSinceMs = undefined;
        probes.end();
        outcome = atMarketplace.notCancelled.length > 0 ? 'partially_cancelled' : 'cancelled';
      }
      if (refused) {
        // Only a person can say what happens to lines that the marketplace has packed, shipped or does not know.
        await askFor(marketplace, refused);
        continue;
      }
      // All of it has happened: a cancellation of the run comes too late to change that.
      const finish = () => home.finishOrder({ orderId, status: 'done', outcome, error: null });
      const finished = await keep(() => CancellationScope.nonCancellable(finish));
      // Its lines are not as they were: the database was put back to an older copy. Undefined in runs of older builds.
      if (finished === false) {
        outcome = 'not_cancelled';
        continue;
      }
      setOutcome(outcome);
      const result =
        atMarketplace.cancelled.length > 0
          ? `Cancelled at ${marketplace.displayName} and in ${wms.displayName}`
          : 'Nothing to cancel: its lines belong to another order';
      attention.clear(orderDetails(orderNumber, result));
      return { outcome, cancelled: atMarketplace.cancelled };
    }
  }

  try {
    return await cancelOnBothSides();
  } catch (error) {
    if (isCancellation(error) && patched('finishes-when-cancelled')) {
      await endEarly(asGivenUp(), 'the run was cancelled');
    }
    throw error;
  }
}
