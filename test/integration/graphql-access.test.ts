import { z } from 'zod';
import { ORDER_CONNECTION, STOCK_CONNECTION, type Stand, startStand, WMS_CONNECTION } from '../stand/stand';
import { postText } from './gateway-client';
import { createAsker, HEX } from './graphql-client';

const page = z.object({
  data: z.object({
    edges: z.array(z.object({ node: z.object({ row: z.number() }), cursor: z.string() })),
    pageInfo: z.object({
      hasNextPage: z.boolean(),
      hasPreviousPage: z.boolean(),
      startCursor: z.string().nullable(),
      endCursor: z.string().nullable(),
    }),
  }),
});
const ITEM_PAGE = `query($id: String!, $first: Int, $after: String, $last: Int, $before: String) {
  inventory_sync_items_status(id: $id) { data(first: $first, after: $after, last: $last, before: $before) {
    edges { node { row } cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

let stand: Stand;
let asker: ReturnType<typeof createAsker>;
beforeAll(async () => {
  stand = await startStand({ worker: false });
  asker = createAsker(stand, stand.keys.spykar);
});
afterAll(() => stand.stop());

const boundKey = async (connectionId: number, accountSlug: string) =>
  (await stand.stores.keys.create({ accountSlug, name: 'bound', connectionId })).key;
const refused = (code: number, message: string, operation: string, field: string) => ({
  errors: [{ code, message, operation, field, request_id: HEX }],
  data: { [operation]: null },
});
const begin = (data: object, key?: string) =>
  asker.ask(`mutation($data: InventorySyncInput!) { inventory_sync(data: $data) { sync_id } }`, { data }, key);
const sync = (url: string, warehouse_id: unknown = String(STOCK_CONNECTION)) => ({ url, warehouse_id });

describe('a page', () => {
  it('follows the other, forwards and backwards, over all rows', async () => {
    const id = await asker.begin();
    await asker.store(
      id,
      Array.from({ length: 250 }, () => 1),
    );
    const rows = Array.from({ length: 250 }, (_, index) => index + 1);
    const walk = async (size: object, next: 'after' | 'before') => {
      const pages: number[][] = [];
      for (let place: string | null = null; ; ) {
        const answer: z.output<typeof page> = await asker.dataOf(page, ITEM_PAGE, { id, ...size, [next]: place });
        const { pageInfo, edges } = answer.data;
        pages.push(edges.map(({ node }) => node.row));
        expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges.at(0)?.cursor, edges.at(-1)?.cursor]);
        expect(next === 'after' ? pageInfo.hasPreviousPage : pageInfo.hasNextPage).toBe(place !== null);
        place = next === 'after' ? pageInfo.endCursor : pageInfo.startCursor;
        if (!(next === 'after' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return pages;
      }
    };
    const forwards = await walk({ first: 100 }, 'after');
    expect(forwards.map((rowsIn) => rowsIn.length)).toEqual([100, 100, 50]);
    expect(forwards.flat()).toEqual(rows);
    const backwards = await walk({ last: 60 }, 'before');
    expect(backwards.map((rowsIn) => rowsIn.length)).toEqual([60, 60, 60, 60, 10]);
    expect(backwards.reverse().flat()).toEqual(rows);
    expect((await walk({}, 'after')).map((rowsIn) => rowsIn.length)).toEqual([100, 100, 50]);
  });

  it('of syncs keeps its place while newer ones come', async () => {
    const ids = [await asker.begin(), await asker.begin(), await asker.begin()];
    const query = `query($page: Int, $after: String, $before: String, $last: Int) { inventory_sync_statuses {
      data(first: $page, after: $after, before: $before, last: $last) { edges { node { id } cursor } } } }`;
    const edges = z.object({
      data: z.object({ edges: z.array(z.object({ node: z.object({ id: z.string() }), cursor: z.string() })) }),
    });
    const first = (await asker.dataOf(edges, query, { page: 2 })).data.edges;
    await asker.begin();
    const [next] = (await asker.dataOf(edges, query, { page: 1, after: first[1]?.cursor })).data.edges;
    const [back] = (await asker.dataOf(edges, query, { last: 1, before: next?.cursor })).data.edges;
    expect([first[0]?.node.id, first[1]?.node.id, next?.node.id, back?.node.id]).toEqual([
      ids[2],
      ids[1],
      ids[0],
      ids[1],
    ]);
  });

  it.each([
    [{ first: -1 }, 'first', 'first must not be negative'],
    [{ last: -1 }, 'last', 'last must not be negative'],
    [{ first: 1, last: 1 }, 'last', 'Send first or last, not both'],
    [{ after: 'nonsense' }, 'after', 'Invalid cursor'],
  ])('%j is refused', async (size, field, message) => {
    const id = await asker.begin();
    expect(await asker.ask(ITEM_PAGE, { id, ...size })).toEqual(
      refused(4, message, 'inventory_sync_items_status', field),
    );
  });
});

describe('a file', () => {
  it.each([
    ['no address', 'some-url', 'Invalid url'],
    ['a line break', 'https://some-url.com/\n', 'Invalid url'],
    ['another scheme', 'ftp://some-url.com/x.csv', 'url must begin with https://'],
    ['an open scheme', 'http://some-url.com/x.csv', 'url must begin with https://'],
    ['a local file', 'file:///etc/passwd', 'url must begin with https://'],
    ['credentials', 'https://user:secret@some-url.com/x.csv', 'url must not hold credentials'],
    ['too much', `https://some-url.com/${'x'.repeat(2_000)}`, 'url is longer than 2000 characters'],
  ])('with %s is refused, and not kept', async (_what, url, message) => {
    const before = await stand.stores.syncProgress.list({ accountSlug: 'spykar' }, { limit: 1_000, fromEnd: false });
    expect(await begin(sync(url))).toEqual(refused(4, message, 'inventory_sync', 'url'));
    const after = await stand.stores.syncProgress.list({ accountSlug: 'spykar' }, { limit: 1_000, fromEnd: false });
    expect(after).toHaveLength(before.length);
  });

  it('is not taken for a warehouse that is unknown, somebody else’s or takes no stock', async () => {
    const url = 'https://some-url.com/x.csv';
    const unknown = refused(5, 'Warehouse not found', 'inventory_sync', 'warehouse_id');
    for (const id of ['999999', 'nonsense', String(ORDER_CONNECTION)])
      expect(await begin(sync(url, id))).toEqual(unknown);
    expect(await begin(sync(url, String(WMS_CONNECTION)), stand.keys.raymond)).toEqual(
      refused(4, 'Eshopbox takes no stock', 'inventory_sync', 'warehouse_id'),
    );
    const long = { ...sync(url), customer_account_id: 'x'.repeat(101) };
    expect((await begin(long)).errors).toMatchObject([{ code: 4, field: 'customer_account_id' }]);
  });
});

