import { z } from 'zod';
import { csvImportWorkflowId } from '../../src/contracts/ids';
import { freePort } from '../../src/local/ports';
import { fileServers } from '../connectors/file-servers';
import { createSender } from '../stand/events';
import { fetchHistory, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, patient, startProgram } from './programs';

/** Connections hold secrets, and there they have to be sealed; the name of a hosted file is worth nothing once its job has ended. */
const MAY_HOLD_FILE_NAMES = 'push_jobs';
const SYNC = `mutation($url: String!, $id: String!) { inventory_sync(data: {url: $url, warehouse_id: $id}) { sync_id } }`;
const ABORT = `mutation($id: String!) { inventory_sync_abort(data: {sync_id: $id, reason: "Wrong file"}) { request_id } }`;

let scene: Scene;
let gateway: Program;
let worker: Program;
let gatewayUrl: string;
let metricsUrl: string;
/** Tokens, keys and refresh tokens as they were given out, besides everything with the word canary in it. */
const secrets: string[] = [];
let fileNames: string[] = [];
const errorBodies: string[] = [];
const files = fileServers();

/** Where a secret stands in a text, with what is around it. */
function secretIn(text: string, allowed: readonly string[] = []): string | undefined {
  const canary = /.{0,60}canary.{0,60}/is.exec(text)?.[0];
  return canary ?? [...secrets, ...fileNames].find((secret) => !allowed.includes(secret) && text.includes(secret));
}

async function post(path: string, key: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${gatewayUrl}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status >= 400) errorBodies.push(text);
  return { status: response.status, body: JSON.parse(text) as unknown };
}

const syncAnswer = z.object({ data: z.object({ inventory_sync: z.object({ sync_id: z.string() }) }) });

/** Asks the gateway to fetch the file at the address; returns the sync's id. */
async function importFrom(tenant: Tenant, url: string): Promise<string> {
  const { body } = await post('/graphql', tenant.key, {
    query: SYNC,
    variables: { url, id: String(tenant.connectionId) },
  });
  return syncAnswer.parse(body).data.inventory_sync.sync_id;
}
const syncIn = (id: string, state: string) =>
  eventually(`sync ${id} ${state}`, async () => {
    const sync = await scene.stand.stores.inventorySyncs.find(id);
    return sync?.state === state ? sync : undefined;
  });

beforeAll(async () => {
  await buildPrograms();
  scene = await startScene({ worker: false });
  const { stand } = scene;
  const port = await freePort();
  const changes = {
    LOG_LEVEL: 'trace',
    GATEWAY_PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    METRICS_PORT: String(await freePort()),
    IMPORT_ALLOWED_HOSTS: '127.0.0.1',
    IMPORT_ALLOW_HTTP: 'true',
  };
  gatewayUrl = changes.PUBLIC_URL;
  metricsUrl = `http://127.0.0.1:${changes.METRICS_PORT}/metrics`;
  gateway = startProgram('starter/main.js', stand, changes);
  worker = startProgram('worker.js', stand, { ...changes, ...patient() });
  await Promise.all([gateway.logged('gateway listens'), worker.logged('worker runs')]);
  await Promise.all([sendEvents(), sendFiles(), sendJob(), sendNonsense()]);
});
afterAll(async () => {
  for (const { child, ended } of [gateway, worker]) {
    child.kill('SIGKILL');
    await ended;
  }
  files.close();
  await scene.stop();
});

