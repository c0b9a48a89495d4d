import { z } from 'zod';
import { inventorySyncWorkflowId, listingOf } from '../../src/contracts/ids';
import { ATTENTION, OUTCOME } from '../../src/contracts/search-attributes';
import { giveUp, retry } from '../../src/workflows/messages';
import type { Stock } from './events';
import type { Stand } from './stand';
import type { Tenant } from './tenants';
import { eventually } from './waiting';

const stockBody = z.object({
  inventoryList: z
    .array(z.object({ productId: z.string(), variantId: z.string(), inventory: z.coerce.number() }))
    .min(1),
});
const orderBody = z.object({
  order_id: z.string(),
  order_lines: z.array(z.object({ order_item_id: z.string(), cancelled_quantity: z.number() })),
});
const wmsBody = z.object({
  customerOrderNumber: z.string(),
  cancellationTime: z.string(),
  items: z.array(z.object({ lineItemSequenceNumber: z.string(), quantity: z.string() })),
});
const loginBody = z.object({ username: z.string() });
const wmsLoginBody = z.object({ client_id: z.string() });
const linesAnswer = z.object({
  lines: z.array(z.object({ row: z.number(), listing: z.string(), status: z.string(), error: z.string().nullable() })),
});
const submissionAnswer = z.object({
  status: z.string(),
  totalCount: z.number(),
  successCount: z.number(),
  errorCount: z.number(),
  finishedCount: z.number(),
});
const metadata = z.object({ currentDetails: z.string() });

