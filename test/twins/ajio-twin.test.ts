import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { call, cancelOf, stockLine } from './calls';

let nowMs = Date.UTC(2024, 0, 1);
let twin: AjioTwin;
let apiKey: string;

beforeAll(async () => {
  twin = await startAjioTwin({
    now: () => nowMs,
    accounts: [
      { username: 'demo-seller', password: 'demo-password' },
      { username: 'other', password: 'other-password' },
    ],
  });
});
afterAll(() => twin.stop());
beforeEach(() => {
  twin.reset();
  apiKey = twin.issueToken('demo-seller');
});

const post = (path: string, body: unknown, token = apiKey) =>
  call('POST', `${twin.url}${path}`, { body, headers: { apiKey: token } });
const get = (path: string, token = apiKey) => call('GET', `${twin.url}${path}`, { headers: { apiKey: token } });
const push = (...inventoryList: unknown[]) => post('/updateInventory', { inventoryList });
const order = (body: unknown, token = apiKey) => post('/ds/eshopbox/orders', body, token);
const lastEntry = () => twin.log().at(-1);

describe('login', () => {
  it('hands out a token that opens the other calls', async () => {
    const got = await call('POST', `${twin.url}/authToken`, {
      body: { username: 'demo-seller', password: 'demo-password' },
    });
    expect(got.status).toBe(200);
    expect(got.json).toEqual({
      success: true,
      statusCode: 0,
      result: { accessToken: expect.any(String), refreshToken: expect.any(String) },
    });
    const token = JSON.parse(got.text).result.accessToken;
    expect((await get('/products', token)).status).toBe(200);
    expect(twin.state().logins).toEqual({ 'demo-seller': 1 });
    expect(twin.log()[0]).toMatchObject({ authorized: true, account: 'demo-seller', applied: [{ what: 'login' }] });
  });

  it('refuses a wrong password and an incomplete body, and logs neither password', async () => {
    const wrong = await call('POST', `${twin.url}/authToken`, { body: { username: 'demo-seller', password: 'nope' } });
    expect(wrong).toMatchObject({ status: 401, json: { success: false } });
    const incomplete = await call('POST', `${twin.url}/authToken`, { body: { username: 'demo-seller' } });
    expect(incomplete.status).toBe(400);
    expect(twin.state().violations).toMatchObject({ badLogin: 1, badBody: 1 });
    expect(JSON.stringify(twin.log())).not.toContain('nope');
  });
});

describe('token', () => {
  it.each([
    ['none', () => ''],
    ['an unknown one', () => 'made-up'],
    [
      'a dead one',
      () => {
        nowMs += 30 * 60_000;
        return apiKey;
      },
    ],
  ])('is refused: %s', async (_what, token) => {
    const used = token();
    expect(await post('/updateInventory', { inventoryList: [stockLine('P', 'V')] }, used)).toMatchObject({
      status: 401,
      json: { status: 'FAILED', failedProductList: [] },
    });
    expect(await get('/products', used)).toMatchObject({ status: 401, json: { message: 'Invalid User/Token' } });
    expect((await order(cancelOf('O', { L: 1 }), used)).json).toEqual({ message: 'Invalid User/Token' });
    expect(lastEntry()).toMatchObject({ authorized: false, account: null, applied: [], status: 401 });
    const { missingToken, unknownToken, deadToken } = twin.state().violations;
    expect([missingToken, unknownToken, deadToken].sort()).toEqual([0, 0, 3]);
  });

  it('lives for half an hour less a millisecond', async () => {
    nowMs += 30 * 60_000 - 1;
    expect((await get('/products')).status).toBe(200);
  });
});