/** Stock and orders of customers whose channels refuse, echo and expire what they are given. */
async function sendEvents(): Promise<void> {
  const { see, stand } = scene;
  const send = createSender({ post });
  const tenant = await scene.tenants.add('private', { tokens: 'none' });
  const refused = await scene.tenants.add('refused', { tokens: 'none' });
  const locked = await scene.tenants.add('locked', { tokens: 'none', isLoginRefused: true });
  const echo = 'No order for canary@example.com with CANARY-password-refused';
  stand.ajio.setFaults([
    { kind: 'status', status: 400, body: { message: echo }, on: { account: 'refused' } },
    { kind: 'expire-token', on: { account: 'private' }, times: 1, after: 1 },
  ]);
  const orders = [];
  for (const one of [tenant, refused, locked]) {
    secrets.push(one.key);
    await send.stock(one, { messageId: `m-${one.slug}`, stock: { V1: 1, V2: 0 } });
    orders.push(await send.order(one, { orderNumber: `O-${one.slug}` }));
  }
  // Events that cannot be used are kept, without the customer.
  const customer = { customerName: 'CANARY NAME', email: 'canary@example.com', phone: 'CANARY' };
  await post('/events/order', tenant.key, {
    resource_type: 'order.unfulfillable',
    customer,
    response_data: {
      externalChannelID: 'nobody knows it',
      customerOrderNumber: 'O-parked',
      shippingAddress: customer,
      items: [
        {
          lineItemSequenceNumber: 'O-parked-1',
          status: 'UNFULFILLABLE',
          quantity: '1',
          itemID: 'SKU-1',
          orderItemID: 'item-1',
          customerOrderItemID: 'S-1',
          remark: 'CANARY',
        },
      ],
    },
  });
  await post('/events/inventory', tenant.key, {
    connectionId: 99_999,
    message_id: 'm-parked',
    publishedAt: '2025-01-10 10:00:00',
    warehouse: { ...customer, apiKey: 'CANARY' },
    inventoryList: [{ productId: 'P', variantId: 'V', inventory: '9', locationInventory: 1, remark: 'CANARY' }],
  });
  const [done, asked, shut] = orders;
  if (!done || !asked || !shut) throw new Error('three orders were sent');
  await see.result(done.workflowId);
  await see.result(see.syncId(tenant));
  await see.untilAttention(asked.workflowId, 'ajio_rejected');
  await see.untilAttention(shut.workflowId, 'ajio_needs_reauth');
}

/** Files whose addresses are signed: one is stored, one refused, one aborted. */
async function sendFiles(): Promise<void> {
  const tenant = await scene.tenants.add('importing', { tokens: 'none' });
  secrets.push(tenant.key);
  const { url } = await files.serve((request, response) => {
    if (request.url?.startsWith('/stock.csv')) response.end(`sku,quantity\n${tenant.productId}/V9,4\n`);
    if (request.url?.startsWith('/missing.csv')) response.writeHead(404).end('CANARY');
    // Anything else is never answered.
  });
  const signed = (file: string) => `${url}/${file}?X-Amz-Signature=CANARY-signature#CANARY`;
  const [storedId = '', refusedId = '', abortedId = ''] = await Promise.all(
    ['stock.csv', 'missing.csv', 'silent.csv'].map((file) => importFrom(tenant, signed(file))),
  );
  expect((await scene.stand.stores.inventorySyncs.find(abortedId))?.url).toBe(signed('silent.csv'));
  await post('/graphql', tenant.key, { query: ABORT, variables: { id: abortedId } });
  expect((await syncIn(storedId, 'stored')).url).toBe(`${url}/stock.csv`);
  expect((await syncIn(refusedId, 'refused')).url).toBe(`${url}/missing.csv`);
  expect((await syncIn(abortedId, 'aborted')).url).toBe(`${url}/silent.csv`);
  await scene.see.result(csvImportWorkflowId(storedId));
  await eventually('delivery', () => scene.see.shownStock(tenant).V9 === 4);
}

/** Stock as a file that the channel fetches from the gateway, and one that it does not take. */
async function sendJob(): Promise<void> {
  const hero = await addShiphero(scene.stand, 901);
  secrets.push(hero.key);
  await hero.send({ 'SKU-1': 3 });
  await hero.settled();
  await eventually('delivery', () => (hero.shown()['SKU-1'] === 3 ? true : undefined));
  scene.stand.shiphero.setState({ knownWarehouses: ['another'] });
  await hero.send({ 'SKU-1': 4 });
  const rows = await eventually('two files', async () => {
    const found = await scene.stand.stores.db.select<{ fileKey: string }>('SELECT fileKey FROM push_jobs');
    return found.length > 1 ? found : undefined;
  });
  fileNames = rows.map(({ fileKey }) => fileKey);
}

