import type { OrderStepResult } from '../activities/orders';
import { WMS_CANCEL } from './activity-options';
import { type CalledConnection, callChannel } from './channel-call';
import type { ReadFailure } from './failure-reading';

/** What the system refused, as a failure that a person is asked about; undefined when it refused nothing. */
export const refusalOf = ({ notCancelled, unknown = [] }: OrderStepResult): ReadFailure | undefined => {
  const [first] = notCancelled;
  if (!first) return undefined;
  const channelWords = notCancelled.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ');
  const type = unknown.length > 0 ? 'OutcomeUnknown' : 'ChannelRejected';
  return { type, message: channelWords, details: { channelWords } };
};

/** Asks the WMS to cancel what the marketplace has cancelled; throws the activity's failure when it could not be asked. */
export async function cancelInWms(
  side: CalledConnection,
  orderId: string,
  cancelledAt: string,
  probed?: ReadFailure['type'],
): Promise<OrderStepResult> {
  const cancel = () => ({ policy: WMS_CANCEL, summary: `${side.displayName} · cancel`, ...(probed ? { probed } : {}) });
  const ask = () => callChannel(side, cancel, (channel, ref) => channel.cancelInWms({ orderId, cancelledAt, ...ref }));
  const stand = await ask();
  // Some WMS cancel all lines of a request or none: once it said which ones were cancelled before, the others go through.
  return stand.notCancelled.length > 0 && stand.cancelled.length > 0 ? ask() : stand;
}
