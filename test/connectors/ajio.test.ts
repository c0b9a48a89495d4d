import { ajioConnector } from '../../src/connectors/ajio';
import { listingOf } from '../../src/contracts/ids';
import type { OrderLine } from '../../src/contracts/order';
import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { failureOfCall } from './connector-failure';
import { type ConnectorUnderTest, openerFor, twinHttp } from './connector-under-test';
import { describeConnector } from './describe-connector';
import { sampleCancel, sampleConnection } from './samples';

const linesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ listing: listingOf('PROD/1', `00${index}`), quantity: index }));

const suite: ConnectorUnderTest<AjioTwin> = {
  connector: ajioConnector,
  startTwin: () => startAjioTwin(),
  endpoints: (twin) => ({ AJIO_BASE_URL: twin.url }),
  connection: (twin) =>
    sampleConnection({
      channel: 'ajio',
      credentials: { username: 'demo-seller', password: 'demo-password' },
      accessToken: twin.issueToken('demo-seller'),
    }),
  wrongCredentials: { username: 'demo-seller', password: 'no-password-of-theirs' },
  badSettings: [
    [{ batchSize: 51 }, 'batchSize'],
    [{ batchSize: 0 }, 'batchSize'],
    [{ orderIdSource: 'other' }, 'orderIdSource'],
    [{ ordersPath: '../x' }, 'ordersPath'],
    [{ tokenHeader: 'api key' }, 'tokenHeader'],
    [{ tokenHeader: '' }, 'tokenHeader'],
    [{ tokenHeader: 'Content-Type' }, 'tokenHeader'],
    [{ quantityAsString: 'yes' }, 'quantityAsString'],
    [{ halvesRefusals: 'no' }, 'halvesRefusals'],
    [{ timeZone: 'Mars/Base' }, 'timeZone'],
  ],
  stock: { lines: linesOf, maxLines: 50, keyOf: ({ listing }) => listing },
  cancel: { request: sampleCancel, isRepeatable: false },
};

describeConnector(suite);

