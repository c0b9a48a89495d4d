import { createServer } from 'node:net';
import { pino } from 'pino';
import { z } from 'zod';
import { createMetrics } from '../../src/observability/metrics';
import { createGateway } from '../../src/starter/gateway';
import { openStores } from '../../src/store/stores';
import inventoryEvent from '../fixtures/events/inventory.json';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { postText, problemIn } from './gateway-client';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterAll(() => stand.stop());

const get = (path: string, key = stand.keys.spykar) => postText(stand, path, '', { 'x-api-key': key }, 'GET');
const page = z.object({
  lines: z.array(z.object({ row: z.number(), status: z.string() })),
  nextAfter: z.number().nullable(),
});

async function submit(
  messageId: string,
  quantities: readonly number[],
  publishedAt = '2022-06-09 14:12:19',
): Promise<string> {
  const inventoryList = quantities.map((locationInventory, index) => ({
    productId: messageId,
    variantId: index + 1,
    locationInventory,
    locationId: 'POB1',
  }));
  const answer = await stand.post('/events/inventory', stand.keys.spykar, {
    ...inventoryEvent,
    message_id: messageId,
    publishedAt,
    inventoryList,
  });
  return z.object({ submissionId: z.string() }).parse(answer.body).submissionId;
}

describe('a submission', () => {
  it('shows its counts and status', async () => {
    const id = await submit('d-counts', [1, 2, -3]);
    const { status, json } = await get(`/submissions/${id}`);
    expect(status).toBe(200);
    expect(json).toEqual({
      id,
      connectionId: STOCK_CONNECTION,
      source: 'wms',
      status: 'processing',
      totalCount: 3,
      successCount: 0,
      errorCount: 1,
      finishedCount: 1,
      error: 'error in 1 out of 3 rows',
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
  });

  it('shows its lines page by page, each row once', async () => {
    const id = await submit('d-pages', Array(25).fill(1));
    const rows: number[] = [];
    let after: number | null = 0;
    let pages = 0;
    while (after !== null) {
      const read: z.output<typeof page> = page.parse(
        (await get(`/submissions/${id}/lines?limit=10&after=${after}`)).json,
      );
      rows.push(...read.lines.map((line) => line.row));
      after = read.nextAfter;
      pages += 1;
    }
    expect(rows).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(pages).toBe(3);
  });

  it('shows only lines of the status that is asked for', async () => {
    const id = await submit('d-status', [1, -1, 1, -1]);
    const rowsIn = async (status: string) =>
      page.parse((await get(`/submissions/${id}/lines?status=${status}`)).json).lines.map((line) => line.row);
    expect(await rowsIn('error')).toEqual([2, 4]);
    expect(await rowsIn('pending')).toEqual([1, 3]);
    expect((await get(`/submissions/${id}/lines?status=nonsense`)).status).toBe(422);
  });

  it('is withdrawn by an abort, and its listings fall back to what was known before', async () => {
    await submit('d-abort', [5], '2022-06-09 10:00:00');
    const listing = 'd-abort/1';
    const inventoryList = [{ productId: 'd-abort', variantId: 1, locationInventory: 9, locationId: 'POB1' }];
    const newer = await stand.post('/events/inventory', stand.keys.spykar, {
      ...inventoryEvent,
      message_id: 'd-abort-2',
      publishedAt: '2022-06-09 11:00:00',
      inventoryList,
    });
    const { submissionId } = z.object({ submissionId: z.string() }).parse(newer.body);
    const aborted = await postText(stand, `/submissions/${submissionId}/abort`, '{}', {
      'x-api-key': stand.keys.spykar,
    });
    expect(aborted.status).toBe(200);
    expect(aborted.json).toMatchObject({
      submission: { id: submissionId, status: 'aborted', finishedCount: 1 },
      withdrawnRows: [1],
      sentRows: [],
    });
    const stock = await get(`/stock?connectionId=${STOCK_CONNECTION}&listing=${encodeURIComponent(listing)}`);
    expect(stock.json).toMatchObject({
      listing,
      locationId: 'POB1',
      state: 'dirty',
      desired: { quantity: 5 },
      sent: null,
      acknowledged: null,
      observed: null,
      timeline: [],
    });
    const at = (locationId: string) =>
      get(`/stock?connectionId=${STOCK_CONNECTION}&listing=${encodeURIComponent(listing)}&locationId=${locationId}`);
    expect((await at('POB1')).json).toEqual(stock.json);
    expect((await at('POB2')).status).toBe(404);
    const again = await stand.post(`/submissions/${submissionId}/abort`, stand.keys.spykar, {});
    expect(again.body).toMatchObject({ withdrawnRows: [], sentRows: [] });
  });

  it('can be aborted without a body', async () => {
    const id = await submit('d-abort-empty', [1]);
    const response = await fetch(`${stand.gatewayUrl}/submissions/${id}/abort`, {
      method: 'POST',
      headers: { 'x-api-key': stand.keys.spykar },
    });
    expect(response.status).toBe(200);
  });

  it('that is not there is not found', async () => {
    for (const path of ['/submissions/nope', '/submissions/nope/lines'])
      expect(problemIn(await get(path)).status).toBe(404);
    expect((await get(`/stock?connectionId=${STOCK_CONNECTION}&listing=nope`)).status).toBe(404);
  });
});

describe('the OpenAPI document', () => {
  const document = z.object({
    openapi: z.string(),
    info: z.object({ title: z.string(), version: z.string() }),
    paths: z.record(
      z.string(),
      z.record(
        z.string(),
        z.object({
          summary: z.string(),
          responses: z.record(z.string(), z.object({ description: z.string() })),
          requestBody: z.unknown().optional(),
        }),
      ),
    ),
    components: z.object({
      securitySchemes: z.record(
        z.string(),
        z.union([
          z.object({
            type: z.literal('apiKey'),
            in: z.literal('header'),
            name: z.enum(['x-api-key', 'authUsername', 'authPassword']),
          }),
          z.object({ type: z.literal('http'), scheme: z.literal('bearer') }),
        ]),
      ),
    }),
    security: z.array(z.record(z.string(), z.array(z.string()))),
  });

  it('is served without a key, as version 3.1, and names every route', async () => {
    const response = await fetch(`${stand.gatewayUrl}/openapi.json`);
    expect(response.status).toBe(200);
    const { openapi, paths } = document.parse(await response.json());
    expect(openapi).toMatch(/^3\.1\./);
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(routes.sort()).toEqual([
      'get /healthz',
      'get /readyz',
      'get /stock',
      'get /stock-files/{name}',
      'get /submissions/{id}',
      'get /submissions/{id}/lines',
      'post /events/inventory',
      'post /events/order',
      'post /graphql',
      'post /submissions/{id}/abort',
      'put /sellfast/inventories/absolute-update',
      'put /usp/inventories/absolute',
    ]);
    for (const path of ['/events/inventory', '/events/order']) expect(paths[path]?.post?.requestBody).toBeDefined();
    for (const path of Object.keys(paths).filter(
      (name) => !/healthz|readyz|inventories|graphql|stock-files/.test(name),
    ))
      for (const operation of Object.values(paths[path] ?? {}))
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '422', '503']));
  });

  it('has no reference that leads nowhere', async () => {
    const text = await (await fetch(`${stand.gatewayUrl}/openapi.json`)).text();
    const whole: unknown = JSON.parse(text);
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer
        .split('/')
        .reduce<unknown>(
          (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
          whole,
        );
      expect([pointer, target === undefined]).toEqual([pointer, false]);
    }
  });
});

