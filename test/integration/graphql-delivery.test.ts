import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { fileServers } from '../connectors/file-servers';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { eventually } from '../stand/waiting';
import { createAsker } from './graphql-client';

const { serve, close } = fileServers();
let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ imports: { allowHttp: true } });
});
afterAll(async () => {
  close();
  await scene.stop();
});

const ROWS = 3_000;
/** One row in a hundred has a quantity that is none. */
const isBad = (row: number): boolean => row % 100 === 50;
const quantityOf = (row: number): number => row % 13;
const fileOf = (codeOf: (row: number) => string, rows = ROWS): string =>
  [
    '#sku,quantity,action,reason',
    ...Array.from({ length: rows }, (_, index) => index + 1).map(
      (row) => `${codeOf(row)},${isBad(row) ? 'lots' : quantityOf(row)},replace,count ${row}`,
    ),
  ].join('\r\n');
const wanted = (codeOf: (row: number) => string): Record<string, number> =>
  Object.fromEntries(
    Array.from({ length: ROWS }, (_, index) => index + 1)
      .filter((row) => !isBad(row))
      .map((row) => [codeOf(row), quantityOf(row)]),
  );

const item = z.looseObject({
  row: z.number(),
  sku: z.string(),
  quantity: z.number().nullable(),
  reason: z.string(),
  status: z.string(),
  error: z.string().nullable(),
});
const page = z.object({
  data: z.object({
    edges: z.array(z.object({ node: item })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

/** Starts a sync of the connection from a file on this machine. */
async function begin(ask: ReturnType<typeof createAsker>, connectionId: number, text: string): Promise<string> {
  const { url } = await serve((_request, response) => response.end(text));
  const { data } = await ask.ask(
    `mutation { inventory_sync(data: {url: "${url}/inv-sync.csv", warehouse_id: "${connectionId}"}) { sync_id } }`,
  );
  return z.object({ inventory_sync: z.object({ sync_id: z.string() }) }).parse(data).inventory_sync.sync_id;
}

async function allItems(ask: ReturnType<typeof createAsker>, id: string): Promise<z.output<typeof item>[]> {
  const items: z.output<typeof item>[] = [];
  for (let after: string | null = null; ; ) {
    const { data }: z.output<typeof page> = await ask.dataOf(
      page,
      `query($id: String!, $after: String) { inventory_sync_items_status(id: $id) { data(first: 1000, after: $after) {
         edges { node { row sku quantity reason status error } } pageInfo { hasNextPage endCursor } } } }`,
      { id, after },
    );
    items.push(...data.edges.map(({ node }) => node));
    if (!data.pageInfo.hasNextPage) return items;
    after = data.pageInfo.endCursor;
  }
}

const ended = (ask: ReturnType<typeof createAsker>, id: string) =>
  eventually('the sync has ended', async () => {
    const sync = await ask.statusOf(id);
    return sync.finished_count === sync.total_count && sync.total_count !== 0 ? sync : undefined;
  });

test('3,000 rows feed a channel in calls of 20, with progress; 30 bad rows are told and the others delivered', async () => {
  const tenant = await scene.tenants.add('graphql-delivery');
  const ask = createAsker(scene.stand, tenant.key);
  const codeOf = (row: number) => `${tenant.productId}/V${row}`;
  const id = await begin(ask, tenant.connectionId, fileOf(codeOf));
  const seen = new Set<unknown>();
  let isOver = false;
  const watching = (async () => {
    for (; !isOver; await delay(100)) seen.add((await ask.statusOf(id)).finished_count);
  })();
  const [sync] = await Promise.all([
    ended(ask, id).finally(() => {
      isOver = true;
    }),
    watching,
  ]);
  expect(sync).toMatchObject({
    total_count: 3_000,
    success_count: 2_970,
    error_count: 30,
    status: 'error',
    error: 'error in 30 out of 3000 rows',
  });
  expect(seen.size).toBeGreaterThan(5);
  const items = await allItems(ask, id);
  expect(items.map(({ row }) => row)).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1));
  for (const one of items) {
    expect(one).toMatchObject(
      isBad(one.row)
        ? { status: 'error', quantity: null, error: expect.stringContaining('quantity') }
        : { status: 'success', quantity: quantityOf(one.row), error: null, reason: `count ${one.row}` },
    );
    expect(one.sku).toBe(codeOf(one.row));
  }
  expect(scene.see.shownStock(tenant)).toEqual(
    Object.fromEntries(Object.entries(wanted(codeOf)).map(([code, quantity]) => [code.split('/')[1], quantity])),
  );
  expect(Math.max(...scene.see.stockCalls(tenant).map(({ stock }) => Object.keys(stock).length))).toBe(20);
});

test('aborted at half: what is reported as applied is what the channel shows, and what was withdrawn can be sent later', async () => {
  const tenant = await scene.tenants.add('graphql-abort');
  const ask = createAsker(scene.stand, tenant.key);
  // So few that a busy machine, too, withdraws them before the connection is taken for silent, and so slowly that it comes to abort them.
  const rows = 1_000;
  scene.stand.ajio.setFaults([{ kind: 'delay', ms: 1_000, on: { account: tenant.slug, path: '/updateInventory' } }]);
  const codeOf = (row: number) => `${tenant.productId}/V${row}`;
  const id = await begin(ask, tenant.connectionId, fileOf(codeOf, rows));
  await eventually('half of it is done', async () =>
    Number((await ask.statusOf(id)).finished_count) > rows / 2 ? true : undefined,
  );
  const { data } = await ask.abort(id);
  expect(data.inventory_sync_abort).toMatchObject({ sync: { status: 'aborted', error: 'Wrong File' } });
  const sync = await ended(ask, id);
  expect(sync.status).toBe('aborted');
  const items = await allItems(ask, id);
  const applied = items.filter(({ status }) => status === 'success');
  const withdrawn = items.filter(({ status }) => status === 'aborted');
  expect(applied.length).toBeGreaterThan(rows / 4);
  expect(withdrawn.length).toBeGreaterThan(rows / 8);
  expect(applied.length + withdrawn.length).toBe(rows - 10);
  expect(scene.see.shownStock(tenant)).toEqual(
    Object.fromEntries(applied.map(({ sku, quantity }) => [sku.split('/')[1], quantity])),
  );
  scene.stand.ajio.setFaults([]);
  const later = Object.fromEntries(withdrawn.slice(0, 50).map(({ sku }) => [String(sku.split('/')[1]), 77]));
  await scene.send.stock(tenant, { messageId: 'later', stock: later });
  await eventually('the later event is delivered', () =>
    Object.keys(later).every((variant) => scene.see.shownStock(tenant)[variant] === 77) ? true : undefined,
  );
  expect(Object.keys(scene.see.shownStock(tenant))).toHaveLength(applied.length + 50);
});

test('a file feeds a channel that fetches a file itself', async () => {
  const hero = await addShiphero(scene.stand, 5_001);
  scene.stand.shiphero.setState({ rowsPerSecond: 1_500 });
  const ask = createAsker(scene.stand, hero.key);
  const codeOf = (row: number) => `SKU ${row}`;
  const id = await begin(ask, hero.id, fileOf(codeOf));
  expect(await ended(ask, id)).toMatchObject({ success_count: 2_970, error_count: 30 });
  expect(hero.shown()).toEqual(wanted(codeOf));
  expect(hero.syncs().map(({ items }) => items.length)).toEqual([2_970]);
});
