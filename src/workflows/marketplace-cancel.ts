import { ActivityFailure, patched, sleep } from '@temporalio/workflow';
import type { ConnectionRef } from '../activities/opener';
import type { OrderReading } from '../activities/order-reading';
import type { OrderStepResult } from '../activities/orders';
import { NOT_THE_CHANNELS } from '../contracts/failures';
import { isLoginDue } from '../contracts/login-due';
import { MARKETPLACE_CANCEL, MARKETPLACE_READ, MAX_READ_BACKS } from './activity-options';
import { type CalledChannel, callChannel, type SpentAttempts } from './channel-call';
import { type ReadFailure, readFailure } from './failure-reading';
import type { OrderSideInput } from './unfulfillable-order';

/** What no person has to help with: the step is tried again by itself. */
export const HEALS_BY_ITSELF = NOT_THE_CHANNELS;

/**
 * What a run remembers of what it asked for. The database forgets that when it is put back to an older copy; a line that was not
 * written since the run began is read back then before it is asked for.
 */
export interface AskedInThisRun {
  /** The database's time at the start of the run. Absent in runs of older builds. */
  startedAtMs?: number;
  /** Whether a request has left, or there was nothing left to ask for. */
  hasAsked: boolean;
  /**
   * Whether the next request is to be read back for first: an answer never came, and what was read back then is old by now; or all
   * is cancelled, so that a line which is not is one of an older copy.
   */
  isToReadFirst: boolean;
  /** Lines that it has refused, while the WMS is asked for the others: only a person's answer asks for them again. */
  refused: string[];
}

/** Later than any line was written. */
const EVER = Number.MAX_SAFE_INTEGER;

/** A call that failed of these has asked for the lines; of others, such as a lost worker, nobody knows whether it came so far. */
const HAVE_ASKED: ReadonlySet<string> = new Set(['OutcomeUnknown', 'ChannelContractViolated']);
const hasAskedIn = ({ type, details }: ReadFailure): boolean => HAVE_ASKED.has(type) || details.mayStillApply === true;

/**
 * Asks the marketplace to cancel; where its answer is missing or says no, believes only what it shows when it is read back. Answers
 * where the lines stand, or what a person has to know; throws the activity's failure when the marketplace could not be asked.
 */