/** What the tests look at: the twins' logs by tenant and order, the runs as ops see them, the ledger. */
export function createObserver(stand: Stand) {
  const { client, ajio, eshopbox, stores } = stand;
  const requests = <T>(twin: typeof ajio | typeof eshopbox, method: string, path: RegExp, schema: z.ZodType<T>) =>
    twin
      .log()
      .filter((entry) => entry.method === method && path.test(entry.path))
      .flatMap((entry) => {
        const body = schema.safeParse(entry.body);
        return body.success ? [{ ...entry, atMs: Date.parse(entry.at), body: body.data }] : [];
      });
  const describe = (workflowId: string) => client.workflow.getHandle(workflowId).describe();
  // The gateway starts runs after its answer, so a run that is about to start is not there yet.
  const started = (workflowId: string) =>
    eventually(`the start of ${workflowId}`, () => describe(workflowId).catch(() => undefined));
  const attention = async (workflowId: string) => (await describe(workflowId)).typedSearchAttributes.get(ATTENTION);

  return {
    /** Requests of stock for the tenant's product, oldest first, with what they said. */
    stockCalls: (tenant: Tenant) =>
      requests(ajio, 'POST', /^\/updateInventory$/, stockBody)
        .filter(({ body }) => body.inventoryList.some(({ productId }) => productId === tenant.productId))
        .map(({ body, ...entry }) => {
          const stock: Stock = Object.fromEntries(body.inventoryList.map((line) => [line.variantId, line.inventory]));
          return { ...entry, stock };
        }),
    /** Requests that cancel lines of the order at Ajio, with the items that they name. */
    cancels: (orderNumber: string) =>
      requests(ajio, 'POST', /\/orders$/, orderBody)
        .filter(({ body }) => body.order_id === orderNumber)
        .map(({ body, ...entry }) => ({
          ...entry,
          items: body.order_lines.map((line) => line.order_item_id),
          pieces: body.order_lines.map((line) => line.cancelled_quantity),
        })),
    readBacks: (orderNumber: string) =>
      ajio.log().filter((entry) => entry.method === 'GET' && entry.query.orderIds === orderNumber),
    /** Requests that cancel lines of the order in the WMS. */
    wmsCancels: (orderNumber: string) =>
      requests(eshopbox, 'POST', /\/api\/cancel-order$/, wmsBody)
        .filter(({ body }) => body.customerOrderNumber === orderNumber)
        .map(({ body, ...entry }) => ({
          ...entry,
          cancellationTime: body.cancellationTime,
          lines: body.items.map((item) => item.lineItemSequenceNumber),
          pieces: body.items.map((item) => Number(item.quantity)),
        })),
    logins: (tenant: Tenant) =>
      requests(ajio, 'POST', /^\/authToken$/, loginBody).filter(({ body }) => body.username === tenant.slug),
    wmsLogins: (tenant: Tenant) =>
      requests(eshopbox, 'POST', /\/generateToken$/, wmsLoginBody).filter(({ body }) => body.client_id === tenant.slug),
    /** What Ajio shows for the tenant's listings. */
    shownStock: (tenant: Tenant): Stock =>
      Object.fromEntries(
        Object.entries(ajio.state().stock[tenant.slug] ?? {}).map(([key, count]) => [key.split('/')[1] ?? '', count]),
      ),
    /** How often requests reduced the open quantity of a line at Ajio. */
    effectiveCancels: (orderNumber: string, item: string) =>
      ajio.state().orders[orderNumber]?.lines[item]?.effectiveCancels ?? 0,

    /** When the rest that the channel asked for is over, by the database's clock; undefined while it asked for none. */
    async heldUntilMs(tenant: Tenant) {
      const [gate] = await stores.db.select<{ heldUntilMs: number }>(
        'SELECT heldUntilMs FROM gates WHERE gateKey = ? AND heldUntilMs > 0',
        [`ajio/${tenant.connectionId}`],
      );
      return gate?.heldUntilMs;
    },

    syncId: (tenant: Tenant) => inventorySyncWorkflowId(tenant.connectionId),
    attention,
    untilAttention: (workflowId: string, word: string) =>
      eventually(`attention ${word} of ${workflowId}`, async () =>
        (await attention(workflowId).catch(() => undefined)) === word ? word : undefined,
      ),
    /** The markdown that the Web UI shows for a running run. */
    async details(workflowId: string): Promise<string> {
      return metadata.parse(await client.workflow.getHandle(workflowId).query('__temporal_workflow_metadata'))
        .currentDetails;
    },
    async outcome(workflowId: string) {
      return (await describe(workflowId)).typedSearchAttributes.get(OUTCOME);
    },
    started,
    async result(workflowId: string): Promise<unknown> {
      await started(workflowId);
      return client.workflow.getHandle(workflowId).result();
    },
    retry: (workflowId: string) => client.workflow.getHandle(workflowId).signal(retry),
    giveUp: (workflowId: string) => client.workflow.getHandle(workflowId).signal(giveUp),

    /** The stored state of a tenant's listing. */
    async level(tenant: Tenant, variantId: string) {
      const [level] = await stores.levels.find(tenant.connectionId, listingOf(tenant.productId, variantId));
      if (!level) throw new Error(`${tenant.slug} has no stock of ${variantId}`);
      return level;
    },
    untilState: (tenant: Tenant, variantId: string, state: string) =>
      eventually(`${tenant.slug} ${variantId} ${state}`, async () => {
        const [level] = await stores.levels.find(tenant.connectionId, listingOf(tenant.productId, variantId));
        return level?.state === state ? level : undefined;
      }),
    async submission(tenant: Tenant, submissionId: string) {
      return submissionAnswer.parse((await stand.get(`/submissions/${submissionId}`, tenant.key)).body);
    },
    /** The verdict on each line, as the gateway tells it. */
    async lines(tenant: Tenant, submissionId: string) {
      const { lines } = linesAnswer.parse((await stand.get(`/submissions/${submissionId}/lines`, tenant.key)).body);
      return lines.map(({ listing, status, error }) => ({ variant: listing.split('/')[1] ?? '', status, error }));
    },
    async connectionStatus(connectionId: number) {
      return (await stores.connections.find(connectionId))?.status;
    },
    /** Waits for the row and for the end of the run that wrote it: an event that comes between the two finds the run still open. */
    untilOrder: (workflowId: string, status: 'done' | 'failed') =>
      eventually(`order of ${workflowId} ${status}`, async () => {
        const [order] = await stores.db.select<{ status: string; outcome: string | null; error: string | null }>(
          'SELECT status, outcome, error FROM orders WHERE workflowId = ?',
          [workflowId],
        );
        if (order?.status !== status) return undefined;
        return (await describe(workflowId)).status.name === 'RUNNING' ? undefined : order;
      }),
  };
}

export type Observer = ReturnType<typeof createObserver>;
