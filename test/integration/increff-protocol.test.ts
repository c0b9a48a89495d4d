import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

const OMS = '/usp/inventories/absolute';
const ASSURE = '/sellfast/inventories/absolute-update';

let scene: Scene;
let tenant: Tenant;
let credentials: Record<string, string>;

/** A key that is bound to the connection, as Increff's three headers. */
async function credentialsOf({
  slug,
  connectionId,
}: Pick<Tenant, 'slug' | 'connectionId'>): Promise<Record<string, string>> {
  const { keyId, key } = await scene.stand.stores.keys.create({ accountSlug: slug, name: 'increff', connectionId });
  return { authUsername: keyId, authPassword: key };
}

async function put(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${scene.stand.gatewayUrl}${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...credentials, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const oms = (...products: [code: string, quantity: unknown][]) => ({
  locationCode: 'wd003',
  products: products.map(([channelSkuCode, quantity]) => ({ quantity, channelSkuCode })),
});
const badData = (text: string) => {
  const body: unknown = JSON.parse(text);
  expect(body).toEqual({ code: 'BAD_DATA', message: expect.any(String), description: expect.any(String) });
  return String(Reflect.get(Object(body), 'description'));
};

beforeAll(async () => {
  scene = await startScene();
  tenant = await scene.tenants.add('increff-speaker', { settings: { batchSize: 50 } });
  credentials = await credentialsOf(tenant);
});
afterAll(() => scene.stop());

it('answers the requests of the source in the shape of the source, and delivers them to the connection', async () => {
  const first = await put(OMS, { locationCode: 'wd003', products: [{ quantity: 40, channelSkuCode: 'P1/ITEM302' }] });
  expect([first.status, first.text]).toEqual([200, '{"failureProducts":[],"successProducts":["P1/ITEM302"]}']);
  const second = await put(ASSURE, [
    { clientId: 10000900, clientSkuId: 'P1/SKU1', inventoryPoolId: 0, quantity: 10, fulfillmentLocationId: 1000901 },
  ]);
  expect([second.status, second.text]).toEqual([200, '{"failureSkus":[],"successSkus":["P1/SKU1"]}']);
  const stock = () => scene.stand.ajio.state().stock[tenant.slug] ?? {};
  await eventually('both at Ajio', () => (Object.keys(stock()).length === 2 ? true : undefined));
  expect(stock()).toEqual({ 'P1/ITEM302': 40, 'P1/SKU1': 10 });
});

it('tells the channel’s verdicts when it is asked to wait, and what is undecided as such', async () => {
  scene.stand.ajio.setFaults([
    {
      on: { account: tenant.slug, path: '/updateInventory' },
      kind: 'fail-lines',
      lines: ['P2/bad'],
      message: 'Product not found',
    },
  ]);
  const decided = await put(OMS, oms(['P2/good', 1], ['P2/bad', 2]), { prefer: 'respond-async, wait=20' });
  expect(decided.headers.get('preference-applied')).toBe('wait=20');
  expect(JSON.parse(decided.text)).toEqual({ failureProducts: ['P2/bad'], successProducts: ['P2/good'] });

  scene.stand.ajio.setFaults([
    { on: { account: tenant.slug, path: '/updateInventory' }, kind: 'status', status: 503, times: 1 },
  ]);
  const undecided = await put(
    ASSURE,
    [{ clientId: 1, clientSkuId: 'P3/slow', quantity: 1, fulfillmentLocationId: 1 }],
    { prefer: 'wait=1' },
  );
  expect(JSON.parse(undecided.text)).toEqual({ failureSkus: [], successSkus: [], pendingSkus: ['P3/slow'] });
  scene.stand.ajio.clearFaults();
});

it('caps the wait, and ignores a preference that it cannot read', async () => {
  const capped = await put(OMS, oms(['P4/a', 1]), { prefer: 'wait=86400' });
  expect(capped.headers.get('preference-applied')).toBe('wait=20');
  const ignored = await put(OMS, oms(['P4/a', 2]), { prefer: 'wait=soon' });
  expect(ignored.headers.get('preference-applied')).toBeNull();
});

it.each([
  ['no credentials', { authUsername: '', authPassword: '' }],
  ['another user name', { authUsername: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }],
  ['another domain', { authDomainName: 'elsewhere' }],
])('refuses %s in Increff’s shape', async (_what, headers) => {
  const answer = await put(OMS, oms(['P/a', 1]), headers);
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'UNAUTHORIZED', message: expect.any(String) });
});