describe('stock', () => {
  it('keeps the absolute quantity of each listing by account', async () => {
    expect(await push(stockLine('P', 'V1', 5), stockLine('P', 'V2', '7'))).toMatchObject({
      status: 200,
      json: { status: 'SUCCESS', failedProductList: [] },
    });
    await push(stockLine('P', 'V1', 0));
    expect(twin.state().stock).toEqual({ 'demo-seller': { 'P/V1': 0, 'P/V2': 7 } });
    expect(lastEntry()?.applied).toEqual([
      { what: 'stock', account: 'demo-seller', key: 'P/V1', quantity: 0, before: 5 },
    ]);
  });

  it.each([-1, 1.5, 'many', '-3', ''])('fails the line with quantity %p and takes the others', async (bad) => {
    expect((await push(stockLine('P', 'V1', bad), stockLine('P', 'V2'))).json).toEqual({
      status: 'SUCCESS',
      failedProductList: [{ productId: 'P', variantId: 'V1', message: 'Invalid inventory' }],
    });
    expect(twin.state().stock).toEqual({ 'demo-seller': { 'P/V2': 5 } });
  });

  it('says FAILED with the list when no line worked, and the set word when some did', async () => {
    twin.setState({ knownProducts: ['P/V1'], partialStatus: 'PARTIAL_SUCCESS' });
    const failed = { productId: 'Q', variantId: 'V', message: 'Product not found' };
    expect((await push(stockLine('Q', 'V'))).json).toEqual({ status: 'FAILED', failedProductList: [failed] });
    const some = await push(stockLine('P', 'V1'), stockLine('Q', 'V'));
    expect(some.json).toEqual({ status: 'PARTIAL_SUCCESS', failedProductList: [failed] });
  });

  it('refuses more than 50 lines and counts it', async () => {
    const lines = Array.from({ length: 51 }, (_, index) => stockLine('P', `V${index}`));
    expect((await push(...lines.slice(1))).status).toBe(200);
    expect(await push(...lines)).toMatchObject({
      status: 400,
      json: { status: 'FAILED', message: expect.stringContaining('50') },
    });
    expect(twin.state().violations.batchTooLarge).toBe(1);
    expect(Object.keys(twin.state().stock['demo-seller'] ?? {})).toHaveLength(50);
  });

  it.each([
    [{}],
    [{ inventoryList: [] }],
    [{ inventoryList: [{ productId: 'P', variantId: 'V' }] }],
    [{ inventoryList: [{ inventory: 1, productId: 7, variantId: 'V' }] }],
    [{ inventoryList: [{ ...stockLine('P', 'V'), sku: 'S' }] }],
    ['{broken'],
  ])('refuses the body %j', async (body) => {
    expect((await post('/updateInventory', body)).status).toBe(400);
    expect(twin.state()).toMatchObject({ stock: {}, violations: { badBody: 1 } });
  });

  it('takes the last of two lines for one listing and counts the repetition', async () => {
    await push(stockLine('P', 'V', 1), stockLine('P', 'V', 2));
    expect(twin.state()).toMatchObject({ stock: { 'demo-seller': { 'P/V': 2 } }, violations: { duplicateLine: 1 } });
  });

  it('shows products page by page, with what is blocked', async () => {
    await push(stockLine('P', 'V1', 5), stockLine('P', 'V2', 6), stockLine('a/b', '100%', 1));
    twin.setState({ blocked: { 'demo-seller': { 'P/V1': 2 } } });
    const first = {
      productId: 'P',
      variants: [
        { variantId: 'V1', inventory: 5, blockedInventory: 2 },
        { variantId: 'V2', inventory: 6, blockedInventory: 0 },
      ],
    };
    const second = { productId: 'a/b', variants: [{ variantId: '100%', inventory: 1, blockedInventory: 0 }] };
    expect((await get('/products?skus=P,a%2Fb,unknown&pageNumber=0&pageSize=50')).json).toEqual([first, second]);
    expect((await get('/products?pageNumber=1&pageSize=1')).json).toEqual([second]);
    expect((await get('/products?skus=V2')).json).toEqual([{ ...first, variants: [first.variants[1]] }]);
    expect((await get('/products', twin.issueToken('other'))).json).toEqual([]);
    expect((await get('/products?pageSize=51')).status).toBe(400);
  });
});

