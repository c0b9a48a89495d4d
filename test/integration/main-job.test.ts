import { z } from 'zod';
import inventoryEvent from '../fixtures/events/inventory.json';
import unfulfillableEvent from '../fixtures/events/unfulfillable.json';
import { ORDER_CONNECTION, STOCK_CONNECTION, type Stand, startStand, WMS_CONNECTION } from '../stand/stand';
import { eventually } from '../stand/waiting';

const TEN = Array.from({ length: 10 });
const answer = z.object({ status: z.string(), submissionId: z.string().optional(), workflowId: z.string().optional() });
const ISO = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.stop());

const postStock = async () =>
  answer.parse((await stand.post('/events/inventory', stand.keys.spykar, inventoryEvent)).body);
const postOrder = async () =>
  answer.parse((await stand.post('/events/order', stand.keys.raymond, unfulfillableEvent)).body);
const callsTo = (twin: Pick<Stand['ajio'], 'log'>, path: string) => twin.log().filter((entry) => entry.path === path);
/** What a twin found wrong with our requests. */
const faultsFoundBy = (twin: { state(): { violations: Record<string, number> } }) =>
  Object.entries(twin.state().violations).filter(([, count]) => count > 0);

describe("the WMS's sample inventory event", () => {
  let submissionId = '';
  beforeAll(async () => {
    const first = await postStock();
    expect(first.status).toBe('accepted');
    submissionId = first.submissionId ?? '';
    await eventually('the submission is done', async () => {
      const { body } = await stand.get(`/submissions/${submissionId}`, stand.keys.spykar);
      return z.object({ status: z.string() }).parse(body).status === 'success' ? true : undefined;
    });
  });

  test('gives one call with the three variants at their location’s quantity', () => {
    const calls = callsTo(stand.ajio, '/updateInventory');
    expect(calls).toHaveLength(1);
    const productId = 'JEAFMSRHYSUHZGFH';
    expect(calls[0]).toMatchObject({ method: 'POST', status: 200, authorized: true });
    expect(calls[0]?.body).toEqual({
      inventoryList: expect.arrayContaining([
        { inventory: '3', productId, variantId: '002211' },
        { inventory: '3', productId, variantId: '2221122000000000' },
        { inventory: '3', productId, variantId: 'F12133123' },
      ]),
    });
    expect(calls[0]?.applied).toHaveLength(3);
    expect(faultsFoundBy(stand.ajio)).toEqual([]);
  });

  test('is a submission with a verdict on each of its three lines', async () => {
    const { body } = await stand.get(`/submissions/${submissionId}`, stand.keys.spykar);
    expect(body).toEqual({
      id: submissionId,
      connectionId: STOCK_CONNECTION,
      source: 'wms',
      status: 'success',
      totalCount: 3,
      successCount: 3,
      errorCount: 0,
      finishedCount: 3,
      error: null,
      createdAt: ISO,
      updatedAt: ISO,
    });
    const lines = await stand.get(`/submissions/${submissionId}/lines`, stand.keys.spykar);
    const line = { locationId: 'POB1', quantity: 3, status: 'success', error: null, pushId: expect.any(String) };
    const version = { publishedAt: '2022-06-09T08:42:19.000Z', messageId: '202206091410017674' };
    expect(lines.body).toEqual({
      lines: [
        { row: 1, listing: 'JEAFMSRHYSUHZGFH/002211', version, ...line },
        { row: 2, listing: 'JEAFMSRHYSUHZGFH/2221122000000000', version, ...line },
        { row: 3, listing: 'JEAFMSRHYSUHZGFH/F12133123', version, ...line },
      ],
      nextAfter: null,
    });
  });

  test('can be followed by listing from the wish to the channel’s yes', async () => {
    const listing = 'JEAFMSRHYSUHZGFH/F12133123';
    const query = `connectionId=${STOCK_CONNECTION}&listing=${encodeURIComponent(listing)}`;
    const { status, body } = await stand.get(`/stock?${query}`, stand.keys.spykar);
    const point = {
      quantity: 3,
      version: { publishedAt: '2022-06-09T08:42:19.000Z', messageId: '202206091410017674' },
      at: ISO,
    };
    expect(status).toBe(200);
    expect(body).toEqual({
      connectionId: STOCK_CONNECTION,
      listing,
      locationId: 'POB1',
      state: 'clean',
      lastError: null,
      desired: point,
      sent: point,
      acknowledged: point,
      observed: null,
      timeline: [
        {
          ...point,
          verdict: 'accepted',
          message: null,
          pushId: expect.any(String),
          attempt: expect.any(Number),
          late: false,
        },
      ],
    });
  });

  test('sent ten times more at once is ten duplicates and no call', async () => {
    const answers = await Promise.all(TEN.map(postStock));
    expect(answers).toEqual(TEN.map(() => ({ status: 'duplicate', submissionId })));
    await stand.client.workflow.getHandle(`inventory-sync/${STOCK_CONNECTION}`).result();
    expect(callsTo(stand.ajio, '/updateInventory')).toHaveLength(1);
  });
});

