import { z } from 'zod';
import inventoryEvent from '../fixtures/events/inventory.json';
import unfulfillableEvent from '../fixtures/events/unfulfillable.json';
import { ORDER_CONNECTION, STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { type Answer, postText, problemIn } from './gateway-client';

const UNKNOWN_CONNECTION = 99_999;

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterAll(() => stand.stop());

const post = (path: string, body: unknown, key: string): Promise<Answer> =>
  postText(stand, path, JSON.stringify(body), { 'x-api-key': key });
const postStock = (changes: object, key = stand.keys.spykar) =>
  post('/events/inventory', { ...inventoryEvent, ...changes }, key);
const stored = z.object({ submissionId: z.string(), status: z.string() });
const started = z.object({ workflowId: z.string().nullable(), status: z.string(), reason: z.string().optional() });

describe('an inventory event', () => {
  it('is accepted once, a duplicate afterwards, and superseded when something newer is known', async () => {
    const first = await postStock({ message_id: 'g-1' });
    expect([first.status, stored.parse(first.json).status]).toEqual([202, 'accepted']);
    const again = await postStock({ message_id: 'g-1' });
    expect(again.json).toEqual({ ...stored.parse(first.json), status: 'duplicate' });
    const older = await postStock({ message_id: 'g-0', publishedAt: '2022-06-08 00:00:00' });
    expect(stored.parse(older.json).status).toBe('superseded');
  });

  it.each([294, 294.0, '294', '294.0'])('finds its connection by %p', async (connectionId) => {
    expect((await postStock({ message_id: `g-id-${typeof connectionId}-${connectionId}`, connectionId })).status).toBe(
      202,
    );
  });

  it('is rejected line by line, and the good lines go on', async () => {
    const good = { productId: 'P1', variantId: 7, locationInventory: '7', locationId: 'POB1' };
    const { json } = await postStock({
      message_id: 'g-lines',
      publishedAt: '2022-06-10 00:00:00',
      inventoryList: [
        good,
        { ...good, locationInventory: -1 },
        { ...good, locationId: 'ELSEWHERE' },
        { ...good, variantId: undefined },
        null,
        'x',
        { ...good, productId: '\ud800' },
        { ...good, productId: '/'.repeat(100) },
      ],
    });
    const lines = await stand.stores.submissions.lines(stored.parse(json).submissionId, { afterRow: 0, limit: 10 });
    expect(lines.map(({ status, error }) => [status, error])).toEqual([
      ['pending', null],
      ['error', 'locationInventory: is negative'],
      ['error', 'locationId: this connection shows POB1, not ELSEWHERE'],
      ['error', 'variantId is missing'],
      ['error', expect.stringMatching(/^line: /)],
      ['error', expect.stringMatching(/^line: /)],
      ['error', 'productId: is not well-formed Unicode'],
      ['error', 'identifier is too long'],
    ]);
    expect(lines[0]).toMatchObject({ listing: 'P1/7', quantity: 7 });
  });

  it('takes message ids that differ in a blank at the end for one', async () => {
    await postStock({ message_id: 'g-blank' });
    const again = await postStock({ message_id: 'g-blank ' });
    expect([again.status, stored.parse(again.json).status]).toEqual([202, 'duplicate']);
  });
});

describe('an order event', () => {
  const order = (changes: object) => ({ ...unfulfillableEvent, ...changes });
  const payload = unfulfillableEvent.response_dataresponse_data;
  const postOrder = async (body: object, key = stand.keys.raymond) =>
    started.parse((await post('/events/order', body, key)).json);

  it('is accepted once and a duplicate afterwards', async () => {
    const first = await postOrder(unfulfillableEvent);
    expect(first).toEqual({
      status: 'accepted',
      workflowId: expect.stringMatching(/^unfulfillable-order\/raymond\/CH2261\/AJIORAYWB15056\/[0-9a-f]{16}$/),
    });
    expect(await postOrder(unfulfillableEvent)).toEqual({ ...first, status: 'duplicate' });
  });

  it('takes its payload under either name, and identifies it the same', async () => {
    const renamed = { ...unfulfillableEvent, response_data: payload, response_dataresponse_data: undefined };
    expect((await postOrder(renamed)).status).toBe('duplicate');
  });

  it('is ignored, and says so, when it is another event or has nothing to cancel', async () => {
    const shipped = payload.items.map((item) => ({ ...item, status: 'SHIPPED' }));
    for (const [body, reason] of [
      [order({ resource_type: 'order.created' }), /order.created is not/],
      [order({ response_dataresponse_data: { ...payload, items: shipped } }), /no line of the order is UNFULFILLABLE/],
    ] as const) {
      expect(await postOrder(body)).toEqual({
        workflowId: null,
        status: 'ignored',
        reason: expect.stringMatching(reason),
      });
    }
  });

  it('is parked when no connection serves its channel yet', async () => {
    const other = order({ response_dataresponse_data: { ...payload, externalChannelID: 'CH0' } });
    expect(await postOrder(other)).toEqual({
      workflowId: null,
      status: 'parked',
      reason: expect.stringContaining('no connection serves channel CH0'),
    });
    const parked = await stand.stores.parked.list({ status: 'parked', accountSlug: 'raymond', limit: 10 });
    expect(parked).toMatchObject([{ kind: 'order', reason: 'channel_not_served' }]);
  });

  it('is parked when no connection serves its warehouse', async () => {
    const elsewhere = order({ response_dataresponse_data: { ...payload, externalWarehouseID: 'ELSEWHERE' } });
    expect(await postOrder(elsewhere)).toMatchObject({ status: 'parked', workflowId: null });
    const parked = await stand.stores.parked.list({ status: 'parked', accountSlug: 'raymond', limit: 10 });
    expect(parked.map(({ kind, reason }) => [kind, reason])).toContainEqual(['order', 'connection_not_found']);
  });

  it('leaves no word about the customer in any table or answer', async () => {
    const elsewhere = order({ response_dataresponse_data: { ...payload, externalWarehouseID: 'ELSEWHERE-2' } });
    const broken = order({ response_dataresponse_data: { ...payload, items: 'CANARY' } });
    const answers = [
      await post('/events/order', elsewhere, stand.keys.raymond),
      await post('/events/order', broken, stand.keys.raymond),
    ];
    // The same fields where nobody expects them, in an event that is parked.
    const { shippingAddress } = payload;
    answers.push(
      await postStock({
        message_id: 'g-personal',
        connectionId: UNKNOWN_CONNECTION,
        shippingAddress,
        inventoryList: [{ ...shippingAddress, productId: 'P' }],
      }),
    );
    expect(answers.map((answer) => answer.text).join()).not.toMatch(/canary/i);
    const tables = await stand.stores.db.select<{ name: string }>(
      'SELECT TABLE_NAME AS name FROM information_schema.tables WHERE TABLE_SCHEMA = DATABASE()',
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables)
      expect(JSON.stringify(await stand.stores.db.select(`SELECT * FROM ${name}`))).not.toMatch(/canary/i);
  });
});

describe('a key', () => {
  it.each(['', 'wrong', `sb_${'0'.repeat(26)}_${'A'.repeat(43)}`])('%j opens nothing', async (key) => {
    for (const [method, path] of [
      ['POST', '/events/inventory'],
      ['POST', '/events/order'],
      ['GET', '/submissions/x'],
      ['GET', '/submissions/x/lines'],
      ['POST', '/submissions/x/abort'],
      ['GET', '/stock?connectionId=294&listing=x'],
    ] as const) {
      const answer = await postText(stand, path, '{}', key === '' ? {} : { 'x-api-key': key }, method);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(problemIn(answer).detail).toBe('x-api-key is missing or not valid');
    }
  });

  it('is refused before a body is read', async () => {
    expect((await postText(stand, '/events/inventory', '{', { 'x-api-key': 'wrong' })).status).toBe(401);
  });

  it('opens nothing any more once it is revoked', async () => {
    const { keyId, key } = await stand.stores.keys.create({ accountSlug: 'spykar', name: 'old', connectionId: null });
    expect((await postStock({ message_id: 'g-revoked' }, key)).status).toBe(202);
    await stand.stores.keys.revoke(keyId);
    expect((await postStock({ message_id: 'g-revoked' }, key)).status).toBe(401);
  });

  it('cannot tell someone else’s connection from one that is not there; the event is parked', async () => {
    const foreign = await postStock({ message_id: 'g-foreign', connectionId: ORDER_CONNECTION });
    const unknown = await postStock({ message_id: 'g-foreign', connectionId: UNKNOWN_CONNECTION });
    expect([foreign.status, foreign.text]).toEqual([404, unknown.text]);
    expect(problemIn(foreign).detail).toBe('there is no such connection');
    const parked = await stand.stores.parked.list({ status: 'parked', accountSlug: 'spykar', limit: 100 });
    expect(parked.filter((event) => event.body.includes('g-foreign'))).toHaveLength(2);
  });

  it('does not show someone else’s submissions and stock', async () => {
    const { submissionId } = stored.parse((await postStock({ message_id: 'g-mine' })).json);
    for (const [method, path] of [
      ['GET', `/submissions/${submissionId}`],
      ['GET', `/submissions/${submissionId}/lines`],
      ['POST', `/submissions/${submissionId}/abort`],
      ['GET', `/stock?connectionId=${STOCK_CONNECTION}&listing=P1/7`],
    ] as const)
      expect([path, (await postText(stand, path, '{}', { 'x-api-key': stand.keys.raymond }, method)).status]).toEqual([
        path,
        404,
      ]);
  });

  it('that is bound to a connection is good for that one only', async () => {
    const other = await stand.stores.connections.insert({
      channel: 'ajio',
      accountSlug: 'spykar',
      externalChannelId: null,
      externalWarehouseId: null,
      locationId: null,
      credentials: {},
      settings: {},
    });
    const { key } = await stand.stores.keys.create({ accountSlug: 'spykar', name: 'bound', connectionId: other });
    const mine = await postStock({ message_id: 'g-bound', connectionId: other }, key);
    const theirs = stored.parse((await postStock({ message_id: 'g-bound' })).json).submissionId;
    expect(mine.status).toBe(202);
    expect((await postStock({ message_id: 'g-bound-2' }, key)).status).toBe(404);
    const get = async (path: string) => (await postText(stand, path, '', { 'x-api-key': key }, 'GET')).status;
    expect(await get(`/submissions/${stored.parse(mine.json).submissionId}`)).toBe(200);
    expect(await get(`/submissions/${theirs}`)).toBe(404);
    expect(await get(`/submissions/${theirs}/lines`)).toBe(404);
    expect(await get(`/stock?connectionId=${STOCK_CONNECTION}&listing=P1/7`)).toBe(404);
    expect((await postText(stand, `/submissions/${theirs}/abort`, '{}', { 'x-api-key': key })).status).toBe(404);
  });
});