describe('health', () => {
  it('is told without a key while the database answers', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(`${stand.gatewayUrl}${path}`);
      expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    }
  });

  it('comes with metrics by route, never by address', async () => {
    await get('/submissions/d-secret-id');
    const text = await (await fetch(`${stand.gatewayUrl}/metrics`)).text();
    expect(text).toMatch(
      /stockbridge_gateway_answer_seconds_count\{method="GET",route="\/submissions\/:id",status="404"\} \d+/,
    );
    expect(text).not.toContain('d-secret-id');
  });
});

describe('with the database away', () => {
  it.each(['nothing listens', 'what listens hangs up'])(
    'the gateway says 503 and when to come back, and is alive but not ready: %s',
    async (kind) => {
      const silent = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const address = silent.address();
      const port = typeof address === 'object' && address !== null ? address.port : 1;
      if (kind === 'nothing listens') await new Promise((resolve) => silent.close(resolve));
      const stores = openStores({ mysqlUrl: `mysql://root@127.0.0.1:${port}/x`, credentialsKey: undefined });
      const gateway = await createGateway({
        stores,
        client: stand.client,
        metrics: createMetrics(),
        logger: pino({ level: 'silent' }),
        publicUrl: undefined,
      });
      const gatewayUrl = await gateway.server.listen({ host: '127.0.0.1', port: 0 });
      try {
        for (const path of ['/events/inventory', '/events/order']) {
          const answer = await postText({ gatewayUrl }, path, JSON.stringify(inventoryEvent), {
            'x-api-key': stand.keys.spykar,
          });
          expect(answer.status).toBe(503);
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
          expect(problemIn(answer).detail).not.toMatch(/127\.0\.0\.1|root|ECONN/);
        }
        expect((await fetch(`${gatewayUrl}/healthz`)).status).toBe(200);
        expect((await fetch(`${gatewayUrl}/readyz`)).status).toBe(503);
      } finally {
        await gateway.close();
        await stores.close();
        silent.close();
      }
    },
  );
});
