import { type IncreffTwin, startIncreffTwin } from '../../src/twins/increff-twin';
import { call } from './calls';

const AUTH = { authUsername: 'demo-increff', authPassword: 'demo-password' };
const OTHER = { authUsername: 'other', authPassword: 'other-word' };
const START_MS = Date.parse('2025-03-01T12:00:00Z');

let nowMs = START_MS;
let twin: IncreffTwin;
beforeAll(async () => {
  twin = await startIncreffTwin({ accounts: [AUTH, OTHER], now: () => nowMs });
});
afterAll(() => twin.stop());
beforeEach(() => {
  nowMs = START_MS;
  twin.reset();
});

const oms = (quantity = 1, headers: Record<string, string> = AUTH) =>
  call('PUT', `${twin.url}/usp/inventories/absolute`, {
    body: { locationCode: 'wd003', products: [{ channelSkuCode: 'A', quantity }] },
    headers,
  });
const assure = (quantity = 1) =>
  call('PUT', `${twin.url}/sellfast/inventories/absolute-update`, {
    body: [{ clientId: 1, clientSkuId: 'A', quantity, fulfillmentLocationId: 2 }],
    headers: AUTH,
  });
const control = (method: 'PUT' | 'POST', path: string, body?: unknown) =>
  call(method, `${twin.url}/__twin/${path}`, body === undefined ? {} : { body });

describe('the limit', () => {
  it('lets 200 requests of a client pass in a minute, over both endpoints, and refuses the 201st', async () => {
    for (let sent = 0; sent < 100; sent += 1) {
      expect((await oms()).status).toBe(200);
      expect((await assure()).status).toBe(200);
      nowMs += 500;
    }
    const refused = await oms(9);
    expect(refused).toMatchObject({ status: 429, json: { code: 'TOO_MANY_REQUESTS', message: 'Too many requests' } });
    expect(refused.headers).not.toHaveProperty('retry-after');
    expect((await assure(9)).status).toBe(429);
    expect(twin.state()).toMatchObject({
      stock: { 'demo-increff': { 'wd003/A': 1, '1/2//A': 1 } },
      requests: { 'demo-increff': 200 },
      violations: { rateLimit: 2 },
    });
    expect(twin.log().at(-1)).toMatchObject({ status: 429, account: 'demo-increff', applied: [], effectSeq: null });

    // The other client has a limit of its own.
    expect((await oms(1, OTHER)).status).toBe(200);

    nowMs = START_MS + 59_999;
    expect((await oms()).status).toBe(429);
    nowMs = START_MS + 60_000;
    expect((await oms(3)).status).toBe(200);
    expect((await oms(3)).status).toBe(200);
    expect((await oms(3)).status).toBe(429);
    expect(twin.state().violations.rateLimit).toBe(4);
  });

  it('slides, is an option, and is not used up by what it refuses', async () => {
    twin.setState({ rateLimit: { requests: 2, windowMs: 100 } });
    const statuses: number[] = [];
    for (const atMs of [0, 60, 61, 99, 100, 101, 160]) {
      nowMs = START_MS + atMs;
      statuses.push((await oms()).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 200, 429, 200]);
    expect(twin.state()).toMatchObject({ rateLimit: { requests: 2, windowMs: 100 }, violations: { rateLimit: 3 } });
  });

  it('counts what is refused as bad and what a fault answers, but nothing without good credentials', async () => {
    twin.setState({ rateLimit: { requests: 3, windowMs: 1000 } });
    expect((await oms(1, { ...AUTH, authPassword: 'wrong' })).status).toBe(401);
    expect((await oms(-1)).status).toBe(400);
    twin.setFaults([{ kind: 'status', status: 500 }]);
    expect((await oms()).status).toBe(500);
    expect((await oms()).status).toBe(500);
    expect((await oms()).status).toBe(429);
    expect(twin.state()).toMatchObject({ requests: { 'demo-increff': 3 }, violations: { rateLimit: 1 } });
  });
});

