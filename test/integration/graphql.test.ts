import { z } from 'zod';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { createAsker, deliver, HEX, listed, printed, TIME, WAREHOUSE } from './graphql-client';

let stand: Stand;
let asker: ReturnType<typeof createAsker>;
beforeAll(async () => {
  stand = await startStand({ worker: false });
  asker = createAsker(stand, stand.keys.spykar);
});
afterAll(() => stand.stop());
// Each test starts with nothing left to send.
afterEach(() => deliver(stand, { calls: 100 }));

/** A sync with the id that the documentation prints. */
async function seed(id: string): Promise<void> {
  await stand.stores.db.change(
    `INSERT INTO inventory_syncs (id, connectionId, accountSlug, keyId, url, state, createdAt, updatedAt)
     VALUES (?, ?, 'spykar', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'https://some-url.com/inv-sync.csv', 'waiting', '2019-10-03 16:41:20', '2019-10-03 16:41:21')`,
    [id, STOCK_CONNECTION],
  );
}
describe('the operations as the documentation prints them', () => {
  it('has a file fetched once it names one of our warehouses, and refuses the printed one', async () => {
    const mutation = printed('inventory-sync');
    expect(await asker.ask(mutation)).toEqual({
      errors: [
        {
          code: 5,
          message: 'Warehouse not found',
          operation: 'inventory_sync',
          field: 'warehouse_id',
          request_id: HEX,
        },
      ],
      data: { inventory_sync: null },
    });
    const { errors, data } = await asker.ask(mutation.replace('V2FyZdfhens73hsA=', WAREHOUSE));
    expect(errors).toBeUndefined();
    expect(data).toEqual({ inventory_sync: { request_id: HEX, complexity: 10, sync_id: HEX } });
    const { sync_id } = z.object({ sync_id: z.string() }).parse(data.inventory_sync);
    expect(await stand.stores.inventorySyncs.find(sync_id)).toMatchObject({
      connectionId: STOCK_CONNECTION,
      accountSlug: 'spykar',
      url: 'https://some-url.com/inv-sync.csv',
      customerAccountId: null,
      state: 'waiting',
    });
    const plain = await asker.begin(String(STOCK_CONNECTION));
    expect(await stand.stores.inventorySyncs.find(plain)).toMatchObject({ connectionId: STOCK_CONNECTION });
  });

  it('lists the newest three syncs with every field', async () => {
    const ids = [await asker.begin(), await asker.begin(), await asker.begin()];
    await asker.store(ids[1] ?? '', [1, null, 2]);
    const { data } = await asker.ask(printed('inventory-sync-statuses'));
    const common = {
      url: 'https://some-url.com/inv-sync.csv',
      user_id: expect.stringMatching(/^VXNlcjo/),
      account_id: Buffer.from('Account:spykar').toString('base64'),
      warehouse_id: WAREHOUSE,
      customer_account_id: null,
      created_at: TIME,
      updated_at: TIME,
    };
    const waiting = { total_count: 0, status: 'pending', error: null };
    expect(data.inventory_sync_statuses).toEqual({
      request_id: HEX,
      complexity: 4,
      data: {
        edges: [
          { node: { id: ids[2], ...common, ...waiting } },
          { node: { id: ids[1], ...common, total_count: 3, status: 'processing', error: 'error in 1 out of 3 rows' } },
          { node: { id: ids[0], ...common, ...waiting } },
        ],
      },
    });
  });

  it('tells the status of a sync', async () => {
    await seed('5d9624b054de070001fd3132');
    const { data } = await asker.ask(printed('inventory-sync-status'));
    expect(data.inventory_sync_status).toMatchObject({
      request_id: HEX,
      complexity: 1,
      data: {
        id: '5d9624b054de070001fd3132',
        user_id: Buffer.from('User:01ARZ3NDEKTSV4RRFFQ69G5FAV').toString('base64'),
        created_at: '2019-10-03T16:41:20+00:00',
        updated_at: '2019-10-03T16:41:21+00:00',
      },
    });
  });

  it('tells the status of every row', async () => {
    const id = '5d9625ebd49dd410acb3f554';
    await seed(id);
    expect((await asker.ask(printed('inventory-sync-items-status'))).data).toEqual({
      inventory_sync_items_status: { request_id: HEX, data: { edges: [] } },
    });
    await asker.store(id, [10, null, 30]);
    await deliver(stand, { rejects: (listing) => listing === `${id}/3` });
    const { data } = await asker.ask(printed('inventory-sync-items-status'));
    const common = { action: 'replace', location: 'POB1', created_at: TIME, updated_at: TIME };
    expect(data.inventory_sync_items_status).toEqual({
      request_id: HEX,
      data: {
        edges: [
          {
            node: {
              ...common,
              id: `${id}-1`,
              row: 1,
              sku: 'SKU-1',
              quantity: 10,
              reason: 'Count',
              status: 'success',
              error: null,
            },
          },
          {
            node: {
              ...common,
              id: `${id}-2`,
              row: 2,
              sku: 'SKU-2',
              quantity: null,
              reason: '',
              status: 'error',
              error: 'quantity: is not a number',
            },
          },
          {
            node: {
              ...common,
              id: `${id}-3`,
              row: 3,
              sku: 'SKU-3',
              quantity: 30,
              reason: '',
              status: 'error',
              error: 'SKU does not exist',
            },
          },
        ],
      },
    });
  });

  it('aborts a sync', async () => {
    await seed('5e4dac71b50fb5475c7b00d4');
    const { data } = await asker.ask(printed('inventory-sync-abort'));
    expect(data.inventory_sync_abort).toEqual({
      request_id: HEX,
      complexity: 10,
      sync: {
        id: '5e4dac71b50fb5475c7b00d4',
        url: 'https://some-url.com/inv-sync.csv',
        user_id: Buffer.from('User:01ARZ3NDEKTSV4RRFFQ69G5FAV').toString('base64'),
        account_id: Buffer.from('Account:spykar').toString('base64'),
        warehouse_id: WAREHOUSE,
        customer_account_id: null,
        created_at: '2019-10-03T16:41:20+00:00',
        updated_at: TIME,
        total_count: 0,
        success_count: 0,
        error_count: 0,
        finished_count: 0,
        status: 'aborted',
        error: 'Wrong File',
      },
    });
  });
});

