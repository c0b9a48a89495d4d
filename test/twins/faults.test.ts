import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { type EshopboxTwin, startEshopboxTwin } from '../../src/twins/eshopbox-twin';
import type { Fault } from '../../src/twins/faults';
import { eventually } from '../stand/waiting';
import { call, cancelOf, stockLine, wmsCancelOf } from './calls';

let twin: AjioTwin;
let wms: EshopboxTwin;
let apiKey: string;

beforeAll(async () => {
  twin = await startAjioTwin();
  wms = await startEshopboxTwin();
});
afterAll(() => Promise.all([twin.stop(), wms.stop()]));
beforeEach(() => {
  twin.reset();
  wms.reset();
  apiKey = twin.issueToken('demo-seller');
});

const push = (inventoryList = [stockLine('P', 'V')], signal?: AbortSignal) =>
  call('POST', `${twin.url}/updateInventory`, {
    body: { inventoryList },
    headers: { apiKey },
    ...(signal && { signal }),
  });
/** A push whose caller leaves as soon as the twin has it. */
const abandonedPush = async () => {
  const leaving = new AbortController();
  const pushed = expect(push(undefined, leaving.signal)).rejects.toThrow(/abort/i);
  await eventually('the twin has the push', () => twin.log()[0]);
  leaving.abort();
  await pushed;
};
const order = (lines: Record<string, number>) =>
  call('POST', `${twin.url}/ds/eshopbox/orders`, { body: cancelOf('O', lines), headers: { apiKey } });
const cancel = () =>
  call('POST', `${wms.url}/demo/api/cancel-order`, {
    body: wmsCancelOf('O', '1', '2'),
    headers: { authorization: `Bearer ${wms.issueToken('demo')}` },
  });
const inStock = () => twin.state().stock['demo-seller'] ?? {};
const logged = () => twin.log().at(-1);
const cutEntry = () =>
  eventually('the twin has seen the cut', () => {
    const entry = logged();
    return entry === undefined || entry.durationMs === null ? undefined : entry;
  });

