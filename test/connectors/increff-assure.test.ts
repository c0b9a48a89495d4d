import { increffAssureConnector } from '../../src/connectors/increff-assure';
import { increffOmsConnector } from '../../src/connectors/increff-oms';
import type { Connection } from '../../src/contracts/connection';
import { type IncreffTwin, startIncreffTwin } from '../../src/twins/increff-twin';
import { failureOfCall } from './connector-failure';
import { type ConnectorUnderTest, openerFor, present, twinHttp } from './connector-under-test';
import { describeConnector } from './describe-connector';
import { INCREFF_ACCOUNT, increffLines, THEIR_ACCOUNT, twinCodeOf } from './increff-samples';
import { sampleConnection } from './samples';

const ENDPOINTS = { INCREFF_BASE_URL: 'https://increff.test' };
const PLACE = { clientId: 10000900, fulfillmentLocationId: 1000901 };

const connectionWith = (changes: Partial<Connection> = {}): Connection =>
  sampleConnection({
    channel: 'increff-assure',
    credentials: INCREFF_ACCOUNT,
    accessToken: null,
    settings: PLACE,
    ...changes,
  });

const suite: ConnectorUnderTest<IncreffTwin> = {
  connector: increffAssureConnector,
  startTwin: () => startIncreffTwin(),
  endpoints: (twin) => ({ INCREFF_BASE_URL: twin.url }),
  connection: () => connectionWith(),
  wrongCredentials: THEIR_ACCOUNT,
  limits: 'account',
  badSettings: [
    [{ fulfillmentLocationId: 1 }, 'clientId'],
    [{ clientId: 1 }, 'fulfillmentLocationId'],
    [{ ...PLACE, clientId: '10000900' }, 'clientId'],
    [{ ...PLACE, fulfillmentLocationId: 0 }, 'fulfillmentLocationId'],
    [{ ...PLACE, inventoryPoolId: 1.5 }, 'inventoryPoolId'],
    [{ ...PLACE, batchSize: 301 }, 'batchSize'],
    [{ ...PLACE, requestsPerMinute: 201 }, 'requestsPerMinute'],
    [{ ...PLACE, listingFrom: 'itemID' }, 'listingFrom'],
    [{ ...PLACE, inventoryPath: 'usp/inventories' }, 'inventoryPath'],
    [{ ...PLACE, inventoryPath: '/usp/../admin' }, 'inventoryPath'],
    [{ ...PLACE, inventoryPath: '' }, 'inventoryPath'],
  ],
  stock: {
    lines: increffLines,
    maxLines: 300,
    keyOf: (line) => `10000900/1000901//${twinCodeOf(line)}`,
    notFound: 'InputInvalid',
    rejection: 'Increff lists it under failureSkus',
  },
};

describeConnector(suite);

describe('Increff Assure', () => {
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
  const setStock = async (settings: object) => {
    const { capabilities, call } = openerFor(suite, http)(twin, { settings });
    return present(capabilities.inventoryWriter).setStock([{ listing: 'SKU1', quantity: 10 }], call);
  };

  it('sends what the source document shows, a bare list, and breaks no rule', async () => {
    await setStock({ ...PLACE, inventoryPoolId: 0 });
    expect(twin.log()).toMatchObject([{ method: 'PUT', path: '/usp/inventories/absolute' }]);
    expect(twin.log()[0]?.body).toEqual([
      { clientId: 10000900, clientSkuId: 'SKU1', inventoryPoolId: 0, quantity: 10, fulfillmentLocationId: 1000901 },
    ]);
    expect(Object.values(twin.state().violations).filter((count) => count > 0)).toEqual([]);
  });

  it('sends to the path that the connection names', async () => {
    const inventoryPath = '/sellfast/inventories/absolute-update';
    twin.setState({ assurePath: inventoryPath });
    expect(await failureOfCall(setStock(PLACE))).toMatchObject({
      type: 'InputInvalid',
      message: expect.stringMatching(/\/usp\/inventories\/absolute.*inventoryPath/),
      details: { status: 404 },
    });
    expect(await setStock({ ...PLACE, inventoryPath })).toMatchObject([{ verdict: 'accepted' }]);
    twin.setState({ assurePath: '/usp/inventories/absolute' });
    expect((await failureOfCall(setStock({ ...PLACE, inventoryPath }))).details.status).toBe(404);
  });

  it('names no pool for the common one', async () => {
    await setStock(PLACE);
    expect(twin.log()[0]?.body).toEqual([
      { clientId: 10000900, clientSkuId: 'SKU1', quantity: 10, fulfillmentLocationId: 1000901 },
    ]);
  });

  it.each(['failure', 'empty'] as const)('reads an answer that leaves out lists: %s', async (omittedLists) => {
    twin.setState({ omittedLists });
    expect(await setStock(PLACE)).toEqual([{ listing: 'SKU1', verdict: 'accepted' }]);
  });

  it('knows nothing of what it sent when only an empty list of failures comes back', async () => {
    twin.setState({ omittedLists: 'success' });
    expect(await setStock(PLACE)).toMatchObject([{ listing: 'SKU1', verdict: 'unknown' }]);
  });
});

describe('the limit of one client of Increff', () => {
  const assureGate = (changes: Partial<Connection> = {}) =>
    increffAssureConnector.gate(connectionWith(changes), ENDPOINTS);
  const omsGate = (changes: Partial<Connection> = {}) =>
    increffOmsConnector.gate(connectionWith({ channel: 'increff-oms', ...changes }), ENDPOINTS);
  const at = (baseUrl: string) => ({ settings: { ...PLACE, baseUrl } });

  it('is one for both channels, 200 requests a minute', () => {
    expect(assureGate()).toEqual({ key: expect.stringMatching(/^increff\/[0-9a-f]{64}$/), requestsPerMinute: 200 });
    expect(omsGate({ id: 7, accountSlug: 'other' })).toEqual(assureGate());
    expect(omsGate(at('https://one.test/oms')).key).toBe(assureGate(at('https://ONE.test/assure/')).key);
  });

  it.each<[string, Partial<Connection>]>([
    ['user name', { credentials: { ...INCREFF_ACCOUNT, authUsername: 'their-increff' } }],
    ['domain', { credentials: { ...INCREFF_ACCOUNT, authDomainName: 'their-domain' } }],
    ['host', at('https://one.test')],
  ])('is another for another %s', (_name, changes) => {
    expect(assureGate(changes).key).not.toBe(assureGate().key);
  });

  it('does not change with the password, or with an empty domain', () => {
    const credentials = { ...INCREFF_ACCOUNT, authPassword: 'a new password', authDomainName: '' };
    expect(assureGate({ credentials })).toEqual(assureGate());
  });

  it('can be shared by name, whatever address and credentials are', () => {
    const named = { settings: { ...PLACE, rateLimitClient: 'brand', baseUrl: 'https://one.test' } };
    const key = assureGate(named).key;
    expect(omsGate({ credentials: THEIR_ACCOUNT, settings: { rateLimitClient: ' brand ' } }).key).toBe(key);
    expect(assureGate({ settings: { ...PLACE, rateLimitClient: 'other' } }).key).not.toBe(key);
    expect(assureGate().key).not.toBe(key);
    expect(key).not.toContain('brand');
  });
});