it('takes the account as the domain, and refuses a key that is bound to no connection', async () => {
  expect((await put(OMS, oms(['P5/a', 1]), { authDomainName: tenant.slug })).status).toBe(200);
  const free = await scene.stand.stores.keys.create({ accountSlug: tenant.slug, name: 'free', connectionId: null });
  const answer = await put(OMS, oms(['P5/a', 1]), { authUsername: free.keyId, authPassword: free.key });
  expect([answer.status, JSON.parse(answer.text).description]).toEqual([401, 'this key is bound to no connection']);
});

it('lists single lines at fault and stores the others', async () => {
  const answer = await put(
    OMS,
    oms(['P6/ok', 7], ['P6/negative', -1], ['P6/half', 1.5], ['no-variant', 1], ['P6/text', 'many']),
  );
  expect(JSON.parse(answer.text)).toEqual({
    failureProducts: ['P6/negative', 'P6/half', 'no-variant', 'P6/text'],
    successProducts: ['P6/ok'],
  });
  const [newest] = await scene.stand.stores.db.select<{ id: string }>(
    "SELECT id FROM submissions WHERE source = 'increff' ORDER BY id DESC LIMIT 1",
  );
  const lines = await scene.stand.stores.submissions.lines(newest?.id ?? '', {
    status: 'error',
    afterRow: 0,
    limit: 10,
  });
  expect(lines.map((line) => line.error)).toEqual([
    'quantity: is negative',
    'quantity: is not a whole number',
    'code: Ajio knows products and variants: send productId/variantId',
    'quantity: is not a number',
  ]);
});

it('lets the last of several lines for one code win, and names it once', async () => {
  const answer = await put(OMS, oms(['P7/a', 1], ['P7/a', -1], ['P7/a', 5], ['P7/b', 5], ['P7/b', -5]), {
    prefer: 'wait=20',
  });
  expect(JSON.parse(answer.text)).toEqual({ failureProducts: ['P7/b'], successProducts: ['P7/a'] });
  expect(scene.stand.ajio.state().stock[tenant.slug]).toMatchObject({ 'P7/a': 5, 'P7/b': 5 });
});

it('takes both spellings of the code, and refuses two different codes for one line', async () => {
  const old = await put(OMS, { locationCode: 'wd003', products: [{ channelskuCode: 'P8/a', quantity: '3' }] });
  expect(JSON.parse(old.text)).toEqual({ failureProducts: [], successProducts: ['P8/a'] });
  const both = await put(OMS, {
    locationCode: 'w',
    products: [{ channelskuCode: 'P8/a', channelSkuCode: 'P8/b', quantity: 3 }],
  });
  expect([both.status, badData(both.text)]).toEqual([
    400,
    'products.0.channelskuCode: is another code than channelSkuCode',
  ]);
});

it('refuses as a whole, with every fault, what is not Increff’s request', async () => {
  const refused = async (path: string, body: unknown) => {
    const answer = await put(path, body);
    expect(answer.status).toBe(400);
    return badData(answer.text);
  };
  const many = Array.from({ length: 301 }, (_, index): [string, number] => [`P9/${index}`, 1]);
  expect(await refused(OMS, oms(...many))).toBe('products: has more than 300 SKUs');
  expect(await refused(OMS, oms())).toBe('products: has no SKU');
  expect(await refused(OMS, { products: [{ quantity: 1 }] })).toMatch(
    /^locationCode: .+; products\.0\.channelSkuCode: is required$/,
  );
  expect(await refused(ASSURE, [{ clientSkuId: 'P9/a', quantity: 1 }])).toMatch(
    /0\.clientId: .+; 0\.fulfillmentLocationId: /,
  );
  expect(await refused(ASSURE, { clientId: 1 })).toMatch(/array/);
  expect(await refused(OMS, '{')).toBe('is not JSON');
  // A field that Increff does not know changes nothing, as at Increff.
  expect((await put(OMS, { ...oms(['P9/a', 1]), note: 'x' })).status).toBe(200);
});

it('keeps the connection’s own location, and one number for a SKU', async () => {
  const own = await credentialsOf({ slug: 'spykar', connectionId: 294 });
  const elsewhere = await put(OMS, oms(['P10/a', 1]), own);
  expect(JSON.parse(elsewhere.text)).toEqual({ failureProducts: ['P10/a'], successProducts: [] });
  const here = await put(OMS, { ...oms(['P10/a', 1]), locationCode: 'POB1' }, own);
  expect(JSON.parse(here.text)).toEqual({ failureProducts: [], successProducts: ['P10/a'] });
  const line = { clientId: 1, clientSkuId: 'P10/b', quantity: 1, fulfillmentLocationId: 1 };
  const pools = await put(ASSURE, [
    line,
    { ...line, inventoryPoolId: 2 },
    { ...line, clientSkuId: 'P10/c', inventoryPoolId: 2 },
  ]);
  expect(JSON.parse(pools.text)).toEqual({ failureSkus: ['P10/b'], successSkus: ['P10/c'] });
});