describe("the WMS's sample order event", () => {
  let workflowId = '';
  beforeAll(async () => {
    const first = await postOrder();
    expect(first.status).toBe('accepted');
    workflowId = first.workflowId ?? '';
    const run = await eventually('the run exists', () =>
      stand.client.workflow
        .getHandle(workflowId)
        .describe()
        .catch(() => undefined),
    );
    const result = await stand.client.workflow.getHandle(workflowId, run.runId).result();
    expect(result).toEqual({ outcome: 'cancelled', cancelled: ['36675063'] });
  });

  test('gives one cancel at Ajio and then one in Eshopbox, with the mapped fields', () => {
    const cancels = callsTo(stand.ajio, '/ds/eshopbox/orders');
    expect(cancels.map(({ method, status, body }) => ({ method, status, body }))).toEqual([
      {
        method: 'POST',
        status: 200,
        body: {
          order_id: 'AJIORAYWB15056',
          order_lines: [{ cancelled_quantity: 1, confirmed_quantity: 0, order_item_id: 'S248706067.1-1' }],
          status: 'Cancel',
        },
      },
    ]);
    const wms = callsTo(stand.eshopbox, '/raymond/api/cancel-order');
    expect(wms.map(({ method, status, body }) => ({ method, status, body }))).toEqual([
      {
        method: 'POST',
        status: 200,
        body: {
          reason: 'Other',
          externalChannelID: 'CH2261',
          cancellationTime: expect.stringMatching(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/),
          customerOrderNumber: 'AJIORAYWB15056',
          items: [
            {
              itemID: '44AP43HLA6G',
              quantity: '1',
              orderItemID: 'AJIORAYWB15056-37736167',
              lineItemSequenceNumber: '36675063',
              remark: 'Other',
            },
          ],
        },
      },
    ]);
    expect(Date.parse(wms[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(cancels[0]?.at ?? ''));
    expect(faultsFoundBy(stand.ajio)).toEqual([]);
    expect(faultsFoundBy(stand.eshopbox)).toEqual([]);
  });

  test('belongs to the account of the key and to both connections of the order', async () => {
    const { typedSearchAttributes } = await stand.client.workflow.getHandle(workflowId).describe();
    const shown = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
    expect(Object.fromEntries(shown)).toMatchObject({
      ConnectionId: String(ORDER_CONNECTION),
      Channel: 'ajio',
      AccountSlug: 'raymond',
      OrderNumber: 'AJIORAYWB15056',
      Outcome: 'cancelled',
    });
    const [order] = await stand.stores.db.select<{ wmsConnectionId: number; status: string }>(
      'SELECT wmsConnectionId, status FROM orders WHERE workflowId = ?',
      [workflowId],
    );
    expect(order).toEqual({ wmsConnectionId: WMS_CONNECTION, status: 'done' });
  });

  test('sent ten times more at once is ten duplicates and no call', async () => {
    const answers = await Promise.all(TEN.map(postOrder));
    expect(answers).toEqual(TEN.map(() => ({ status: 'duplicate', workflowId })));
    await stand.client.workflow.getHandle(workflowId).result();
    expect(callsTo(stand.ajio, '/ds/eshopbox/orders')).toHaveLength(1);
    expect(callsTo(stand.eshopbox, '/raymond/api/cancel-order')).toHaveLength(1);
  });
});
