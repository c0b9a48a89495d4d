import { increffOmsConnector } from '../../src/connectors/increff-oms';
import type { WmsItem } from '../../src/connectors/ports';
import type { Connection } from '../../src/contracts/connection';
import { type IncreffTwin, startIncreffTwin } from '../../src/twins/increff-twin';
import { failureOfCall } from './connector-failure';
import { type ConnectorUnderTest, openerFor, present, twinHttp } from './connector-under-test';
import { describeConnector } from './describe-connector';
import { INCREFF_ACCOUNT, increffLines, THEIR_ACCOUNT, twinCodeOf } from './increff-samples';
import { sampleConnection } from './samples';

const connectionWith = (changes: Partial<Connection> = {}): Connection =>
  sampleConnection({
    channel: 'increff-oms',
    credentials: INCREFF_ACCOUNT,
    accessToken: null,
    settings: { locationCode: 'wd003' },
    ...changes,
  });

const suite: ConnectorUnderTest<IncreffTwin> = {
  connector: increffOmsConnector,
  startTwin: () => startIncreffTwin(),
  endpoints: (twin) => ({ INCREFF_BASE_URL: twin.url }),
  connection: () => connectionWith(),
  wrongCredentials: THEIR_ACCOUNT,
  limits: 'account',
  badSettings: [
    [{}, 'locationCode'],
    [{ locationCode: ' ' }, 'locationCode'],
    [{ locationCode: 'wd003', batchSize: 301 }, 'batchSize'],
    [{ locationCode: 'wd003', batchSize: 0 }, 'batchSize'],
    [{ locationCode: 'wd003', requestsPerMinute: 201 }, 'requestsPerMinute'],
    [{ locationCode: 'wd003', requestsPerMinute: 0 }, 'requestsPerMinute'],
    [{ locationCode: 'wd003', listingFrom: 'itemID' }, 'listingFrom'],
    [{ locationCode: 'wd003', rateLimitClient: '' }, 'rateLimitClient'],
  ],
  stock: {
    lines: increffLines,
    maxLines: 300,
    keyOf: (line) => `wd003/${twinCodeOf(line)}`,
    notFound: 'InputInvalid',
    rejection: 'Increff lists it under failureProducts',
  },
};

describeConnector(suite);