describe('a key', () => {
  it('goes as x-api-key or as bearer', async () => {
    for (const headers of [{ 'x-api-key': stand.keys.spykar }, { authorization: `bearer ${stand.keys.spykar}` }])
      expect((await asker.send({ query: '{ __typename }' }, headers)).json).toEqual({ data: { __typename: 'Query' } });
  });

  it.each<[string, Record<string, string>]>([
    ['missing', {}],
    ['wrong', { 'x-api-key': 'sb_wrong' }],
    ['no bearer', { authorization: 'Basic c2I6eA==' }],
    ['cut', { authorization: 'Bearer sb_01ARZ3NDEKTSV4RRFFQ69G5FAV' }],
  ])('that is %s is 401 in words that a GraphQL client finds', async (_what, headers) => {
    const { status, json } = await asker.send({ query: '{ __typename }' }, headers);
    const message = 'x-api-key or Authorization: Bearer is missing or not valid';
    expect([status, json]).toEqual([401, { message, errors: [{ message }] }]);
  });

  it('sees nothing of another account, and a bound key nothing of another connection', async () => {
    const id = await asker.begin();
    const query = `query($id: String!) { inventory_sync_status(id: $id) { data { id } } }`;
    const items = `query($id: String!) { inventory_sync_items_status(id: $id) { data { edges { cursor } } } }`;
    const all = `{ inventory_sync_statuses { data(first: 500) { edges { node { id } } } } }`;
    const other = await boundKey(ORDER_CONNECTION, 'spykar');
    for (const key of [stand.keys.raymond, other]) {
      expect(await asker.ask(query, { id }, key)).toEqual(refused(5, 'Sync not found', 'inventory_sync_status', 'id'));
      expect((await asker.ask(items, { id }, key)).errors).toMatchObject([{ code: 5, field: 'id' }]);
      expect((await asker.abort(id, null, key)).errors).toMatchObject([{ code: 5, field: 'sync_id' }]);
      expect((await asker.ask(all, {}, key)).data).toEqual({ inventory_sync_statuses: { data: { edges: [] } } });
    }
    const named = `{ inventory_sync_statuses(warehouse_id: "${STOCK_CONNECTION}") { data { edges { cursor } } } }`;
    expect((await asker.ask(named, {}, other)).data).toEqual({ inventory_sync_statuses: { data: { edges: [] } } });
    const unknown = await asker.ask(query, { id: 'f'.repeat(24) });
    expect(unknown).toEqual(refused(5, 'Sync not found', 'inventory_sync_status', 'id'));
    const own = await boundKey(STOCK_CONNECTION, 'spykar');
    expect((await asker.ask(query, { id }, own)).data).toEqual({ inventory_sync_status: { data: { id } } });
    expect(JSON.stringify((await asker.ask(all, {}, own)).data)).toContain(id);
    expect(await stand.stores.inventorySyncs.find(id)).toMatchObject({ state: 'waiting' });
  });
});