describe('Ajio', () => {
  const http = twinHttp();
  let twin: AjioTwin;
  beforeAll(async () => {
    twin = await suite.startTwin();
  });
  beforeEach(() => twin.reset());
  afterAll(async () => {
    await twin.stop();
    await http.close();
  });
  const open = (settings: object = {}) => openerFor(suite, http)(twin, { settings });

  const setStock = (count: number, settings = {}) => {
    const { capabilities, call } = open(settings);
    return capabilities.inventoryWriter?.setStock(linesOf(count), call) ?? Promise.reject(new Error('no writer'));
  };
  const cancel = (settings = {}, request = sampleCancel) => {
    const { capabilities, call } = open(settings);
    return capabilities.orderCanceller?.cancelOrder(request, call) ?? Promise.reject(new Error('no canceller'));
  };
  const readOrder = (settings = {}, request = sampleCancel) => {
    const { capabilities, call } = open(settings);
    return capabilities.orderReader?.readOrder(request, call) ?? Promise.reject(new Error('no reader'));
  };
  const orderWith = (status: 'CONFIRMED' | 'PACKED' | 'DISPATCHED' | 'DELIVERED' | 'READY_TO_DISPATCH') => ({
    orders: {
      [sampleCancel.order.orderNumber]: {
        status,
        lines: Object.fromEntries(
          sampleCancel.lines.map((line) => [line.marketplaceItemId, { quantity: line.quantity }]),
        ),
      },
    },
  });

  it('takes its token in apiKey, its listing in two parts, its quantity as text or as a number', async () => {
    await setStock(1, { quantityAsString: false });
    await setStock(1);
    const bodies = twin.log().map((entry) => entry.body);
    expect(bodies).toEqual([
      { inventoryList: [{ inventory: 0, productId: 'PROD/1', variantId: '000' }] },
      { inventoryList: [{ inventory: '0', productId: 'PROD/1', variantId: '000' }] },
    ]);
    const { stock, violations } = twin.state();
    expect(stock).toEqual({ 'demo-seller': { 'PROD%2F1/000': 0 } });
    expect(Object.values(violations).some((count) => count > 0)).toBe(false);
  });

  it('takes its token in the header that the connection names, and in no other', async () => {
    twin.setState({ tokenHeader: 'Authorization' });
    expect((await failureOfCall(setStock(1))).type).toBe('ChannelAuthFailed');
    expect(await setStock(1, { tokenHeader: 'Authorization' })).toMatchObject([{ verdict: 'accepted' }]);
    twin.setState({ tokenHeader: 'x-seller-token' });
    expect(await setStock(1, { tokenHeader: 'X-Seller-Token' })).toMatchObject([{ verdict: 'accepted' }]);
  });

  it('takes a 400 that names lines apart: those are rejected, the others were not sent', async () => {
    twin.setState({ refusesWhole: true, knownProducts: ['PROD%2F1/000', 'PROD%2F1/002'] });
    const unsent = { verdict: 'unsent', message: 'Ajio answered 400 because of other lines' };
    expect(await setStock(3)).toMatchObject([
      unsent,
      { listing: 'PROD%2F1/001', verdict: 'rejected', message: 'Product not found' },
      unsent,
    ]);
    expect(twin.state().stock).toEqual({});
  });

  it.each([400, 404, 409, 422])('reads the lines that a %i names', async (status) => {
    const failedProductList = [{ productId: 'PROD/1', variantId: '000', message: 'No price' }];
    twin.setFaults([{ kind: 'status', status, body: { failedProductList } }]);
    expect((await setStock(2)).map(({ verdict }) => verdict)).toEqual(['rejected', 'unsent']);
  });

  it.each([
    [401, 'ChannelAuthFailed'],
    [403, 'ChannelRejected'],
    [408, 'ChannelUnavailable'],
    [429, 'ChannelRateLimited'],
    [500, 'ChannelUnavailable'],
  ])('does not take a list in a %i for verdicts', async (status, type) => {
    const failedProductList = [{ productId: 'PROD/1', variantId: '000', message: 'No price' }];
    twin.setFaults([{ kind: 'status', status, body: { status: 'FAILED', failedProductList } }]);
    expect((await failureOfCall(setStock(2))).type).toBe(type);
  });

  it('does not believe a 400 that names a line which was not sent, and does not guess at a list that it cannot read', async () => {
    const body = (entry: Record<string, string>) => ({
      status: 'FAILED',
      failedProductList: [entry],
      message: 'Bad request',
    });
    twin.setFaults([{ kind: 'status', status: 400, body: body({ productId: 'OTHER', variantId: '000' }), times: 1 }]);
    const foreign = await failureOfCall(setStock(2));
    expect(foreign).toMatchObject({ type: 'ChannelContractViolated', details: { status: 400 } });
    twin.setFaults([{ kind: 'status', status: 400, body: body({ productId: 'PROD/1' }), times: 1 }]);
    const unread = await failureOfCall(setStock(2));
    expect(unread).toMatchObject({ type: 'ChannelRejected', details: { channelWords: 'Bad request' } });
  });

  it('has a refusal that names nobody halved, unless the connection says that a person is to be asked', async () => {
    twin.setState({ poison: ['PROD%2F1/001'] });
    expect(await failureOfCall(setStock(2))).toMatchObject({ type: 'ChannelRejected', mayStillApply: false });
    expect(open().capabilities.inventoryWriter?.halvesRefusals).toBe(true);
    expect(open({ halvesRefusals: false }).capabilities.inventoryWriter?.halvesRefusals).toBe(false);
  });

  it('rejects every line when all are named, and accepts the others of a PARTIAL_SUCCESS', async () => {
    twin.setState({ knownProducts: [] });
    expect((await setStock(3)).map(({ verdict }) => verdict)).toEqual(['rejected', 'rejected', 'rejected']);
    twin.setState({ knownProducts: ['PROD%2F1/001'], partialStatus: 'PARTIAL_SUCCESS' });
    expect((await setStock(3)).map(({ verdict }) => verdict)).toEqual(['rejected', 'accepted', 'rejected']);
  });

  it('is a rejection when Ajio says FAILED without naming a line', async () => {
    twin.setFaults([{ kind: 'failed-without-list' }]);
    const failure = await failureOfCall(setStock(2));
    expect(failure).toMatchObject({ type: 'ChannelRejected', mayStillApply: false });
    expect(failure.message).toContain('FAILED without naming a line');
  });

  it('knows nothing of a line that a FAILED does not name', async () => {
    twin.setFaults([{ kind: 'fail-lines' }, { kind: 'omit-lines', lines: ['PROD%2F1/001'] }]);
    expect((await setStock(3)).map(({ verdict }) => verdict)).toEqual(['rejected', 'unknown', 'rejected']);
  });

  it('reads stock back, null for what Ajio does not know', async () => {
    await setStock(3);
    twin.clearLog();
    const { capabilities, call } = open();
    const listings = [listingOf('PROD/1', '002'), listingOf('OTHER', '1'), listingOf('PROD/1', '001')];
    expect(await capabilities.inventoryReader?.readStock(listings, call)).toEqual([
      { listing: listings[0], quantity: 2 },
      { listing: listings[1], quantity: null },
      { listing: listings[2], quantity: 1 },
    ]);
    expect(twin.log()).toHaveLength(1);
  });

  it('cancels with whole pieces and confirms none', async () => {
    await cancel();
    expect(twin.log()[0]?.body).toEqual({
      order_id: 'DEMO-15056',
      order_lines: [
        { cancelled_quantity: 1, confirmed_quantity: 0, order_item_id: 'S248706067.1-1' },
        { cancelled_quantity: 2, confirmed_quantity: 0, order_item_id: 'S248706067.1-2' },
      ],
      status: 'Cancel',
    });
  });

  it.each([
    ['vendorOrderNumber', '5054778120'],
    ['customerOrderItemIdPrefix', 'S248706067'],
  ])('takes the order id from %s', async (orderIdSource, orderId) => {
    await cancel({ orderIdSource });
    await readOrder({ orderIdSource });
    expect(twin.log().map((entry) => entry.query.orderIds ?? entry.body)).toMatchObject([
      { order_id: orderId },
      orderId,
    ]);
  });

  it('sends nothing when the lines belong to two orders of Ajio, or the order id is missing', async () => {
    const [first, second] = sampleCancel.lines;
    const lines: OrderLine[] = first && second ? [first, { ...second, marketplaceItemId: 'S9.1-2' }] : [];
    const prefix = { orderIdSource: 'customerOrderItemIdPrefix' };
    const split = await failureOfCall(cancel(prefix, { ...sampleCancel, lines }));
    const plain = lines.map((line) => ({ ...line, marketplaceItemId: 'nodot' }));
    const dotless = await failureOfCall(cancel(prefix, { ...sampleCancel, lines: plain }));
    const order = { ...sampleCancel.order, vendorOrderNumber: null };
    const missing = await failureOfCall(cancel({ orderIdSource: 'vendorOrderNumber' }, { ...sampleCancel, order }));
    expect([split.type, dotless.type, missing.type]).toEqual(['InputInvalid', 'InputInvalid', 'InputInvalid']);
    expect(twin.log()).toHaveLength(0);
  });

  it('refuses what is cancelled or packed in Ajio’s words, and the order read back tells which', async () => {
    await cancel();
    const message = 'Order already cancelled';
    expect(await cancel()).toMatchObject([
      { verdict: 'refused', message },
      { verdict: 'refused', message },
    ]);
    expect((await readOrder()).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);

    twin.setState(orderWith('PACKED'));
    expect(await cancel()).toMatchObject([{ verdict: 'refused' }, { verdict: 'refused' }]);
    expect((await readOrder()).map(({ state }) => state)).toEqual(['shipped', 'shipped']);
  });

  it('decides line by line when some worked and some did not', async () => {
    twin.setFaults([{ kind: 'fail-lines', lines: ['S248706067.1-1'], message: 'Order line not found' }]);
    expect(await cancel()).toEqual([
      { lineItemSequenceNumber: '36675061', verdict: 'refused', message: 'Order line not found' },
      { lineItemSequenceNumber: '36675062', verdict: 'cancelled' },
    ]);
  });

  it('knows nothing of a line that the answer leaves out', async () => {
    twin.setFaults([{ kind: 'omit-lines', lines: ['S248706067.1-2'] }]);
    expect((await cancel()).map(({ verdict }) => verdict)).toEqual(['cancelled', 'unknown']);
    twin.setFaults([{ kind: 'failed-without-list' }]);
    expect((await cancel()).map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
  });

  it('does not believe a cancellation of a line that was not sent', async () => {
    twin.setFaults([{ kind: 'unknown-line' }]);
    const failure = await failureOfCall(cancel());
    expect(failure).toMatchObject({ type: 'ChannelContractViolated', mayStillApply: true });
  });

  it.each([
    ['CONFIRMED', 'open'],
    ['PACKED', 'shipped'],
    ['READY_TO_DISPATCH', 'shipped'],
    ['DISPATCHED', 'shipped'],
    ['DELIVERED', 'shipped'],
  ] as const)('reads %s as %s', async (status, state) => {
    twin.setState(orderWith(status));
    expect((await readOrder()).map((line) => line.state)).toEqual([state, state]);
  });

  it('reads an order that Ajio does not know as missing', async () => {
    expect((await readOrder()).map(({ state }) => state)).toEqual(['missing', 'missing']);
  });

  it('says login is refused when a 200 says so', async () => {
    const { capabilities, call } = open();
    const body = { success: false, statusCode: 401, message: 'Invalid username or password' };
    twin.setFaults([{ kind: 'status', status: 200, body }]);
    const failure = await failureOfCall(capabilities.tokenIssuer?.issueToken(call) ?? Promise.resolve());
    expect(failure).toMatchObject({
      type: 'ChannelAuthFailed',
      details: { tokenGeneration: 3, channelWords: body.message },
    });
  });
});
