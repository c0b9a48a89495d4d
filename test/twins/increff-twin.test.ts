import { type IncreffTwin, startIncreffTwin } from '../../src/twins/increff-twin';
import { call } from './calls';

const AUTH = { authUsername: 'demo-increff', authPassword: 'demo-password' };
const OTHER = { authUsername: 'other', authPassword: 'other-word', authDomainName: 'other-domain' };

let twin: IncreffTwin;
beforeAll(async () => {
  twin = await startIncreffTwin({ accounts: [AUTH, OTHER] });
});
afterAll(() => twin.stop());
beforeEach(() => twin.reset());

type Products = Record<string, unknown>;
const omsBody = (products: Products) => ({
  locationCode: 'wd003',
  products: Object.entries(products).map(([channelSkuCode, quantity]) => ({ channelSkuCode, quantity })),
});
const assureEntry = (clientSkuId: string, quantity: unknown) => ({
  clientId: 10000900,
  clientSkuId,
  inventoryPoolId: 0,
  quantity,
  fulfillmentLocationId: 1000901,
});
const assureBody = (products: Products) => Object.entries(products).map(([sku, count]) => assureEntry(sku, count));

const putOms = (body: unknown, headers: Record<string, string> = AUTH) =>
  call('PUT', `${twin.url}/usp/inventories/absolute`, { body, headers });
const putAssure = (body: unknown, headers: Record<string, string> = AUTH) =>
  call('PUT', `${twin.url}/sellfast/inventories/absolute-update`, { body, headers });

const stock = () => twin.state().stock['demo-increff'] ?? {};
const badData = (description: unknown = expect.any(String)) => ({
  status: 400,
  json: { code: 'BAD_DATA', message: 'Bad data', description },
});
const skus = (count: number): Products =>
  Object.fromEntries(Array.from({ length: count }, (_nothing, index) => [`SKU-${index}`, index]));

/** The two endpoints speak of the same thing in different shapes. */
const endpoints = [
  {
    name: 'OMS',
    body: omsBody,
    put: putOms,
    keyOf: (sku: string) => `wd003/${sku}`,
    answer: (failed: string[], succeeded: string[]) => ({ failureProducts: failed, successProducts: succeeded }),
    lists: { failure: 'failureProducts', success: 'successProducts' },
    location: 'wd003',
  },
  {
    name: 'Assure',
    body: assureBody,
    put: putAssure,
    keyOf: (sku: string) => `10000900/1000901/0/${sku}`,
    answer: (failed: string[], succeeded: string[]) => ({ failureSkus: failed, successSkus: succeeded }),
    lists: { failure: 'failureSkus', success: 'successSkus' },
    location: '1000901',
  },
  {
    name: 'Assure on the path of OMS',
    body: assureBody,
    put: putOms,
    keyOf: (sku: string) => `10000900/1000901/0/${sku}`,
    answer: (failed: string[], succeeded: string[]) => ({ failureSkus: failed, successSkus: succeeded }),
    lists: { failure: 'failureSkus', success: 'successSkus' },
    location: '1000901',
  },
];

it('takes Assure’s list where it is said to be, and nowhere else', async () => {
  const here = { status: 200 };
  const gone = { status: 404, json: { code: 'NOT_FOUND' } };
  twin.setState({ assurePath: '/usp/inventories/absolute' });
  expect(await putOms(assureBody({ A: 1 }))).toMatchObject(here);
  expect(await putAssure(assureBody({ A: 1 }))).toMatchObject(gone);
  twin.setState({ assurePath: '/sellfast/inventories/absolute-update' });
  expect(await putOms(assureBody({ A: 1 }))).toMatchObject(gone);
  expect(await putAssure(assureBody({ A: 1 }))).toMatchObject(here);
  expect(await putOms(omsBody({ A: 1 }))).toMatchObject(here);
});

