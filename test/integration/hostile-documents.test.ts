import inventoryEvent from '../fixtures/events/inventory.json';
import unfulfillableEvent from '../fixtures/events/unfulfillable.json';
import { STOCK_CONNECTION, type Stand, startStand, WMS_CONNECTION } from '../stand/stand';
import { postText } from './gateway-client';

let stand: Stand;
let bound: { keyId: string; key: string };
beforeAll(async () => {
  stand = await startStand({ worker: false });
  bound = await stand.stores.keys.create({ accountSlug: 'spykar', name: 'test', connectionId: STOCK_CONNECTION });
});
afterAll(() => stand.stop());

/** The most that `Prefer: wait` gets. */
const MAX_WAIT_MS = 20_000;
/** Of this process, the gateway included: what grows with the square of the document, or doubles, takes many times as much. */
const MAX_PROCESSOR_SECONDS = 5;
const DEEP = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
const DEEP_OBJECT = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
const stock = JSON.stringify({ ...inventoryEvent, message_id: 'hostile' });
const order = JSON.stringify(unfulfillableEvent);
const oms = '{"locationCode":"W","products":[{"channelSkuCode":"A","quantity":1}]}';
const assure = '[{"clientId":1,"clientSkuId":"A","quantity":1,"fulfillmentLocationId":1}]';
const sync = '{"query":"{ inventory_sync_statuses { data(first: 1) { edges { cursor } } } }"}';

/** Each route that takes a body: one that it takes, and how it is asked. */
const ROUTES: [path: string, method: string, body: string, taken: number][] = [
  ['/events/inventory', 'POST', stock, 202],
  ['/events/order', 'POST', order, 202],
  ['/usp/inventories/absolute', 'PUT', oms, 200],
  ['/sellfast/inventories/absolute-update', 'PUT', assure, 200],
  ['/graphql', 'POST', sync, 200],
];

const keysFor = (path: string): Record<string, string> =>
  path.startsWith('/events/order')
    ? { 'x-api-key': stand.keys.raymond }
    : { 'x-api-key': stand.keys.spykar, authusername: bound.keyId, authpassword: bound.key };
const send = (path: string, method: string, body: string, headers: Record<string, string> = {}) =>
  postText(stand, path, body, { ...keysFor(path), ...headers }, method);

/** Bytes as they are, which text cannot be. */
async function sendBytes(path: string, method: string, body: Buffer, type = 'application/json') {
  const headers = { ...keysFor(path), 'content-type': type };
  const answer = await fetch(stand.gatewayUrl + path, { method, headers, body: new Uint8Array(body) });
  return { status: answer.status, text: await answer.text() };
}

describe.each(ROUTES)('%s', (path, method, body, taken) => {
  /** What does not fit is 422 in our own words, 400 in those of the others' protocols. */
  const unfit = path.startsWith('/events') ? 422 : 400;
  const array = body.startsWith('[');
  /** The body with something more in it, where nobody looks. */
  const beside = (field: string) => (array ? body.replace('{', `{${field},`) : body.replace('{', `{${field},`));

  it('takes what the others are made of', async () => {
    expect((await send(path, method, body)).status).toBe(taken);
  });

  it.each([
    ['__proto__', '"__proto__":{"polluted":true}'],
    ['a hidden __proto__', '"\\u005f_proto__":{"polluted":true}'],
    ['constructor.prototype', '"constructor":{"prototype":{"polluted":true}}'],
  ])('refuses %s, and nobody inherits it', async (_name, field) => {
    expect((await send(path, method, beside(field))).status).toBe(unfit);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it.each([
    ['a list of 10,000 levels', `"x":${DEEP}`],
    ['an object of 10,000 levels', `"x":${DEEP_OBJECT}`],
    ['half a character', '"x":"\\ud800"'],
    ['the same name twice', '"x":1,"x":2'],
    ['a number beyond all', '"x":1e400'],
    ['2^53+1', '"x":9007199254740993'],
    ['a null character', '"x":"\\u0000"'],
  ])('reads over %s where it looks at nothing', async (_name, field) => {
    expect((await send(path, method, beside(field))).status).toBe(taken);
  });

  it.each([
    ['NaN', '{"x":NaN}'],
    ['Infinity', '[Infinity]'],
    ['a comment', `/* */${body}`],
    ['a comma too many', body.replace(/.$/, ',$&')],
    ['two documents', `${body}${body}`],
    ['nothing but levels', DEEP],
    ['levels that do not end', '['.repeat(60_000)],
    ['a body in another place', `{"body":${body}}`],
    ['nothing', ''],
  ])('refuses %s', async (_name, text) => {
    expect((await send(path, method, text)).status).toBe(unfit);
  });

  it.each([
    ['Latin-1', Buffer.from(body.replace('{', '{"x":"Ñ",'), 'latin1')],
    ['half a character', Buffer.concat([Buffer.from(body), Buffer.from([0xe6, 0x97])])],
    ['an overlong slash', Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])],
    ['a surrogate', Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])],
    ['UTF-16', Buffer.from(body, 'utf16le')],
  ])('refuses bytes that are no UTF-8: %s', async (_name, bytes) => {
    expect((await sendBytes(path, method, bytes)).status).toBe(unfit);
  });

  it.each([
    'text/plain',
    'text/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/json/json',
    'json',
    '*/*',
    '; charset=utf-8',
    'application/json application/xml',
  ])('takes no %s', async (type) => {
    expect((await send(path, method, body, { 'content-type': type })).status).toBe(415);
  });

  it('answers 401 to a key that is none, one that was revoked, and several at once', async () => {
    const { keyId, key } = await stand.stores.keys.create({
      accountSlug: 'spykar',
      name: 'gone',
      connectionId: STOCK_CONNECTION,
    });
    await stand.stores.keys.revoke(keyId);
    const made = key.replace(/.{43}$/, 'A'.repeat(43));
    for (const given of [
      '',
      ' ',
      'x',
      'x'.repeat(8_000),
      key,
      made,
      `${key}, ${key}`,
      `${key}\t`,
      'sb_%00',
      "' OR 1=1 --",
    ]) {
      const headers = {
        'content-type': 'application/json',
        'x-api-key': given,
        authusername: keyId,
        authpassword: given,
      };
      const answer = await postText(stand, path, body, headers, method);
      expect([given, answer.status]).toEqual([given, 401]);
    }
  });
});

