import { getIntrospectionQuery } from 'graphql';
import { pino } from 'pino';
import { createMetrics } from '../../src/observability/metrics';
import { createGateway, type GatewayOptions } from '../../src/starter/gateway';
import { openStores } from '../../src/store/stores';
import { createTemporalClient } from '../../src/temporal';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { createAsker, HEX, printed } from './graphql-client';

let stand: Stand;
const opened: (() => Promise<void>)[] = [];
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});
afterAll(() => stand.stop());

/** Another gateway on the stand's servers, and somebody who asks it with the stand's key. */
async function anotherGateway(options: Partial<GatewayOptions>) {
  const metrics = createMetrics();
  const all = {
    stores: stand.stores,
    client: stand.client,
    metrics,
    logger: pino({ level: 'silent' }),
    publicUrl: undefined,
    ...options,
  };
  const { server, close } = await createGateway(all);
  opened.push(close);
  const gatewayUrl = await server.listen({ host: '127.0.0.1', port: 0 });
  return { ...createAsker({ gatewayUrl, stores: all.stores }, stand.keys.spykar), metrics, close };
}

const introspection = { query: getIntrospectionQuery() };
const overHttp = printed('inventory-sync')
  .replace('https:', 'http:')
  .replace('V2FyZdfhens73hsA=', String(STOCK_CONNECTION));

it('shows its schema and takes open addresses only when it was told to', async () => {
  const closed = await anotherGateway({});
  expect((await closed.send(introspection)).status).toBe(400);
  expect((await closed.ask(overHttp)).errors).toMatchObject([{ code: 4, field: 'url' }]);
  const open = await anotherGateway({ introspection: true, allowHttp: true });
  const { status, text } = await open.send(introspection);
  expect([status, text.includes('InventorySyncItemStatusConnection')]).toEqual([200, true]);
  expect((await open.ask(overHttp)).errors).toBeUndefined();
});

it('takes a file although Temporal is down, and lets nobody wait for it', async () => {
  const { namespace } = stand;
  const client = createTemporalClient({ temporal: { address: '127.0.0.1:1', namespace, connectionOptions: {} } });
  const deaf = await anotherGateway({ client });
  opened.push(() => client.connection.close());
  const id = await deaf.begin();
  // The answer came before anybody had given up on Temporal.
  expect(await deaf.metrics.text()).toMatch(/lost_pokes\w* 0\b/);
  expect(await stand.stores.inventorySyncs.find(id)).toMatchObject({ state: 'waiting' });
  await deaf.close();
  expect(await deaf.metrics.text()).toMatch(/lost_pokes\w* 1\b/);
});

it('answers 503 while MySQL is away, and says when to come back', async () => {
  const gone = openStores({ mysqlUrl: 'mysql://nobody:x@127.0.0.1:1/nothing', credentialsKey: undefined });
  opened.push(() => gone.close());
  // Keys and connections are still known: it is the operation that meets the database that is away.
  const away = await anotherGateway({ stores: { ...gone, cache: stand.stores.cache, keys: stand.stores.keys } });
  const mutation = overHttp.replace('http:', 'https:');
  for (const query of [printed('inventory-sync-statuses'), mutation]) {
    const { status, headers, json } = await away.send({ query });
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
    expect(json).toMatchObject({ errors: [{ message: expect.stringMatching(/^the database/) }] });
  }
});

it('takes rows back that are stored in the middle of an abort', async () => {
  const { syncProgress } = stand.stores;
  let isFirst = true;
  const find: typeof syncProgress.find = async (id, accountSlug) => {
    const seen = await syncProgress.find(id, accountSlug);
    if (isFirst) await racing.store(id, [1, 2]);
    isFirst = false;
    return seen;
  };
  const racing = await anotherGateway({ stores: { ...stand.stores, syncProgress: { ...syncProgress, find } } });
  const id = await racing.begin();
  expect((await racing.abort(id)).data.inventory_sync_abort).toMatchObject({
    sync: { status: 'aborted', total_count: 2 },
  });
  expect((await racing.itemsOf(id)).map(({ status }) => status)).toEqual(['aborted', 'aborted']);
});

it('keeps the words of what is unforeseen to its log', async () => {
  const logged: unknown[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const syncItems = { list: () => Promise.reject(new Error('SECRET table is broken')) };
  const broken = await anotherGateway({ logger, stores: { ...stand.stores, syncItems } });
  const id = await broken.begin();
  await broken.store(id, [1]);
  expect(
    await broken.ask(`query($id: String!) { inventory_sync_items_status(id: $id) { data { edges { cursor } } } }`, {
      id,
    }),
  ).toEqual({
    errors: [{ code: 1, message: 'Internal error', operation: 'inventory_sync_items_status', request_id: HEX }],
    data: { inventory_sync_items_status: null },
  });
  expect(logged).toMatchObject([
    { err: { message: 'SECRET table is broken' }, operation: 'inventory_sync_items_status' },
  ]);
});
