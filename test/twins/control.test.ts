import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { call, stockLine } from './calls';

let twin: AjioTwin;
beforeAll(async () => {
  twin = await startAjioTwin({ logLimit: 10, stock: { 'demo-seller': { 'P/V': 3 } } });
});
afterAll(() => twin.stop());
beforeEach(() => twin.reset());

const control = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  call(method, `${twin.url}/__twin/${path}`, body === undefined ? {} : { body });
const push = () =>
  call('POST', `${twin.url}/updateInventory`, {
    body: { inventoryList: [stockLine('P', 'V')] },
    headers: { apiKey: twin.issueToken('demo-seller') },
  });

it('tells its health', async () => {
  expect(await control('GET', 'health')).toMatchObject({ status: 200, json: { name: 'ajio', ok: true } });
});

it('pages through the log, and forgets it without starting the numbers anew', async () => {
  const start = JSON.parse((await control('GET', 'log')).text).lastSeq;
  await push();
  await push();
  const page = await control('GET', `log?after=${start}&limit=1`);
  expect(page.json).toMatchObject({
    entries: [{ seq: start + 1, path: '/updateInventory', status: 200 }],
    lastSeq: start + 2,
  });
  expect((await control('GET', `log?after=${start + 1}`)).json).toMatchObject({ entries: [{ seq: start + 2 }] });
  await control('DELETE', 'log');
  await push();
  expect((await control('GET', 'log')).json).toMatchObject({ entries: [{ seq: start + 3 }] });
});

it('keeps a bounded log and says how much fell out', async () => {
  for (let sent = 0; sent < 12; sent += 1) await push();
  const { entries, lastSeq, dropped } = JSON.parse((await control('GET', 'log')).text);
  expect(entries).toHaveLength(10);
  expect(entries.at(-1).seq).toBe(lastSeq);
  expect(dropped).toBe(2);
});

it('sets parts of the state and shows all of it, without a password', async () => {
  const got = await control('PUT', 'state', { stock: { 'demo-seller': { 'P/W': 9 } }, acceptUnknownOrders: false });
  expect(got).toMatchObject({
    status: 200,
    json: { stock: { 'demo-seller': { 'P/V': 3, 'P/W': 9 } }, acceptUnknownOrders: false, accounts: ['demo-seller'] },
  });
  expect((await control('GET', 'state')).text).not.toContain('demo-password');
});

it('sets, lists and clears faults; they never touch the control interface', async () => {
  const faults = [{ kind: 'status', status: 500 }];
  expect((await control('PUT', 'faults', { faults })).status).toBe(200);
  expect((await push()).status).toBe(500);
  expect((await control('GET', 'faults')).json).toMatchObject({ faults, counts: [{ seen: 1, hits: 1 }] });
  await control('DELETE', 'faults');
  expect((await push()).status).toBe(200);
});

it.each([
  ['PUT', 'faults', { faults: [{ kind: 'earthquake' }] }, 'faults.0.kind'],
  ['PUT', 'faults', { faults: [{ kind: 'status', status: 99 }] }, 'faults.0.status'],
  ['PUT', 'faults', { faults: [{ kind: 'hang', rate: 2 }] }, 'faults.0.rate'],
  ['PUT', 'faults', { faults: [{ kind: 'delay', ms: 5, seconds: 3 }] }, 'faults.0'],
  ['PUT', 'faults', { faults: [{ kind: 'hang', on: { path: 'relative' } }] }, 'faults.0.on.path'],
  ['PUT', 'faults', { faults: [{ kind: 'throttle', retryAfter: 'a\nb' }] }, 'faults.0.retryAfter'],
  ['PUT', 'faults', {}, 'faults'],
  ['PUT', 'faults', [], ''],
  ['PUT', 'state', { knownProducts: ['P-100%/V'] }, 'knownProducts.0'],
  ['PUT', 'state', { stock: { 'demo-seller': { 'P/V': -1 } } }, 'stock.demo-seller.P/V'],
  ['PUT', 'state', { weather: 'fine' }, ''],
  ['PUT', 'state', undefined, ''],
  ['GET', 'log?after=never', undefined, 'after'],
] as const)('refuses %s %s %j and names the fault', async (method, path, body, named) => {
  expect(await control(method, path, body)).toMatchObject({
    status: 400,
    json: { message: 'Bad control input', errors: [{ path: named, message: expect.any(String) }] },
  });
  expect(twin.state().stock).toEqual({ 'demo-seller': { 'P/V': 3 } });
});

it('refuses control input that is no JSON', async () => {
  expect((await control('PUT', 'faults', '{')).status).toBe(400);
});

it('kills every token', async () => {
  const apiKey = twin.issueToken('demo-seller');
  await control('POST', 'tokens/expire');
  expect((await call('GET', `${twin.url}/products`, { headers: { apiKey } })).status).toBe(401);
  expect(twin.state().liveTokens).toBe(0);
});

it('comes back to its start on reset', async () => {
  await push();
  twin.setFaults([{ kind: 'hang' }]);
  expect((await control('POST', 'reset')).status).toBe(200);
  expect(twin.log()).toEqual([]);
  expect(twin.state()).toMatchObject({ stock: { 'demo-seller': { 'P/V': 3 } }, liveTokens: 0, logins: {} });
  expect((await control('GET', 'faults')).json).toEqual({ faults: [], counts: [] });
});

it('refuses to start with a state or an option that does not fit', async () => {
  await expect(startAjioTwin({ stock: { a: { 'P/V': -1 } } })).rejects.toThrow('stock');
});

it('serves orders under another path when told so', async () => {
  const elsewhere = await startAjioTwin({ ordersPath: '/ds/wms/orders' });
  const headers = { apiKey: elsewhere.issueToken('demo-seller') };
  expect((await call('GET', `${elsewhere.url}/ds/wms/orders?orderIds=O`, { headers })).json).toEqual([]);
  expect((await call('GET', `${elsewhere.url}/ds/eshopbox/orders?orderIds=O`, { headers })).status).toBe(404);
  await elsewhere.stop();
});
