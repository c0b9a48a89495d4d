import inventoryEvent from '../fixtures/events/inventory.json';
import unfulfillableEvent from '../fixtures/events/unfulfillable.json';
import { type Stand, startStand } from '../stand/stand';
import { type Answer, postText, problemIn } from './gateway-client';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterAll(() => stand.stop());

const EVENTS = ['/events/inventory', '/events/order'] as const;
const keyFor = (path: string) => (path === '/events/order' ? stand.keys.raymond : stand.keys.spykar);
const postRaw = (path: string, text: string, headers: Record<string, string> = {}): Promise<Answer> =>
  postText(stand, path, text, { 'x-api-key': keyFor(path), ...headers });
const post = (path: string, body: unknown) => postRaw(path, JSON.stringify(body));
const pathsIn = (answer: Answer) => problemIn(answer).errors?.map((fault) => fault.path);

describe.each(EVENTS)('%s', (path) => {
  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])(
    'takes no %s',
    async (type) => {
      const answer = await postRaw(path, '{}', { 'content-type': type });
      expect(answer.status).toBe(415);
      problemIn(answer);
    },
  );

  it('takes no body over its limit', async () => {
    const answer = await postRaw(path, JSON.stringify({ text: 'x'.repeat(8 * 1024 * 1024) }));
    expect(answer.status).toBe(413);
    problemIn(answer);
  });

  it.each([
    '',
    '{',
    '[',
    'nonsense',
    '{"a":}',
    '\u0000',
    '{"__proto__":{"polluted":true}}',
    '{"a":{"constructor":{"prototype":{"polluted":true}}}}',
  ])('says that %j is not usable JSON', async (text) => {
    const answer = await postRaw(path, text);
    expect(answer.status).toBe(422);
    problemIn(answer);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it.each(['null', '7', '"text"', '[]', '{}', 'true'])('refuses %s with its faults', async (text) => {
    const answer = await postRaw(path, text);
    expect(answer.status).toBe(422);
    expect(problemIn(answer).errors?.length).toBeGreaterThan(0);
  });
});

describe('a body with faults', () => {
  it('is told all of them, each with its path', async () => {
    expect(
      pathsIn(await post('/events/inventory', { message_id: '', publishedAt: 7, connectionId: -1, inventoryList: [] })),
    ).toEqual(['message_id', 'publishedAt', 'connectionId', 'inventoryList']);
  });

  it('is told what is wrong inside the payload, under the name that it used', async () => {
    const payload = unfulfillableEvent.response_dataresponse_data;
    const items = payload.items.map((item) => ({ ...item, quantity: '0', itemID: '' }));
    for (const field of ['response_data', 'response_dataresponse_data'])
      expect(
        pathsIn(await post('/events/order', { resource_type: 'order.unfulfillable', [field]: { ...payload, items } })),
      ).toEqual([`${field}.items.0.itemID`, `${field}.items.0.quantity`]);
    expect(pathsIn(await post('/events/order', { resource_type: 'order.unfulfillable' }))).toEqual([
      'response_dataresponse_data',
    ]);
  });

  it('is told which time cannot be read', async () => {
    const soon = new Date(Date.now() + 25 * 3_600_000).toISOString();
    for (const publishedAt of ['yesterday', '14:12:19', '2022-02-30 00:00:00', soon, '2122-06-09 14:12:19'])
      expect(pathsIn(await post('/events/inventory', { ...inventoryEvent, publishedAt }))).toEqual(['publishedAt']);
  });

  it('is told that its connection takes no stock', async () => {
    const answer = await postText(
      stand,
      '/events/inventory',
      JSON.stringify({ ...inventoryEvent, connectionId: 296 }),
      { 'x-api-key': stand.keys.raymond },
    );
    expect([answer.status, pathsIn(answer)]).toEqual([422, ['connectionId']]);
  });

  it('is parked when the settings of its connection are broken, which is not its own fault', async () => {
    const id = await stand.stores.connections.insert({
      channel: 'ajio',
      accountSlug: 'spykar',
      externalChannelId: null,
      externalWarehouseId: null,
      locationId: null,
      credentials: {},
      settings: { locations: 'wherever' },
    });
    expect((await post('/events/inventory', { ...inventoryEvent, connectionId: id })).status).toBe(422);
    expect(await stand.stores.parked.list({ status: 'parked', accountSlug: 'spykar', limit: 10 })).toMatchObject([
      { reason: 'connection_unusable' },
    ]);
  });

  it('may hold half characters and deep nests without harm', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const surrogate = '"\\ud800"';
    const line = JSON.stringify(inventoryEvent.inventoryList[0]);
    for (const connectionId of [294, 99_999])
      for (const odd of [deep, surrogate]) {
        const text = `{"message_id":"odd-${odd.length}","publishedAt":"2022-06-09 14:12:19","connectionId":${connectionId},"inventoryList":[${odd},{"locationId":${odd}},${line}],"x":${odd}}`;
        expect((await postRaw('/events/inventory', text)).status).toBe(connectionId === 294 ? 202 : 404);
        expect((await postRaw('/events/inventory', text.replace(/"odd-\d+"/, odd))).status).toBe(422);
      }
    const order = JSON.stringify(unfulfillableEvent);
    expect((await postRaw('/events/order', order.replace('"AJIORAYWB15056"', surrogate))).status).toBe(422);
    expect((await postRaw('/events/order', order.replace('"AJIORAYWB15056"', deep))).status).toBe(422);
    expect((await postRaw('/events/order', order.replace('"KOLKATA"', deep))).status).toBe(202);
  });

  it('is refused when its identity grows beyond what can be stored', async () => {
    const payload = { ...unfulfillableEvent.response_dataresponse_data, customerOrderNumber: '日'.repeat(100) };
    const answer = await post('/events/order', { resource_type: 'order.unfulfillable', response_data: payload });
    expect([answer.status, pathsIn(answer)]).toEqual([422, ['response_data.customerOrderNumber']]);
  });
});

describe('an address that is wrong', () => {
  it.each([
    '/nowhere',
    '/events',
    '/submissions',
    '/%ZZ',
    '/submissions/%00',
    `/submissions/${'x'.repeat(400)}`,
    '/stock',
    '/stock?connectionId=x&listing=a',
    '/stock?connectionId=1e300&listing=a',
    '/stock?connectionId=294&listing=',
    '/stock?connectionId=294&listing=%ED%A0%80',
    '/submissions/x/lines?limit=0',
    '/submissions/x/lines?after=-1',
  ])('is answered with a problem: %s', async (path) => {
    const answer = await postText(stand, path, '', { 'x-api-key': stand.keys.spykar }, 'GET');
    expect([400, 404, 414, 422]).toContain(answer.status);
    problemIn(answer);
  });
});