describe('a key of another account', () => {
  const as = (key: string, path: string, body?: string) =>
    postText(stand, path, body ?? '', { 'x-api-key': key }, body === undefined ? 'GET' : 'POST');

  it('meets nothing: what is not its own is answered like what does not exist', async () => {
    const { submissionId } = JSON.parse(
      (await send('/events/inventory', 'POST', stock.replace('hostile', 'own'))).text,
    );
    const { raymond } = stand.keys;
    const missing = 'X'.repeat(26);
    for (const [path, unknown, body] of [
      [`/submissions/${submissionId}`, `/submissions/${missing}`],
      [`/submissions/${submissionId}/lines`, `/submissions/${missing}/lines`],
      [`/submissions/${submissionId}/lines?format=csv`, `/submissions/${missing}/lines?format=csv`],
      [`/submissions/${submissionId}/abort`, `/submissions/${missing}/abort`, '{}'],
      [`/stock?connectionId=${STOCK_CONNECTION}&listing=a`, '/stock?connectionId=99999&listing=a'],
    ] as const) {
      const [theirs, nobodys] = [await as(raymond, path, body), await as(raymond, unknown, body)];
      expect([path, theirs.status, theirs.text]).toEqual([path, 404, nobodys.text]);
    }
    expect((await as(raymond, '/events/inventory', stock)).status).toBe(404);
    const { key } = await stand.stores.keys.create({ accountSlug: 'raymond', name: 'x', connectionId: WMS_CONNECTION });
    expect((await as(key, `/stock?connectionId=${STOCK_CONNECTION}&listing=a`)).status).toBe(404);
    const asked =
      '{"query":"mutation { inventory_sync(data: {url: \\"https://a.example/f\\", warehouse_id: \\"294\\"}) { sync_id } }"}';
    expect((await as(raymond, '/graphql', asked)).text).toContain('Warehouse not found');
  });
});

describe('a preference that is nonsense', () => {
  it.each([
    'wait',
    'wait=',
    'wait=-1',
    'wait=x',
    'wait=1e9',
    'wait=99999999999999999999',
    ', ,,wait',
    'wait=0',
    'respond-async, x=wait=9',
    '"'.repeat(7_000),
    `${'wait=,'.repeat(1_300)}`,
  ])('keeps nobody waiting: %s', async (prefer) => {
    const startMs = Date.now();
    const answer = await send('/usp/inventories/absolute', 'PUT', oms, { prefer });
    expect(answer.status).toBe(200);
    // Whoever were kept waiting would wait for as long as that may be asked for.
    expect(Date.now() - startMs).toBeLessThan(MAX_WAIT_MS);
  });
});