describe('orders', () => {
  const failure = (order_id: string, error_message: string) => ({
    failed_items: [{ error_message, order_id }],
    success: [],
  });

  it('cancels the lines of an order it never saw, with quantities as strings', async () => {
    expect((await order(cancelOf('O1', { L1: 1, L2: 2 }))).json).toEqual({
      failed_items: [],
      success: [
        {
          order_id: 'O1',
          order_status: 'Cancel',
          order_lines: [
            { cancelled_quantity: '1', confirmed_quantity: '0', order_item_id: 'L1' },
            { cancelled_quantity: '2', confirmed_quantity: '0', order_item_id: 'L2' },
          ],
        },
      ],
    });
    expect((await get('/ds/eshopbox/orders?orderIds=O1,unknown')).json).toEqual([
      {
        order_id: 'O1',
        status: 'CANCELLED',
        order_lines: [
          {
            order_item_id: 'L1',
            quantity: '1',
            seller_cancelled_qty: '1',
            customer_cancelled_qty: '0',
            status: 'CANCELLED',
          },
          {
            order_item_id: 'L2',
            quantity: '2',
            seller_cancelled_qty: '2',
            customer_cancelled_qty: '0',
            status: 'CANCELLED',
          },
        ],
      },
    ]);
  });

  it('cancels a line once, however often it is asked', async () => {
    await order(cancelOf('O1', { L1: 1 }));
    expect((await order(cancelOf('O1', { L1: 1 }))).json).toEqual(failure('O1', 'Order already cancelled'));
    expect(twin.state().orders.O1?.lines.L1).toMatchObject({ effectiveCancels: 1, attempts: 2, cancelled: 1 });
    expect(lastEntry()).toMatchObject({ applied: [], effectSeq: null });
  });

  it.each([
    ['PACKED', 'Order already packed'],
    ['READY_TO_DISPATCH', 'Order already ready to dispatch'],
    ['DISPATCHED', 'Order already dispatched'],
    ['DELIVERED', 'Order already delivered'],
    ['CANCELLED', 'Order already cancelled'],
  ] as const)('refuses to cancel what is %s', async (status, message) => {
    twin.setState({ orders: { O1: { status, lines: { L1: { quantity: 1 } } } } });
    expect((await order(cancelOf('O1', { L1: 1 }))).json).toEqual(failure('O1', message));
  });

  it('decides line by line', async () => {
    twin.setState({
      orders: { O1: { lines: { L1: { quantity: 2 }, L2: { quantity: 1, status: 'PACKED' }, L3: { quantity: 1 } } } },
    });
    expect((await order(cancelOf('O1', { L1: 1, L2: 1, L3: 2, L4: 1 }))).json).toEqual({
      failed_items: [
        'Order already packed',
        'Cancelled quantity exceeds the open quantity',
        'Order line not found',
      ].map((error_message) => ({ error_message, order_id: 'O1' })),
      success: [
        {
          order_id: 'O1',
          order_lines: [{ cancelled_quantity: '1', confirmed_quantity: '0', order_item_id: 'L1' }],
          order_status: 'Cancel',
        },
      ],
    });
    const read = await get('/ds/eshopbox/orders?orderIds=O1');
    expect(read.json).toMatchObject([{ status: 'CONFIRMED', order_lines: [{ seller_cancelled_qty: '1' }, {}, {}] }]);
  });

  it('knows no stranger order when told so, and never another account’s', async () => {
    await order(cancelOf('O1', { L1: 1 }));
    const other = twin.issueToken('other');
    expect((await order(cancelOf('O1', { L2: 1 }), other)).json).toEqual(failure('O1', 'Order not found'));
    expect((await get('/ds/eshopbox/orders?orderIds=O1', other)).json).toEqual([]);
    twin.setState({ acceptUnknownOrders: false });
    expect((await order(cancelOf('O2', { L1: 1 }))).json).toEqual(failure('O2', 'Order not found'));
    expect(twin.state().violations.foreignOrder).toBe(1);
  });

  it('acknowledges, and refuses a cancel of nothing', async () => {
    const acknowledged = await order({
      order_id: 'O1',
      order_lines: [{ cancelled_quantity: 0, confirmed_quantity: 2, order_item_id: 'L1' }],
      status: 'Acknowledge',
    });
    expect(acknowledged.json).toMatchObject({ success: [{ order_status: 'Acknowledge' }] });
    expect(twin.state().orders.O1?.lines.L1).toMatchObject({ quantity: 2, confirmed: 2, cancelled: 0 });
    const nothing = await order(cancelOf('O1', { L1: 0 }));
    expect(nothing.json).toEqual(failure('O1', 'Cancelled quantity must be at least 1'));
  });

  it.each([
    [cancelOf('', { L: 1 })],
    [cancelOf('O', {})],
    [cancelOf('O', { L: -1 })],
    [cancelOf('O', { L: 1 }, 'Reject')],
    [{ order_id: 'O' }],
  ])('refuses the body %j', async (body) => {
    expect(await order(body)).toMatchObject({ status: 400, json: { message: expect.any(String) } });
  });

  it('refuses to read without order ids', async () => {
    expect((await get('/ds/eshopbox/orders')).status).toBe(400);
  });
});

it('answers an unknown route with 404 and a body that is not JSON with 415', async () => {
  expect(await get('/nowhere')).toMatchObject({ status: 404, json: { message: 'Not Found' } });
  const form = { body: 'a=b', headers: { apiKey, 'content-type': 'application/x-www-form-urlencoded' } };
  expect((await call('POST', `${twin.url}/updateInventory`, form)).status).toBe(415);
  expect(twin.state().violations).toMatchObject({ unknownRoute: 1, badBody: 1 });
});
