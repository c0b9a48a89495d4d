import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { ConnectorError } from '../../src/connectors/errors';
import type { HttpClient } from '../../src/connectors/http/client';
import type { Call, Capabilities } from '../../src/connectors/ports';
import { connectorFor } from '../../src/connectors/registry';
import type { Channel } from '../../src/contracts/channels';
import type { Connection } from '../../src/contracts/connection';
import { NOW_MS, present, twinHttp } from './connector-under-test';
import { NEVER } from './file-servers';
import { sampleConnection } from './samples';

const orderLine = z.strictObject({
  lineItemSequenceNumber: z.string(),
  orderItemId: z.string(),
  itemId: z.string(),
  marketplaceItemId: z.string(),
  quantity: z.number(),
});
const order = z.strictObject({
  order: z.strictObject({ orderNumber: z.string(), vendorOrderNumber: z.string(), externalChannelId: z.string() }),
  lines: z.array(orderLine),
  cancelledAt: z.string(),
});
const page = z.strictObject({
  jobId: z.string(),
  only: z.enum(['all', 'errors']),
  cursor: z.string().nullable(),
});
const stock = z.array(z.strictObject({ listing: z.string(), quantity: z.number() }));

/** What a case asks of the connector: the operation that its file is named after, with the case's input. */
const OPERATIONS: Record<string, (capabilities: Capabilities, input: unknown, call: Call) => Promise<unknown>> = {
  'set-stock': async (can, input, call) => present(can.inventoryWriter).setStock(stock.parse(input), call),
  'read-stock': async (can, input, call) =>
    present(can.inventoryReader).readStock(z.array(z.string()).parse(input), call),
  'cancel-order': async (can, input, call) => present(can.orderCanceller).cancelOrder(order.parse(input), call),
  'read-order': async (can, input, call) => present(can.orderReader).readOrder(order.parse(input), call),
  'start-job': async (can, input, call) => present(can.jobInventoryWriter).startJob(z.string().parse(input), call),
  'find-job': async (can, input, call) =>
    (await present(can.jobInventoryWriter).findJob(z.string().parse(input), call)) ?? null,
  'read-job': async (can, input, call) => present(can.jobInventoryWriter).readJob(z.string().parse(input), call),
  'stop-job': async (can, input, call) =>
    (await present(can.jobInventoryWriter).stopJob(...z.tuple([z.string(), z.string()]).parse(input), call)) ?? null,
  'read-verdicts': async (can, input, call) => present(can.jobInventoryWriter).readVerdicts(page.parse(input), call),
  'read-credits': async (can, _input, call) => present(can.creditReader).readCredits(call),
  'issue-token': async (can, _input, call) => present(can.tokenIssuer).issueToken(call),
};

/** One exchange with a channel: what we are asked, what goes out, what comes back, what we make of it. */
const cases = z.array(
  z.strictObject({
    name: z.string(),
    input: z.unknown(),
    request: z.strictObject({
      method: z.string(),
      path: z.string(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown().optional(),
    }),
    answer: z.strictObject({
      status: z.number(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown(),
    }),
    expected: z.union([
      z.strictObject({ value: z.unknown() }),
      z.strictObject({ failure: z.looseObject({ type: z.string() }) }),
    ]),
  }),
);

const SUBJECTS: readonly [channel: Channel, operation: string][] = [
  ['ajio', 'set-stock'],
  ['ajio', 'read-stock'],
  ['ajio', 'cancel-order'],
  ['ajio', 'read-order'],
  ['ajio', 'issue-token'],
  ['eshopbox', 'cancel-order'],
  ['eshopbox', 'issue-token'],
  ['increff-oms', 'set-stock'],
  ['increff-assure', 'set-stock'],
  ['shiphero', 'start-job'],
  ['shiphero', 'find-job'],
  ['shiphero', 'read-job'],
  ['shiphero', 'stop-job'],
  ['shiphero', 'read-verdicts'],
  ['shiphero', 'read-credits'],
  ['shiphero', 'issue-token'],
];

const INCREFF = { authUsername: 'demo-increff', authPassword: 'demo-password', authDomainName: 'demo-domain' };

const ACCOUNTS: Record<Channel, Pick<Connection, 'credentials' | 'settings'>> = {
  ajio: { credentials: { username: 'demo-seller', password: 'demo-password' }, settings: {} },
  eshopbox: {
    credentials: { client_id: 'demo-client', client_secret: 'demo-secret', refresh_token: 'demo-refresh' },
    settings: {},
  },
  'increff-oms': { credentials: INCREFF, settings: { locationCode: 'wd003' } },
  'increff-assure': { credentials: INCREFF, settings: { clientId: 10000900, fulfillmentLocationId: 1000901 } },
  shiphero: {
    credentials: { username: 'demo-shiphero', password: 'demo-password' },
    settings: { warehouseId: 'V2FyZWhvdXNlOjE=', itemsPageSize: 2 },
  },
};

type Case = z.output<typeof cases>[number];
type Answer = Case['answer'];

describe.each(SUBJECTS)('%s, %s', (channel, operation) => {
  const file = join(__dirname, '..', 'fixtures', channel, `${operation}.json`);
  const seen: { method?: string | undefined; path?: string | undefined; headers: object; body?: unknown }[] = [];
  let answer: Answer = { status: 500, body: '' };
  let server: Server;
  let base: string;
  let http: HttpClient;

  beforeAll(async () => {
    http = twinHttp();
    server = createServer({ keepAliveTimeout: NEVER }, (req, res) => {
      let text = '';
      req.on('data', (chunk) => {
        text += chunk;
      });
      req.on('end', () => {
        const { method, url: path, headers } = req;
        seen.push({ method, path, headers, ...(text === '' ? {} : { body: JSON.parse(text) }) });
        const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        res.writeHead(answer.status, answer.headers).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  beforeEach(() => {
    seen.length = 0;
  });
  afterAll(async () => {
    await http.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(cases.parse(JSON.parse(readFileSync(file, 'utf8'))))('$name', async (fixture) => {
    answer = fixture.answer;
    const connection = sampleConnection({ channel, ...ACCOUNTS[channel] });
    const endpoints = {
      AJIO_BASE_URL: base,
      ESHOPBOX_BASE_URL: `${base}/{accountSlug}`,
      ESHOPBOX_AUTH_URL: base,
      INCREFF_BASE_URL: base,
      SHIPHERO_BASE_URL: base,
    };
    const capabilities = connectorFor(channel).open(connection, { http, endpoints, now: () => NOW_MS });
    const call = { signal: new AbortController().signal };

    const outcome = await present(OPERATIONS[operation])(capabilities, fixture.input, call).then(
      (value) => ({ value }),
      (error: unknown) => {
        if (!(error instanceof ConnectorError)) throw error;
        return { failure: error };
      },
    );
    const { expected } = fixture;
    if ('value' in expected) expect(outcome).toEqual(expected);
    else expect(outcome).toMatchObject(expected);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject(fixture.request);
    expect(seen[0]?.body).toEqual(fixture.request.body);
  });
});