describe.each(endpoints)('$name', ({ body, put, keyOf, answer, lists, location }) => {
  it('sets absolute quantities and names every SKU', async () => {
    twin.setState({ stock: { 'demo-increff': { [keyOf('B')]: 7 } } });
    expect(await put(body({ ITEM302: 40, B: 0 }))).toMatchObject({ status: 200, json: answer([], ['ITEM302', 'B']) });
    expect(stock()).toEqual({ [keyOf('ITEM302')]: 40, [keyOf('B')]: 0 });
    expect(twin.log().at(-1)).toMatchObject({
      account: 'demo-increff',
      authorized: true,
      effectSeq: expect.any(Number),
      applied: [
        { what: 'stock', key: keyOf('ITEM302'), quantity: 40, before: null },
        { what: 'stock', key: keyOf('B'), quantity: 0, before: 7 },
      ],
    });
    expect(twin.state().requests).toEqual({ 'demo-increff': 1 });
    expect(Object.values(twin.state().violations).every((count) => count === 0)).toBe(true);
  });

  it('lists the SKUs that it does not know as failures, and takes the others', async () => {
    twin.setState({ knownSkus: ['A'] });
    expect((await put(body({ A: 1, B: 2 }))).json).toEqual(answer(['B'], ['A']));
    expect(stock()).toEqual({ [keyOf('A')]: 1 });
  });

  it('takes 300 SKUs and refuses 301', async () => {
    expect((await put(body(skus(300)))).status).toBe(200);
    twin.reset();
    expect(await put(body(skus(301)))).toMatchObject(badData('At most 300 SKUs per request, got 301'));
    expect(twin.state()).toMatchObject({ stock: {}, violations: { batchTooLarge: 1 } });
  });

  it.each([[-1], [1.5], ['5'], [null], [undefined], [2 ** 31]])(
    'refuses the whole request for the quantity %p',
    async (quantity) => {
      expect(await put(body({ A: 1, B: quantity }))).toMatchObject(badData(expect.stringContaining('1.quantity')));
      expect(twin.state()).toMatchObject({ stock: {}, violations: { badBody: 1 } });
    },
  );

  it('refuses the whole request for an empty code, no lines, no body and broken JSON', async () => {
    for (const bad of [body({ A: 1, '': 1 }), body({}), undefined, '{"locationCode":"wd003","products":[],}', '[1,]'])
      expect(await put(bad)).toMatchObject(badData());
    expect(twin.state()).toMatchObject({ stock: {}, violations: { badBody: 5 } });
  });

  it('refuses the whole request for a location that it does not know', async () => {
    twin.setState({ knownLocations: ['elsewhere'] });
    expect(await put(body({ A: 1 }))).toMatchObject(badData(`Unknown location ${location}`));
    expect(stock()).toEqual({});
    twin.setState({ knownLocations: [location] });
    expect((await put(body({ A: 1 }))).status).toBe(200);
  });

  it('refuses the whole request for one poisonous SKU, without naming it', async () => {
    twin.setState({ poison: ['B'] });
    expect(await put(body({ A: 1, B: 2 }))).toMatchObject(badData('The request holds an entry that is not valid'));
    expect(stock()).toEqual({});
    expect((await put(body({ A: 1 }))).json).toEqual(answer([], ['A']));
    expect(twin.state().violations.badBody).toBe(0);
  });

  it('spells codes differently when told so, and keeps a code that has no digit', async () => {
    twin.setState({ respellCodes: true, knownSkus: ['ITEM302', 'PLAIN'] });
    expect((await put(body({ ITEM302: 40, PLAIN: 1, 'X-7B': 2 }))).json).toEqual(answer(['7B'], ['302', 'PLAIN']));
    expect(stock()).toEqual({ [keyOf('ITEM302')]: 40, [keyOf('PLAIN')]: 1 });
  });

  it.each([
    ['none', { A: 1 }, ['failure', 'success']],
    ['empty', { A: 1 }, ['success']],
    ['empty', { B: 1 }, ['failure']],
    ['failure', { A: 1, B: 2 }, ['success']],
    ['success', { A: 1, B: 2 }, ['failure']],
    ['both', { A: 1, B: 2 }, []],
  ] as const)('with omittedLists %s and %j answers with the lists %j', async (omittedLists, products, shown) => {
    twin.setState({ omittedLists, knownSkus: ['A'] });
    const got = await put(body(products));
    expect(got.status).toBe(200);
    expect(Object.keys(JSON.parse(got.text))).toEqual(shown.map((which) => lists[which]));
  });

  it('applies SKUs that its answer leaves out', async () => {
    twin.setFaults([{ kind: 'omit-lines', lines: [keyOf('B')] }]);
    expect((await put(body({ A: 1, B: 2 }))).json).toEqual(answer([], ['A']));
    expect(stock()).toEqual({ [keyOf('A')]: 1, [keyOf('B')]: 2 });
  });

  it('rejects lines, names a line that was never sent, or names nothing, by fault', async () => {
    twin.setFaults([{ kind: 'fail-lines', lines: [keyOf('A')] }, { kind: 'unknown-line' }]);
    expect((await put(body({ A: 1, B: 2 }))).json).toEqual(answer(['A'], ['B', 'UNKNOWN-LINE']));
    twin.setFaults([{ kind: 'failed-without-list' }]);
    expect((await put(body({ C: 3 }))).json).toEqual(answer([], []));
    expect(stock()).toEqual({ [keyOf('B')]: 2 });
  });

  it.each<[string, Record<string, string>, string]>([
    ['no credentials', {}, 'missingToken'],
    ['no password', { authUsername: 'demo-increff' }, 'missingToken'],
    ['a wrong password', { ...AUTH, authPassword: 'wrong' }, 'unknownToken'],
    ['an unknown user', { ...AUTH, authUsername: 'nobody' }, 'unknownToken'],
    ['a domain that was not issued', { ...AUTH, authDomainName: 'demo' }, 'unknownToken'],
    ['no domain although one was issued', { authUsername: 'other', authPassword: 'other-word' }, 'unknownToken'],
    ['another domain than the issued one', { ...OTHER, authDomainName: 'demo' }, 'unknownToken'],
  ])('refuses %s', async (_what, headers, violation) => {
    expect(await put(body({ A: 1 }), headers)).toMatchObject({
      status: 401,
      json: { code: 'UNAUTHORIZED', message: 'Unauthorized', description: 'Invalid credentials' },
    });
    expect(twin.state()).toMatchObject({ stock: {}, requests: {}, violations: { [violation]: 1 } });
    expect(twin.log().at(-1)).toMatchObject({ account: null, authorized: false });
  });

  it('keeps the stock of each account apart', async () => {
    await put(body({ A: 1 }));
    expect((await put(body({ A: 2 }), OTHER)).status).toBe(200);
    expect(twin.state().stock).toEqual({ 'demo-increff': { [keyOf('A')]: 1 }, other: { [keyOf('A')]: 2 } });
  });
});

