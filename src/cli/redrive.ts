import { z } from 'zod';
import { connectorFor } from '../connectors/registry';
import { inventoryEvent } from '../contracts/events';
import { createOrderIntake } from '../starter/order-intake';
import { Problem } from '../starter/problems';
import { createStockIntake } from '../starter/stock-intake';
import { storeSubmissions } from '../store/intake';
import type { ParkedEvent } from '../store/parked-events';
import type { CliContext } from './context';
import { sayFailure } from './failures';

/** What became of one event that was set aside. */
export interface RedriveResult {
  id: string;
  kind: ParkedEvent['kind'];
  accountSlug: string;
  /** True when the event is taken now; false when it stays where it is, with a renewed reason. */
  redriven: boolean;
  /** `accepted`, `duplicate`, `superseded`, `ignored` or `parked`. */
  result: string;
  words: string;
}

interface Verdict extends Pick<RedriveResult, 'redriven' | 'result' | 'words'> {
  /** The word for why it stays, where the intake has not written it down itself. */
  newReason?: string;
}

/** An order event as the intake keeps it: see `UnfulfillableOrder`. */
const keptOrder = z.object({
  externalChannelId: z.string(),
  externalWarehouseId: z.string().nullable(),
  orderNumber: z.string(),
  vendorOrderNumber: z.string().nullable(),
  lines: z.array(
    z.object({
      lineItemSequenceNumber: z.string(),
      orderItemId: z.string(),
      itemId: z.string(),
      marketplaceItemId: z.string(),
      quantity: z.int().min(1),
    }),
  ),
});

const bodyOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const unreadable = (error: z.ZodError): Verdict => {
  const faults = error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  const words = `the stored event cannot be read: ${faults.join('; ')}`;
  return { redriven: false, result: 'parked', words, newReason: 'not_readable' };
};

/** Returns the function that runs one event again through the same intake as the gateway; what cannot be used stays, with its new reason. */
export function createRedrive({
  stores,
  dispatch,
  config,
}: CliContext): (event: ParkedEvent) => Promise<RedriveResult> {
  let wakes: Promise<void>[] = [];
  const intakeDeps = { connectorFor, parked: stores.parked };
  const orders = createOrderIntake({
    ...intakeDeps,
    listConnections: (accountSlug) => stores.connections.list({ accountSlug }),
    orders: stores.orders,
    startOrder: (orderId) => void wakes.push(dispatch.startOrder(orderId)),
  });
  const takeStock = createStockIntake({
    ...intakeDeps,
    findConnection: stores.connections.find,
    async store(draft) {
      const [result] = await storeSubmissions(stores.db, [draft]);
      if (!result) throw new Error('the submission was not stored');
      return result;
    },
    poke: (id) => void wakes.push(dispatch.pokeInventorySync(id)),
    // It stands there already, under whatever identity it was parked with.
    parked: { park: async () => '' },
    clocks: stores.eventClocks,
    now: Date.now,
    // The words of the result have them.
    onWarning: () => undefined,
  });

  /** Waits for what the intake has started; a Temporal that is down delays the work, since it is stored. */
  async function settleWakes(): Promise<string> {
    const [failed] = (await Promise.allSettled(wakes)).filter((wake) => wake.status === 'rejected');
    wakes = [];
    return failed ? `; the sweep will start it (${sayFailure(failed.reason, config).message})` : '';
  }

  async function redriveOrder({ body, accountSlug }: ParkedEvent): Promise<Verdict> {
    const order = keptOrder.safeParse(bodyOf(body));
    if (!order.success) return unreadable(order.error);
    const { status, workflowId, reason } = await orders.accept({ accountSlug, connectionId: null }, order.data);
    const later = await settleWakes();
    return {
      redriven: status === 'accepted' || status === 'duplicate',
      result: status,
      words: `${reason ?? workflowId ?? ''}${later}`,
    };
  }

  async function redriveStock({ body, accountSlug }: ParkedEvent): Promise<Verdict> {
    const event = inventoryEvent.safeParse(bodyOf(body));
    if (!event.success) return unreadable(event.error);
    try {
      const { status, submissionId, warnings } = await takeStock({ accountSlug, connectionId: null }, event.data);
      const told = warnings.map(({ path, message }) => `; ${path} ${message}`).join('');
      return { redriven: true, result: status, words: `submission ${submissionId}${told}${await settleWakes()}` };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 404) {
        const words = `the account has no connection ${event.data.connectionId}`;
        return { redriven: false, result: 'parked', words, newReason: 'connection_not_found' };
      }
      const faults = error.errors.map(({ path, message }) => `${path}: ${message}`);
      return { redriven: false, result: 'parked', words: faults.join('; ') || error.detail, newReason: 'not_usable' };
    }
  }

  return async (event) => {
    const { newReason, ...verdict } = await (event.kind === 'order' ? redriveOrder(event) : redriveStock(event));
    if (verdict.redriven) await stores.parked.markRedriven(event.id);
    if (newReason !== undefined) await stores.parked.setReason(event.id, newReason, verdict.words);
    return { id: event.id, kind: event.kind, accountSlug: event.accountSlug, ...verdict };
  };
}