export async function cancelAtMarketplace(
  side: OrderSideInput,
  orderId: string,
  cancelledAt: string,
  memory: AskedInThisRun,
  probed?: ReadFailure['type'],
): Promise<OrderStepResult | ReadFailure> {
  const { refused } = memory;
  let leaveOut = refused;
  const ask = async (channel: CalledChannel, ref: ConnectionRef) => {
    const { startedAtMs, hasAsked, isToReadFirst } = memory;
    const askedSinceMs = isToReadFirst ? EVER : hasAsked ? startedAtMs : undefined;
    try {
      const asked = await channel.cancelOnMarketplace({
        orderId,
        cancelledAt,
        ...ref,
        ...(askedSinceMs === undefined ? {} : { askedSinceMs }),
        ...(leaveOut.length > 0 ? { leaveOut } : {}),
      });
      if (isLoginDue(asked)) return asked;
      memory.hasAsked = true;
      // Lines that were left out have been neither asked for nor read.
      memory.isToReadFirst &&= leaveOut.length > 0;
      return asked;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const failure = readFailure(error);
      memory.hasAsked ||= hasAskedIn(failure);
      // From here on the lines themselves say that they were asked for.
      if (failure.type === 'OutcomeUnknown') memory.isToReadFirst = false;
      throw error;
    }
  };
  const probing = probed ? { probed } : {};
  const cancel = () => ({ policy: MARKETPLACE_CANCEL, summary: `${side.displayName} · cancel`, ...probing });
  const readBack = () =>
    callChannel(
      side,
      () => ({ policy: MARKETPLACE_READ, summary: `${side.displayName} · read back`, ...probing }),
      (channel, ref) => channel.readMarketplaceOrder({ orderId, ...ref }),
    ).catch(readFailure);

  // The three attempts are the channel's for this cancel, however often the order is read back between them.
  const spent: SpentAttempts = { channelFailures: 0 };
  let wasUncertain = false;
  for (let readBacks = 0; ; readBacks++) {
    let asked: OrderStepResult | ReadFailure;
    try {
      asked = await callChannel(side, cancel, ask, spent);
      if (asked.notCancelled.length === 0) return asked;
    } catch (error) {
      asked = readFailure(error);
      if (!isUncertain(asked)) {
        // What an earlier round has read back is old by the time that the next one asks.
        memory.isToReadFirst ||= wasUncertain;
        throw error;
      }
      wasUncertain = true;
      if (readBacks >= MAX_READ_BACKS && !patched('reads-back-before-asking')) throw error;
    }
    let shown = await readBack();
    for (let waitMs = readAgainInMs(shown); waitMs > 0; waitMs = readAgainInMs(shown)) {
      await sleep(waitMs, { summary: 'an earlier request may arrive late' });
      shown = await readBack();
    }
    if ('type' in shown) {
      // Lines that nobody has refused are kept as asked for.
      memory.isToReadFirst ||= wasUncertain && !('type' in asked);
      return withoutReadBack(asked, shown);
    }
    leaveOut = [...refused, ...(shown.unknown ?? [])];
    // A refusal stands, unless what is left to ask for is less than what was refused.
    const isNewRequest = shown.fewer !== undefined && shown.fewer.length > 0;
    const isWorthAsking = shown.open.length > 0 && ('type' in asked || isNewRequest);
    if (!isWorthAsking) return shown;
    if ('type' in asked && readBacks >= MAX_READ_BACKS) {
      memory.isToReadFirst = true;
      return asked;
    }
    if (spent.channelFailures === 0) continue;
    if (!patched('counts-over-read-backs')) spent.channelFailures = 0;
    // Open, and asked for as often as the law allows: a person decides.
    else if ('type' in asked && spent.channelFailures >= MARKETPLACE_CANCEL.retry.maximumAttempts) {
      memory.isToReadFirst = true;
      return { ...asked, type: 'ChannelUnavailable' };
    }
  }
}

/** The request may have been applied although no usable answer came. */
const isUncertain = ({ type, details }: ReadFailure): boolean =>
  type === 'OutcomeUnknown' ||
  type === 'ChannelContractViolated' ||
  (type === 'ChannelUnavailable' && details.mayStillApply === true && patched('reads-back-before-asking')) ||
  (type === 'AttemptLost' && patched('reads-lost-attempts-back'));

/** When to read again because an earlier request may still arrive; 0: not at all. */
const readAgainInMs = (shown: OrderReading | ReadFailure): number =>
  'type' in shown || shown.readAgainInMs === undefined || !patched('waits-for-late-requests') ? 0 : shown.readAgainInMs;

/** What is wrong with the whole connection or with us, and is told as it is; anything else says only that this order cannot be read. */
const CONCERNS_ALL_READING: ReadonlySet<string> = new Set([
  ...HEALS_BY_ITSELF,
  'ChannelAuthFailed',
  'ConnectionPaused',
  'ConnectionNotFound',
  'OrderNotFound',
]);

/** Where the order cannot be read back, the first answer stands: a refusal as the refusal, an answer that never came as an unknown outcome. */
function withoutReadBack(asked: OrderStepResult | ReadFailure, failure: ReadFailure): OrderStepResult | ReadFailure {
  // A refusal stands also while another order asks for the line: what was cancelled with it must not wait for that one.
  if (failure.type === 'LineInUse' && !('type' in asked)) return asked;
  if (CONCERNS_ALL_READING.has(failure.type)) return failure;
  if (!('type' in asked)) return asked;
  const wordsOf = ({ details, message }: ReadFailure) => details.channelWords ?? message;
  const channelWords = `${wordsOf(asked)}; the order could not be read back: ${wordsOf(failure)}`;
  return { type: 'OutcomeUnknown', message: channelWords, details: { ...asked.details, channelWords } };
}