describe('faults and control', () => {
  it('throttles by fault without a violation', async () => {
    twin.setFaults([{ kind: 'throttle', on: { account: 'other' } }]);
    expect((await oms()).status).toBe(200);
    const got = await oms(1, OTHER);
    expect(got).toMatchObject({ status: 429, json: { code: 'TOO_MANY_REQUESTS' } });
    expect(got.headers).not.toHaveProperty('retry-after');
    expect(twin.state().violations.rateLimit).toBe(0);
  });

  it('refuses good credentials of a revoked account until it is restored', async () => {
    twin.setFaults([{ kind: 'expire-token', times: 1 }]);
    expect((await oms()).status).toBe(401);
    expect((await oms()).status).toBe(401);
    expect((await oms(1, OTHER)).status).toBe(200);
    expect(twin.state()).toMatchObject({ revokedAccounts: ['demo-increff'], violations: { deadToken: 2 } });
    twin.issueToken('demo-increff');
    expect((await oms()).status).toBe(200);
    await control('POST', 'tokens/expire');
    expect((await oms()).status).toBe(401);
    await control('PUT', 'state', { revokedAccounts: [] });
    expect((await oms()).status).toBe(200);
  });

  it('answers unknown routes, methods and media types in its own error shape', async () => {
    const { url } = twin;
    const shape = { code: expect.any(String), message: expect.any(String), description: expect.any(String) };
    const nowhere = await call('PUT', `${url}/nowhere`, { body: {}, headers: AUTH });
    expect(nowhere).toMatchObject({ status: 404, json: { ...shape, code: 'NOT_FOUND' } });
    expect(await call('POST', `${url}/usp/inventories/absolute`, { body: {}, headers: AUTH })).toMatchObject({
      status: 404,
      json: shape,
    });
    const headers = { ...AUTH, 'content-type': 'text/plain' };
    expect(await call('PUT', `${url}/usp/inventories/absolute`, { body: '{}', headers })).toMatchObject({
      status: 415,
      json: shape,
    });
    expect(twin.state().violations).toMatchObject({ unknownRoute: 2, badBody: 1 });
  });

  it('shows no credential in log and state', async () => {
    await call('PUT', `${twin.url}/usp/inventories/absolute`, { body: AUTH, headers: AUTH });
    for (const path of ['log', 'state'])
      expect((await call('GET', `${twin.url}/__twin/${path}`)).text).not.toContain('demo-password');
    expect(twin.log().at(-1)?.body).toEqual({ authUsername: 'demo-increff', authPassword: '***' });
  });

  it('comes back to its start on reset, with a fresh minute', async () => {
    const started = await startIncreffTwin({ rateLimit: { requests: 1, windowMs: 60_000 }, poison: ['B'] });
    const send = () =>
      call('PUT', `${started.url}/usp/inventories/absolute`, {
        body: { locationCode: 'wd003', products: [{ channelSkuCode: 'A', quantity: 1 }] },
        headers: AUTH,
      });
    try {
      expect([(await send()).status, (await send()).status]).toEqual([200, 429]);
      started.setState({ poison: [], respellCodes: true });
      started.reset();
      expect(started.state()).toMatchObject({ stock: {}, poison: ['B'], respellCodes: false, requests: {} });
      expect(started.state().violations.rateLimit).toBe(0);
      expect((await send()).status).toBe(200);
    } finally {
      await started.stop();
    }
  });

  it.each([
    [{ stock: { 'demo-increff': { nowhere: 1 } } }, 'stock.demo-increff.nowhere'],
    [{ stock: { 'demo-increff': { 'wd003/A': -1 } } }, 'stock.demo-increff.wd003/A'],
    [{ rateLimit: { requests: 0, windowMs: 1 } }, 'rateLimit.requests'],
    [{ omittedLists: 'some' }, 'omittedLists'],
  ])('refuses the state %j and names the fault', async (patch, path) => {
    expect(await control('PUT', 'state', patch)).toMatchObject({ status: 400, json: { errors: [{ path }] } });
  });
});