/** Requests that are refused, with a secret wherever one may stand. */
async function sendNonsense(): Promise<void> {
  const { key } = await scene.tenants.add('clumsy', { tokens: 'none' });
  secrets.push(key);
  const canary = { name: 'CANARY', email: 'canary@example.com', password: 'CANARY' };
  const answers = await Promise.all([
    post('/events/order', key, { resource_type: 'order.unfulfillable', response_data: canary }),
    post('/events/order', key, '{"password":"CANARY'),
    post('/events/inventory', 'sb_CANARY_key', canary),
    post('/events/inventory', key, { connectionId: 'CANARY', message_id: canary, inventoryList: canary }),
    post('/graphql', 'CANARY', { query: '{ CANARY }' }),
    post('/graphql', key, { query: '{ inventory_sync_status(id: "CANARY") { request_id } }' }),
    post('/graphql', key, { query: SYNC, variables: { url: 'https://user:CANARY@example.com/?CANARY', id: '1' } }),
    post('/usp/inventories/absolute?CANARY=CANARY', key, canary, { authUsername: 'CANARY', authPassword: 'CANARY' }),
    post('/CANARY/path', key, canary),
  ]);
  errorBodies.push(...answers.map(({ body }) => JSON.stringify(body)));
  errorBodies.push(await (await fetch(`${gatewayUrl}/stock-files/CANARY.csv`)).text());
}

test('there was something to be found: tokens, refresh tokens, file names, refused requests', async () => {
  const connections = await scene.stand.stores.connections.list();
  const tokens = connections.flatMap(({ accessToken }) => accessToken ?? []);
  for (const token of tokens) {
    const pair = z.object({ accessToken: z.string(), refreshToken: z.string() });
    secrets.push(...(token.startsWith('{') ? Object.values(pair.parse(JSON.parse(token))) : [token]));
  }
  expect(tokens.length).toBeGreaterThanOrEqual(5);
  expect(fileNames.length).toBeGreaterThan(1);
  expect(errorBodies.length).toBeGreaterThan(15);
  expect(secrets.every((secret) => secret.length > 8)).toBe(true);
});

test('no log of gateway or worker holds a secret, at the level that says most', () => {
  for (const program of [gateway, worker]) {
    expect(program.output().length).toBeGreaterThan(100);
    expect(secretIn(program.output())).toBeUndefined();
  }
  expect(worker.output()).toMatch(/"level":(10|20)/);
  expect(worker.output()).toContain('"type":"ChannelRejected"');
});

test('no history, search attribute or memo holds one', async () => {
  let runs = 0;
  for await (const { workflowId, runId, memo, typedSearchAttributes } of scene.stand.client.workflow.list()) {
    runs += 1;
    expect(secretIn(JSON.stringify([memo, typedSearchAttributes.getAll()]))).toBeUndefined();
    expect(secretIn(textOf(await fetchHistory(scene.stand.client, workflowId, runId)))).toBeUndefined();
  }
  expect(runs).toBeGreaterThanOrEqual(9);
});

test('no metric holds one', async () => {
  for (const url of [`${gatewayUrl}/metrics`, metricsUrl]) {
    const metrics = await (await fetch(url)).text();
    expect(metrics).toContain('stockbridge_');
    expect(secretIn(metrics)).toBeUndefined();
  }
});

test('no answer that refuses something holds one', () => {
  for (const body of errorBodies) expect(secretIn(body)).toBeUndefined();
});

test('no table holds one', async () => {
  const { db } = scene.stand.stores;
  const tables = await db.select<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()',
    [],
  );
  const filled: string[] = [];
  for (const { name } of tables) {
    const dump = await db.select(`SELECT * FROM \`${name}\``, []);
    if (dump.length > 0) filled.push(name);
    const found = secretIn(JSON.stringify(dump), name === MAY_HOLD_FILE_NAMES ? fileNames : []);
    expect({ name, found }).toEqual({ name, found: undefined });
  }
  const expected = [
    'connections',
    'ie_appinstall_connection',
    'gateway_keys',
    'orders',
    'parked_events',
    'inventory_syncs',
    'push_jobs',
  ];
  expect(filled).toEqual(expect.arrayContaining(expected));
});
