import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { storeSubmissions } from '../../src/store/intake';
import { STOCK_CONNECTION, type Stand } from '../stand/stand';
import { leaveAll } from '../store/lanes';
import { postText } from './gateway-client';

/** An operation as ShipHero's documentation prints it. */
export const printed = (name: string): string =>
  readFileSync(join(__dirname, '../fixtures/shiphero', `${name}.graphql`), 'utf8');

export const WAREHOUSE = Buffer.from(`Warehouse:${STOCK_CONNECTION}`).toString('base64');
const FILE_URL = 'https://some-url.com/inv-sync.csv';

const STATUS = `id url user_id account_id warehouse_id customer_account_id total_count success_count error_count finished_count
  status error created_at updated_at`;
const ITEM = 'id row sku quantity action reason location status error created_at updated_at';

export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
export const HEX = expect.stringMatching(/^[0-9a-f]{24}$/);

const counted = z.object({ data: z.record(z.string(), z.unknown()) });
export const listed = z.object({
  data: z.object({ edges: z.array(z.object({ node: z.record(z.string(), z.unknown()) })) }),
});

const shownError = z.strictObject({
  code: z.number().int(),
  message: z.string(),
  operation: z.string(),
  field: z.string().optional(),
  request_id: z.string().regex(/^[0-9a-f]{24}$/),
  required_credits: z.number().optional(),
  remaining_credits: z.number().optional(),
  time_remaining: z.null().optional(),
});
const answered = z.strictObject({
  errors: z.array(shownError).min(1).optional(),
  data: z.record(z.string(), z.unknown()),
});

/** Asks a gateway as a client of the protocol does. */
export function createAsker(stand: Pick<Stand, 'gatewayUrl' | 'stores'>, defaultKey: string) {
  const send = (body: unknown, headers: Record<string, string> = { authorization: `Bearer ${defaultKey}` }) =>
    postText(stand, '/graphql', typeof body === 'string' ? body : JSON.stringify(body), headers);

  /** The answer to operations that were carried out or refused, held against the protocol's shape. */
  async function ask(query: string, variables: object = {}, key = defaultKey) {
    const { status, json } = await send({ query, variables }, { authorization: `Bearer ${key}` });
    expect(status).toBe(200);
    return answered.parse(json);
  }
  /** What the only operation of a query answered. */
  async function dataOf<T>(schema: z.ZodType<T>, query: string, variables: object = {}, key = defaultKey): Promise<T> {
    const { errors, data } = await ask(query, variables, key);
    expect(errors).toBeUndefined();
    return schema.parse(Object.values(data)[0]);
  }
  /** Asks for a file to be fetched; returns the sync's id. */
  const begin = async (warehouse = WAREHOUSE, key = defaultKey): Promise<string> => {
    const query = `mutation($data: InventorySyncInput!) { inventory_sync(data: $data) { sync_id } }`;
    const data = { url: FILE_URL, warehouse_id: warehouse };
    return (await dataOf(z.object({ sync_id: z.string() }), query, { data }, key)).sync_id;
  };
  /** Does what the import does with a file that it has read: every quantity under a SKU of its own; null cannot be used. */
  async function store(syncId: string, quantities: readonly (number | null)[]): Promise<string> {
    const { db, inventorySyncs } = stand.stores;
    const rows = quantities.map((quantity, index) => ({ row: index + 1, quantity, listing: `${syncId}/${index + 1}` }));
    const [stored] = await storeSubmissions(db, [
      {
        connectionId: STOCK_CONNECTION,
        accountSlug: 'spykar',
        source: 'api',
        messageId: syncId,
        publishedAtMs: Date.now(),
        levelLocationId: 'POB1',
        sumLocations: false,
        lines: rows.map(({ row, listing, quantity }) =>
          quantity === null
            ? { row, listing, locationId: 'POB1', quantity, error: 'quantity: is not a number' }
            : { row, listing, locationId: 'POB1', quantity },
        ),
        fileRows: rows.map(({ row }) => ({ row, code: `SKU-${row}`, reason: row === 1 ? 'Count' : '' })),
      },
    ]);
    await inventorySyncs.recordStored(syncId, stored?.submissionId ?? '');
    return stored?.submissionId ?? '';
  }
  const statusOf = async (id: string) =>
    (await dataOf(counted, `query($id: String!) { inventory_sync_status(id: $id) { data { ${STATUS} } } }`, { id }))
      .data;
  /** All rows, or those of a status. */
  const itemsOf = async (id: string, status?: string) => {
    const query = `query($id: String!, $status: String) {
      inventory_sync_items_status(id: $id, status: $status) { data(first: 500) { edges { node { ${ITEM} } } } } }`;
    return (await dataOf(listed, query, { id, status })).data.edges.map(({ node }) => node);
  };
  const abort = (id: string, reason: string | null = 'Wrong File', key = defaultKey) =>
    ask(
      `mutation($data: AbortInventorySyncInput!) {
        inventory_sync_abort(data: $data) { request_id complexity sync { ${STATUS} } } }`,
      { data: { sync_id: id, reason } },
      key,
    );
  return { send, ask, dataOf, begin, store, statusOf, itemsOf, abort };
}

/** Sends what waits, without Temporal and without the channel, which accepts all but what `rejects` names; at most `calls` pushes of 20 lines. */
export async function deliver(
  { stores }: Pick<Stand, 'stores'>,
  { calls = 1, rejects = () => false }: { calls?: number; rejects?: (listing: string) => boolean } = {},
): Promise<void> {
  for (const { pushId, attempt, lines } of await leaveAll(stores.pushes, { connectionId: STOCK_CONNECTION }, calls)) {
    const verdicts = lines.map(({ listing }) =>
      rejects(listing)
        ? { listing, verdict: 'rejected' as const, message: 'SKU does not exist' }
        : { listing, verdict: 'accepted' as const },
    );
    await stores.pushes.settle(pushId, attempt, lines, verdicts, Date.now());
  }
  await stores.submissions.finishDone(STOCK_CONNECTION);
}