it('takes aliases, fragments, variables and one of several operations', async () => {
  const id = await asker.begin();
  const query = `query other { inventory_sync_status(id: "x") { request_id } }
    query mine($id: String!) { a: inventory_sync_status(id: $id) { ...r } b: inventory_sync_status(id: $id) { ...r } }
    fragment r on InventorySyncBatchQueryResult { __typename request_id data { ... on InventorySyncStatus { name: id } } }`;
  const { status, json } = await asker.send({ query, variables: { id }, operationName: 'mine', extensions: {} });
  const one = { __typename: 'InventorySyncBatchQueryResult', request_id: HEX, data: { name: id } };
  expect([status, json]).toEqual([200, { data: { a: one, b: one } }]);
});

it('follows a sync from its file to its end, and filters by where it is', async () => {
  const id = await asker.begin();
  const found = async (status: string, field = 'status') => {
    const query = `query($status: String) { inventory_sync_statuses(${field}: $status) { data(first: 500) { edges { node { id } } } } }`;
    return (await asker.dataOf(listed, query, { status })).data.edges.some(({ node }) => node.id === id);
  };
  expect(await asker.statusOf(id)).toMatchObject({ status: 'pending', total_count: 0, finished_count: 0 });
  expect([await found('pending'), await found('processing')]).toEqual([true, false]);

  await asker.store(
    id,
    Array.from({ length: 40 }, (_, index) => index),
  );
  expect(await asker.statusOf(id)).toMatchObject({ status: 'pending', total_count: 40, finished_count: 0 });
  await deliver(stand, { rejects: (listing) => listing === `${id}/1` });
  expect(await asker.statusOf(id)).toMatchObject({
    status: 'processing',
    success_count: 19,
    error_count: 1,
    finished_count: 20,
  });
  expect([await found('pending'), await found('processing')]).toEqual([false, true]);
  await deliver(stand);
  expect(await asker.statusOf(id)).toMatchObject({
    status: 'error',
    error: 'error in 1 out of 40 rows',
    success_count: 39,
    error_count: 1,
    finished_count: 40,
  });
  expect([await found('processing'), await found('error'), await found('nonsense')]).toEqual([false, true, false]);
  expect([await found(WAREHOUSE, 'warehouse_id'), await found('295', 'warehouse_id')]).toEqual([true, false]);
  expect([await found('x', 'warehouse_id'), await found('x', 'customer_account_id')]).toEqual([false, false]);
  expect((await asker.itemsOf(id, 'error')).map(({ row }) => row)).toEqual([1]);
});

it('says why a file was refused', async () => {
  const id = await asker.begin();
  await stand.stores.inventorySyncs.recordRefused(id, 'File could not be downloaded: HTTP 404');
  expect(await asker.statusOf(id)).toMatchObject({
    status: 'error',
    error: 'File could not be downloaded: HTTP 404',
    total_count: 0,
  });
  expect(await asker.itemsOf(id)).toEqual([]);
});

it('calls a row superseded that a newer value overtook, and counts it as finished', async () => {
  const id = await asker.begin();
  await asker.store(id, [1]);
  await stand.stores.db.change('UPDATE submission_lines SET status = ?, error = ? WHERE versionId = ?', [
    'superseded',
    'a newer value was already known',
    id,
  ]);
  expect(await asker.itemsOf(id)).toMatchObject([{ status: 'superseded', error: 'a newer value was already known' }]);
  expect(await asker.statusOf(id)).toMatchObject({ status: 'success', success_count: 0, finished_count: 1 });
});