describe('a request', () => {
  it.each(['GET', 'PUT', 'DELETE'])('by %s is refused', async (method) => {
    const headers = { 'x-api-key': stand.keys.spykar };
    const { status, headers: answered } = await postText(stand, '/graphql?query={__typename}', '{}', headers, method);
    expect([status, answered.get('allow')]).toEqual([405, 'POST']);
  });

  it.each([
    ['{', 400],
    ['[]', 400],
    ['[{"query":"{ __typename }"}]', 400],
    ['null', 400],
    ['{}', 400],
    ['{"query":7}', 400],
    ['{"query":"{ __typename }","variables":[]}', 400],
    ['{"query":"{ __typename }","variables":{"__proto__":{"polluted":true}}}', 400],
    ['{"query":"{ __typename }","operationName":"other"}', 400],
    ['{"query":"{ user }"}', 400],
    ['{"query":"{ __proto__ }"}', 400],
    ['{"query":"subscription { inventory_sync }"}', 400],
    ['{"query":"query($id: String!) { inventory_sync_status(id: $id) { request_id } }"}', 400],
    [
      '{"query":"query($n: Int) { inventory_sync_statuses { data(first: $n) { edges { cursor } } } }","variables":{"n":"x"}}',
      400,
    ],
    [`{"query":"{ ${'__typename '.repeat(2_000)} }"}`, 400],
    [JSON.stringify({ query: '{ __typename }', x: 'x'.repeat(65_536) }), 413],
  ])('like %.90s is answered with its faults', async (text, status) => {
    const answer = await asker.send(text);
    expect(answer.status).toBe(status);
    const { errors } = z
      .object({ errors: z.array(z.looseObject({ message: z.string().min(1) })).min(1) })
      .parse(answer.json);
    expect(JSON.stringify(errors)).not.toMatch(/node_modules|\.ts|at Object/);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('of another type is refused', async () => {
    const headers = { 'x-api-key': stand.keys.spykar, 'content-type': 'application/graphql' };
    expect((await asker.send('{ __typename }', headers)).status).toBe(415);
  });

  it('tells where a document does not fit', async () => {
    expect((await asker.send({ query: '{ user }' })).json).toEqual({
      errors: [{ message: 'Cannot query field "user" on type "Query".', locations: [{ line: 1, column: 3 }] }],
    });
  });

  it('that costs too much is refused before anything is done', async () => {
    const query = '{ a: inventory_sync_statuses { data(first: 4004) { edges { cursor } } } }';
    expect(await asker.ask(query)).toEqual({
      errors: [
        {
          code: 30,
          message:
            'The requested operation requires 4005 credits, but the maximum allowed for a single operation is 4004',
          operation: 'inventory_sync_statuses',
          request_id: HEX,
          required_credits: 4_005,
          remaining_credits: 4_004,
          time_remaining: null,
        },
      ],
      data: { a: null },
    });
    expect((await asker.ask(query.replace('4004', '4003'))).errors).toBeUndefined();
  });

  it('stands in the OpenAPI document, and only as a POST', async () => {
    const { json } = await postText(stand, '/openapi.json', '', {}, 'GET');
    const document = z
      .object({
        paths: z.object({
          '/graphql': z.strictObject({
            post: z.looseObject({
              security: z.array(z.unknown()),
              requestBody: z.object({
                content: z.object({
                  'application/json': z.object({ schema: z.looseObject({ properties: z.unknown() }) }),
                }),
              }),
            }),
          }),
        }),
      })
      .parse(json);
    const { post } = document.paths['/graphql'];
    expect(post.security).toEqual([{ apiKey: [] }, { bearer: [] }]);
    const { schema } = post.requestBody.content['application/json'];
    expect(Object.keys(Object(schema.properties))).toEqual(['query', 'variables', 'operationName']);
    expect(schema.required).toEqual(['query']);
  });
});