describe('faults that decide the answer', () => {
  it('status: answers with the given status, body and headers; applied only when told', async () => {
    twin.setFaults([
      {
        kind: 'status',
        status: 503,
        body: { oops: 1 },
        headers: { 'Content-Type': 'application/problem+json' },
        times: 1,
      },
      { kind: 'status', status: 500, body: 'down', applies: true },
    ]);
    const first = await push();
    expect(first).toMatchObject({
      status: 503,
      json: { oops: 1 },
      headers: { 'content-type': 'application/problem+json' },
    });
    expect(inStock()).toEqual({});
    expect(await push()).toMatchObject({ status: 500, text: 'down' });
    expect(inStock()).toEqual({ 'P/V': 5 });
    expect(twin.log().map(({ status, faults }) => ({ status, faults }))).toEqual([
      { status: 503, faults: ['status'] },
      { status: 500, faults: ['status'] },
    ]);
  });

  it('throttle: with another status, the same announcement', async () => {
    twin.setFaults([{ kind: 'throttle', status: 503, retryAfter: '20' }]);
    expect(await push()).toMatchObject({ status: 503, headers: { 'retry-after': '20' } });
    expect(inStock()).toEqual({});
  });

  it.each(['akamai', 'cloudflare', 'big-ip'] as const)('firewall: a page of %s, applied only when told', async (by) => {
    twin.setFaults([
      { kind: 'firewall', by, times: 1 },
      { kind: 'firewall', by, status: 200, applies: true },
    ]);
    const first = await push();
    expect(first).toMatchObject({ status: 403, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(first.text).toMatch(/^<(?:!DOCTYPE )?html/i);
    expect(inStock()).toEqual({});
    expect(await push()).toMatchObject({ status: 200, text: first.text });
    expect(inStock()).toEqual({ 'P/V': 5 });
  });

  it.each(['3', 'Wed, 21 Oct 2015 07:28:00 GMT', undefined])(
    'throttle: 429 with Retry-After %p',
    async (retryAfter) => {
      twin.setFaults([{ kind: 'throttle', ...(retryAfter === undefined ? {} : { retryAfter }) }]);
      const got = await push();
      expect(got).toMatchObject({ status: 429, json: { message: 'Too many requests' } });
      expect(got.headers['retry-after']).toBe(retryAfter);
      expect(inStock()).toEqual({});
    },
  );

  it('redirect: 302 to the location', async () => {
    twin.setFaults([{ kind: 'redirect', location: 'http://127.0.0.1:1/elsewhere' }]);
    const got = await push();
    expect(got).toMatchObject({ status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } });
  });

  it('garbage: 200 whose JSON is none', async () => {
    twin.setFaults([{ kind: 'garbage' }]);
    expect(await push()).toMatchObject({ status: 200, json: undefined });
    expect(inStock()).toEqual({ 'P/V': 5 });
  });

  it('html: a page with the given status', async () => {
    twin.setFaults([{ kind: 'html', status: 502 }]);
    const got = await push();
    expect(got.status).toBe(502);
    expect(got.headers['content-type']).toContain('text/html');
    expect(got.text).toContain('<html>');
  });

  it('truncated: half of the JSON, well framed or with the connection cut', async () => {
    twin.setFaults([
      { kind: 'truncated', times: 1 },
      { kind: 'truncated', cutConnection: true },
    ]);
    const half = await push();
    expect(half).toMatchObject({ status: 200, json: undefined });
    expect('{"status":"SUCCESS","failedProductList":[]}'.startsWith(half.text)).toBe(true);
    await expect(push()).rejects.toThrow();
    expect((await cutEntry())?.status).toBeNull();
    expect(inStock()).toEqual({ 'P/V': 5 });
  });

  it('huge: a body of exactly that size', async () => {
    twin.setFaults([{ kind: 'huge', bytes: 300_001 }]);
    expect((await push()).text).toHaveLength(300_001);
  });

  it('slow: the honest answer, a byte at a time', async () => {
    twin.setFaults([{ kind: 'slow', ms: 2 }]);
    const startedMs = performance.now();
    expect((await push()).json).toEqual({ status: 'SUCCESS', failedProductList: [] });
    expect(performance.now() - startedMs).toBeGreaterThan(60);
  });

  it.each([
    ['hang', {}],
    ['hang-after-applying', { 'P/V': 5 }],
  ] as const)('%s: no answer ever', async (kind, stock) => {
    twin.setFaults([{ kind }]);
    await abandonedPush();
    expect(await cutEntry()).toMatchObject({ status: null, faults: [kind], durationMs: expect.any(Number) });
    expect(inStock()).toEqual(stock);
  });

  it.each([
    ['reset', {}],
    ['reset-after-applying', { 'P/V': 5 }],
  ] as const)('%s: the connection breaks', async (kind, stock) => {
    twin.setFaults([{ kind }]);
    await expect(push()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) });
    expect(await cutEntry()).toMatchObject({ status: null, faults: [kind] });
    expect(inStock()).toEqual(stock);
  });
});