describe('requests of one shape only', () => {
  it.each([
    ['no location', { locationCode: undefined }, 'locationCode'],
    ['a location as a number', { locationCode: 3 }, 'locationCode'],
    ['the table’s spelling of the code', { products: [{ channelskuCode: 'A', quantity: 1 }] }, 'products.0'],
    ['a field too many', { email: 'someone@example.com' }, 'email'],
  ])('OMS refuses %s', async (_what, change, named) => {
    const got = await putOms({ ...omsBody({ A: 1 }), ...change });
    expect(got).toMatchObject(badData(expect.stringContaining(named)));
    expect(stock()).toEqual({});
  });

  it.each([
    ['no client', { clientId: undefined }, '0.clientId'],
    ['a client as text', { clientId: '10000900' }, '0.clientId'],
    ['no location', { fulfillmentLocationId: undefined }, '0.fulfillmentLocationId'],
    ['a pool as text', { inventoryPoolId: 'main' }, '0.inventoryPoolId'],
    ['a SKU as a number', { clientSkuId: 1 }, '0.clientSkuId'],
  ])('Assure refuses %s', async (_what, change, named) => {
    const got = await putAssure([{ ...assureEntry('A', 1), ...change }]);
    expect(got).toMatchObject(badData(expect.stringContaining(named)));
    expect(stock()).toEqual({});
  });

  it('Assure keeps pools and the common pool apart', async () => {
    const { inventoryPoolId, ...common } = assureEntry('A/1', 5);
    expect((await putAssure([common, assureEntry('A/1', 6)])).json).toEqual({
      failureSkus: [],
      successSkus: ['A/1', 'A/1'],
    });
    expect(stock()).toEqual({
      '10000900/1000901//A%2F1': 5,
      [`10000900/1000901/${inventoryPoolId}/A%2F1`]: 6,
    });
    expect(twin.state().violations.duplicateLine).toBe(0);
  });

  it('a line that stands twice: the last one wins, and it is counted', async () => {
    const products = [1, 2].map((quantity) => ({ channelSkuCode: 'A', quantity }));
    expect((await putOms({ locationCode: 'wd003', products })).json).toMatchObject({ successProducts: ['A', 'A'] });
    expect(stock()).toEqual({ 'wd003/A': 2 });
    expect(twin.state().violations.duplicateLine).toBe(1);
  });
});
