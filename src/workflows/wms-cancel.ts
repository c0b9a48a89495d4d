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

/** What one request to the WMS is about. */
interface WmsRequest {
  /** When the marketplace accepted these lines, ISO-8601 UTC. */
  cancelledAt: string;
  /** Absent: every line that the marketplace has cancelled. */
  only?: string[];
}

/**
 * The requests that tell the WMS of each line when it was accepted, earliest first: one, unless the marketplace has accepted some lines
 * later than others. `startedAt` stands for a time that nobody has kept.
 */
export function requestsOf(acceptedAt: Readonly<Record<string, string>>, startedAt: string): WmsRequest[] {
  const [first = startedAt, ...later] = [...new Set(Object.values(acceptedAt))].sort();
  if (later.length === 0) return [{ cancelledAt: first }];
  return [first, ...later].map((cancelledAt) => ({
    cancelledAt,
    only: Object.keys(acceptedAt).filter((line) => acceptedAt[line] === cancelledAt),
  }));
}

/** Asks the WMS to cancel what the marketplace has cancelled; throws the activity's failure when it could not be asked. */
export async function cancelInWms(
  side: CalledConnection,
  orderId: string,
  requests: readonly WmsRequest[],
  probed?: ReadFailure['type'],
): Promise<OrderStepResult> {
  const cancel = () => ({ policy: WMS_CANCEL, summary: `${side.displayName} · cancel`, ...(probed ? { probed } : {}) });
  const ask = (request: WmsRequest) =>
    callChannel(side, cancel, (channel, ref) => channel.cancelInWms({ orderId, ...request, ...ref }));
  let stand: OrderStepResult = { cancelled: [], notCancelled: [] };
  for (const request of requests) {
    const isMeant = (line: string) => request.only?.includes(line) ?? true;
    stand = await ask(request);
    // Some WMS cancel all lines of a request or none: once it said which ones were cancelled before, the others go through.
    const isPart = stand.notCancelled.some(({ line }) => isMeant(line)) && stand.cancelled.some(isMeant);
    if (isPart) stand = await ask(request);
  }
  return stand;
}