describe('faults that add up', () => {
  it('expire-token: 401 from then on, until a new login', async () => {
    twin.setFaults([{ kind: 'expire-token', times: 1, after: 1 }]);
    expect([(await push()).status, (await push()).status, (await push()).status]).toEqual([200, 401, 401]);
    apiKey = twin.issueToken('demo-seller');
    expect((await push()).status).toBe(200);
  });

  it('fail-lines: rejects the named lines, a share of them, or all', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => stockLine('P', `V${index}`));
    twin.setFaults([{ kind: 'fail-lines', lines: ['P/V3'], message: 'No' }]);
    expect((await push(lines)).json).toMatchObject({ failedProductList: [{ variantId: 'V3', message: 'No' }] });
    expect(inStock()).not.toHaveProperty('P/V3');
    const failedOf = async (fault: Fault): Promise<number> => {
      twin.setFaults([fault]);
      return JSON.parse((await push(lines)).text).failedProductList.length;
    };
    const some = await failedOf({ kind: 'fail-lines', share: 0.5 });
    expect(some).toBeGreaterThan(5);
    expect(some).toBeLessThan(35);
    expect(await failedOf({ kind: 'fail-lines', share: 0.5 })).toBe(some);
    expect(await failedOf({ kind: 'fail-lines' })).toBe(40);
    twin.setFaults([{ kind: 'fail-lines', lines: ['L1'], message: 'No' }]);
    expect((await order({ L1: 1, L2: 1 })).json).toMatchObject({
      failed_items: [{ error_message: 'No', order_id: 'O' }],
      success: [{ order_lines: [{ order_item_id: 'L2' }] }],
    });
    wms.setFaults([{ kind: 'fail-lines', lines: ['2'] }]);
    expect((await cancel()).json).toMatchObject({
      error: { code: 'LINES_REJECTED', errors: [{ lineItemSequenceNumber: '2' }] },
    });
    expect(wms.state().cancelled).toEqual({});
  });

  it('failed-without-list and status-failed: a business no, nothing applied', async () => {
    twin.setFaults([{ kind: 'failed-without-list' }]);
    expect((await push()).json).toEqual({ status: 'FAILED', failedProductList: [] });
    expect((await order({ L1: 1 })).json).toEqual({ failed_items: [], success: [] });
    expect(twin.state()).toMatchObject({ stock: {}, orders: {} });
    wms.setFaults([{ kind: 'status-failed' }]);
    expect(await cancel()).toMatchObject({ status: 200, json: { status: 'FAILED' } });
  });

  it('omit-lines: applied, but not named', async () => {
    twin.setFaults([{ kind: 'omit-lines', lines: ['L1'] }]);
    expect((await order({ L1: 1, L2: 1 })).json).toMatchObject({
      failed_items: [],
      success: [{ order_lines: [{ order_item_id: 'L2' }] }],
    });
    expect(twin.state().orders.O?.lines.L1?.cancelled).toBe(1);
    wms.setFaults([{ kind: 'omit-lines', lines: ['1'] }]);
    expect((await cancel()).json).toMatchObject({ result: { items: [{ lineItemSequenceNumber: '2' }] } });
  });

  it('unknown-line: names what was never sent', async () => {
    const faults: Fault[] = [{ kind: 'unknown-line' }];
    twin.setFaults(faults);
    wms.setFaults(faults);
    expect((await push()).json).toMatchObject({ failedProductList: [{ productId: 'UNKNOWN-LINE' }] });
    expect((await order({ L1: 1 })).json).toMatchObject({
      success: [{ order_lines: [{ order_item_id: 'L1' }, { order_item_id: 'UNKNOWN-LINE' }] }],
    });
    expect((await cancel()).text).toContain('UNKNOWN-LINE');
    const products = await call('GET', `${twin.url}/products`, { headers: { apiKey } });
    expect(products.text).toContain('UNKNOWN-LINE');
  });
});

describe('when a fault hits', () => {
  const statuses = async (count: number) => {
    const got: number[] = [];
    for (let sent = 0; sent < count; sent += 1) got.push((await push()).status);
    return got;
  };

  it('counts what passes first and what it may hit', async () => {
    twin.setFaults([{ kind: 'status', status: 500, after: 1, times: 2 }]);
    expect(await statuses(5)).toEqual([200, 500, 500, 200, 200]);
  });

  it('rolls the same dice for the same seed', async () => {
    twin.setFaults([{ kind: 'status', status: 500, rate: 0.5 }]);
    const first = await statuses(20);
    expect(new Set(first)).toEqual(new Set([200, 500]));
    twin.setFaults([{ kind: 'status', status: 500, rate: 0.5 }]);
    expect(await statuses(20)).toEqual(first);
    twin.setFaults([{ kind: 'status', status: 500, rate: 0 }]);
    expect(new Set(await statuses(20))).toEqual(new Set([200]));
  });

  it.each([
    [{ path: '/updateInventory' }, 500],
    [{ path: '/update' }, 500],
    [{ path: '/*Inventory' }, 500],
    [{ path: '/products' }, 200],
    [{ method: 'post' }, 500],
    [{ method: 'GET' }, 200],
    [{ account: 'demo-seller' }, 500],
    [{ account: 'other' }, 200],
  ])('on %j: %p', async (on, status) => {
    twin.setFaults([{ kind: 'status', status: 500, on }]);
    expect((await push()).status).toBe(status);
  });

  it('lets faults that add up join the one that decides', async () => {
    twin.setFaults([{ kind: 'fail-lines', name: 'no lines' }, { kind: 'truncated' }, { kind: 'status', status: 500 }]);
    await push();
    expect(logged()?.faults).toEqual(['no lines', 'truncated']);
  });
});