describe('Increff OMS', () => {
  const http = twinHttp();
  let twin: IncreffTwin;
  beforeAll(async () => {
    twin = await suite.startTwin();
  });
  beforeEach(() => twin.reset());
  afterAll(async () => {
    await twin.stop();
    await http.close();
  });
  const setStock = async (lines = increffLines(3), changes: Partial<Connection> = {}) => {
    const { capabilities, call } = openerFor(suite, http)(twin, changes);
    return present(capabilities.inventoryWriter).setStock(lines, call);
  };

  it('sends what the source document shows, and breaks no rule', async () => {
    await setStock([{ listing: 'ITEM302', quantity: 40 }]);
    expect(twin.log()).toMatchObject([
      {
        method: 'PUT',
        path: '/usp/inventories/absolute',
        body: { locationCode: 'wd003', products: [{ quantity: 40, channelSkuCode: 'ITEM302' }] },
      },
    ]);
    expect(Object.values(twin.state().violations).filter((count) => count > 0)).toEqual([]);
  });

  it('does not believe the source’s own answer, 302 for ITEM302', async () => {
    twin.setState({ respellCodes: true });
    const failure = await failureOfCall(setStock([{ listing: 'ITEM302', quantity: 40 }]));
    expect(failure).toMatchObject({ type: 'ChannelContractViolated', mayStillApply: true });
    expect(failure.message).toContain('codes in the answer that were not sent: 1');
  });

  it('knows nothing of a line in neither list, and says so in Increff’s terms', async () => {
    twin.setFaults([{ kind: 'omit-lines', lines: ['wd003/SKU%2F1'] }]);
    const verdicts = await setStock();
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['accepted', 'unknown', 'accepted']);
    expect(verdicts[1]).toMatchObject({ message: expect.stringContaining('neither under failureProducts') });
  });

  it.each(['failure', 'empty'] as const)('reads an answer that leaves out lists: %s', async (omittedLists) => {
    twin.setState({ omittedLists });
    expect((await setStock()).map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('does not believe an answer without lists', async () => {
    twin.setState({ omittedLists: 'both' });
    expect((await failureOfCall(setStock())).type).toBe('ChannelContractViolated');
  });

  it('is refused as a whole for one line at fault, and asks to be halved', async () => {
    twin.setState({ poison: ['SKU/1'] });
    const failure = await failureOfCall(setStock());
    expect(failure).toMatchObject({ type: 'ChannelRejected', mayStillApply: false, details: { status: 400 } });
    expect(failure.details.channelWords).toMatch(/^BAD_DATA: .+; .+/);
    expect(openerFor(suite, http)(twin).capabilities.inventoryWriter?.halvesRefusals).toBe(true);
  });

  it('is limited without being told for how long', async () => {
    twin.setState({ rateLimit: { requests: 1, windowMs: 60_000 } });
    await setStock();
    const failure = await failureOfCall(setStock());
    expect(failure).toMatchObject({ type: 'ChannelRateLimited', details: { retryAfterMs: 30_000 } });
  });

  it('sends the domain where one was issued', async () => {
    twin.setState({ accounts: [{ ...INCREFF_ACCOUNT, authDomainName: 'demo-domain' }] });
    const credentials = { ...INCREFF_ACCOUNT, authDomainName: 'demo-domain' };
    expect((await setStock(increffLines(1), { credentials }))[0]?.verdict).toBe('accepted');
    const without = { ...INCREFF_ACCOUNT, authDomainName: '' };
    expect((await failureOfCall(setStock(increffLines(1), { credentials: without }))).type).toBe('ChannelAuthFailed');
  });

  it.each(['', ' demo-increff', 'demo\r\nx-injected: 1', 'démo'])('refuses the user name %j', async (authUsername) => {
    const failure = await failureOfCall(setStock(undefined, { credentials: { ...INCREFF_ACCOUNT, authUsername } }));
    expect(failure).toMatchObject({
      type: 'InputInvalid',
      message: expect.stringContaining('inputFields.authUsername'),
    });
    expect(twin.log()).toHaveLength(0);
  });

  it('sends nothing anywhere before an address is set', async () => {
    const context = { http, endpoints: {}, now: Date.now };
    const { inventoryWriter } = increffOmsConnector.open(connectionWith(), context);
    const call = { signal: new AbortController().signal };
    const failure = await failureOfCall(present(inventoryWriter).setStock(increffLines(1), call));
    expect(failure).toMatchObject({ type: 'InputInvalid', message: expect.stringContaining('increff.invalid') });
  });

  it('goes to the connection’s own address', async () => {
    const baseUrl = `${twin.url}/`;
    const context = { http, endpoints: { INCREFF_BASE_URL: 'http://127.0.0.1:9' }, now: Date.now };
    const settings = { locationCode: 'wd003', baseUrl };
    const { inventoryWriter } = increffOmsConnector.open(connectionWith({ settings }), context);
    const call = { signal: new AbortController().signal };
    expect(await present(inventoryWriter).setStock(increffLines(1), call)).toMatchObject([{ verdict: 'accepted' }]);
  });

  describe('names a listing', () => {
    const item: WmsItem = { productId: 'P/1', variantId: '0022', sku: 'SKU 1', sellerSku: 'S%1' };
    const listingFor = (settings: object, given: WmsItem = item) =>
      increffOmsConnector.listingFor(given, connectionWith({ settings }));

    it.each([
      [{}, 'SKU 1'],
      [{ listingFrom: 'sku' }, 'SKU 1'],
      [{ listingFrom: 'sellerSku' }, 'S%251'],
      [{ listingFrom: 'variantId' }, '0022'],
      [{ listingFrom: 'productId' }, 'P%2F1'],
    ])('by the settings %j', (settings, listing) => {
      expect(listingFor(settings)).toBe(listing);
    });

    it('by a code alone, whichever field codes come from', () => {
      const connection = connectionWith({ settings: { listingFrom: 'productId' } });
      expect(increffOmsConnector.listingForCode('P/1', connection)).toBe('P%2F1');
    });

    it('but not of an item without the field', () => {
      expect(() => listingFor({ listingFrom: 'sellerSku' }, { sku: 'SKU 1' })).toThrow(/^sellerSku is missing$/);
    });
  });
});