describe('a file that is guessed', () => {
  it.each([
    'x',
    '..',
    '%2e%2e%2fetc%2fpasswd',
    '%00',
    `${'0'.repeat(32)}.csv`,
    `${'f'.repeat(32)}.csv`,
    'x'.repeat(299),
    '%F0%9F%92%A9',
    "a'%20OR%201=1",
  ])('is not there: %s', async (name) => {
    const answer = await postText(stand, `/stock-files/${name}`, '', {}, 'GET');
    expect([404]).toContain(answer.status);
  });
});

describe('a GraphQL document', () => {
  const ask = (query: string, more: object = {}) => send('/graphql', 'POST', JSON.stringify({ query, ...more }));
  const list = 'inventory_sync_statuses { request_id data(first: 100) { edges { node { id } } } }';
  const circle = 'fragment a on InventorySyncStatus { ...b } fragment b on InventorySyncStatus { ...a }';
  const spread = 'query { inventory_sync_statuses { data { edges { node { ...a } } } } }';
  const bomb = Array.from(
    { length: 20 },
    (_, n) => `fragment f${n} on InventorySyncStatus { ${n === 0 ? 'id' : `...f${n - 1} ...f${n - 1} a${n}: id`} }`,
  );
  it.each<[string, string, number]>([
    ['nothing', '', 400],
    ['50,000 braces', '{'.repeat(50_000), 400],
    ['5,000 levels', `${'{ a '.repeat(5_000)}${'}'.repeat(5_000)}`, 400],
    ['a list within lists within lists', `{ x(a: ${'['.repeat(1_900)}${']'.repeat(50)}) }`, 400],
    ['fragments in a circle', `${spread} ${circle}`, 400],
    ['fragments that double', `${spread.replace('...a', '...f19')} ${bomb.join(' ')}`, 400],
    [
      '400 aliases of a list',
      `{ ${Array.from({ length: 190 }, (_, n) => `a${n}: inventory_sync_statuses { request_id }`).join(' ')} }`,
      200,
    ],
    ['what is too costly', `{ ${Array.from({ length: 60 }, (_, n) => `a${n}: ${list}`).join(' ')} }`, 200],
    [
      'a directive a thousand times',
      `{ inventory_sync_statuses ${'@skip(if: true) '.repeat(300)} { request_id } }`,
      400,
    ],
    ['the schema', '{ __schema { types { name } } }', 400],
    ['__proto__ as a name', '{ __proto__ constructor: inventory_sync_statuses { request_id } }', 400],
    ['__proto__ as an alias', '{ __proto__: inventory_sync_statuses { request_id } }', 200],
    ['a subscription', 'subscription { x }', 400],
    ['two operations without a name', 'query a { __typename } query b { __typename }', 400],
    ['half a character', '{ inventory_sync_status(id: "\\ud800") { request_id } }', 400],
    ['a null character', '{ inventory_sync_status(id: "\\u0000") { request_id } }', 200],
    ['a number beyond all', '{ inventory_sync_statuses { data(first: 99999999999) { edges { cursor } } } }', 400],
    ['less than nothing', '{ inventory_sync_statuses { data(first: -5) { edges { cursor } } } }', 200],
    [
      'a cursor of somebody else',
      '{ inventory_sync_statuses { data(after: "x\\u0000Y==") { edges { cursor } } } }',
      200,
    ],
  ])('is answered in its own words: %s', async (_name, query, status) => {
    const before = process.cpuUsage();
    const answer = await ask(query);
    expect([answer.status, answer.status === 200 || answer.text.includes('errors')]).toEqual([status, true]);
    expect(answer.text).not.toMatch(/Internal error|Cannot read|undefined/);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000_000).toBeLessThan(MAX_PROCESSOR_SECONDS);
  });

  it('is held against variables of 10,000 levels', async () => {
    const query = 'query q($id: String!) { inventory_sync_status(id: $id) { request_id } }';
    expect((await send('/graphql', 'POST', `{"query":"${query}","variables":{"id":${DEEP}}}`)).status).toBe(400);
  });

  it.each<[string, object, number]>([
    ['variables that are a list', { variables: [] }, 400],
    ['variables of another kind', { variables: { id: { a: 1 } } }, 400],
    ['an operation that is none', { operationName: '__proto__' }, 400],
    ['an operation that is a number', { operationName: 7 }, 400],
  ])('is held against %s', async (_name, more, status) => {
    const answer = await ask('query q($id: String!) { inventory_sync_status(id: $id) { request_id } }', more);
    expect([answer.status, answer.text.includes('errors')]).toEqual([status, true]);
  });
});
