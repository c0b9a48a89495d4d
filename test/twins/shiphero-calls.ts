import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { ShipheroTwin } from '../../src/twins/shiphero-twin';
import { NEVER } from '../connectors/file-servers';
import { eventually } from '../stand/waiting';
import { call } from './calls';

export const USER = 'demo-shiphero';
export const WAREHOUSE = 'V2FyZWhvdXNlOjE=';

const answer = z.object({
  data: z.record(z.string(), z.json()).nullable().optional(),
  errors: z.array(z.record(z.string(), z.json())).optional(),
});

/** One GraphQL call with a live token of the demo account, unless another token is given. */
export async function graphql(
  twin: ShipheroTwin,
  query: string,
  variables: Record<string, unknown> = {},
  token = twin.issueToken(USER),
) {
  const headers = { authorization: `Bearer ${token}` };
  const got = await call('POST', `${twin.url}/graphql`, { body: { query, variables }, headers });
  const parsed = answer.safeParse(got.json);
  return { status: got.status, json: got.json, data: parsed.data?.data, errors: parsed.data?.errors ?? [] };
}

const syncAnswer = z.object({ data: z.object({ inventory_sync: z.object({ sync_id: z.string() }) }) });

export const START =
  'mutation ($data: InventorySyncInput!) { inventory_sync(data: $data) { request_id complexity sync_id } }';
export const ABORT =
  'mutation ($data: AbortInventorySyncInput!) { inventory_sync_abort(data: $data) { sync { id status total_count finished_count } } }';
export const STATUS = `query ($id: String!) { inventory_sync_status(id: $id) {
  data { id status error total_count success_count error_count finished_count } } }`;
export const ITEMS = `query ($id: String!, $status: String, $first: Int, $after: String, $last: Int, $before: String) {
  inventory_sync_items_status(id: $id, status: $status) { data(first: $first, after: $after, last: $last, before: $before) {
    edges { node { id row sku quantity action reason location status error } cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

/** Starts a sync that the twin accepts, and says its id. */
export async function startSync(twin: ShipheroTwin, url: string, warehouse = WAREHOUSE): Promise<string> {
  const { json } = await graphql(twin, START, { data: { url, warehouse_id: warehouse } });
  return syncAnswer.parse(json).data.inventory_sync.sync_id;
}

const statusAnswer = z.object({
  data: z.object({ inventory_sync_status: z.object({ data: z.record(z.string(), z.json()) }) }),
});

/** The status node of a sync. */
export const statusOf = async (twin: ShipheroTwin, id: string) =>
  statusAnswer.parse((await graphql(twin, STATUS, { id })).json).data.inventory_sync_status.data;

const itemsAnswer = z.object({
  data: z.object({
    inventory_sync_items_status: z.object({
      data: z.object({
        edges: z.array(z.object({ node: z.record(z.string(), z.json()), cursor: z.string() })),
        pageInfo: z.record(z.string(), z.json()),
      }),
    }),
  }),
});

/** A page of the items of a sync. */
export async function itemsOf(twin: ShipheroTwin, id: string, page: Record<string, unknown> = {}) {
  const { json } = await graphql(twin, ITEMS, { id, ...page });
  const { edges, pageInfo } = itemsAnswer.parse(json).data.inventory_sync_items_status.data;
  return { items: edges.map(({ node }) => node), cursors: edges.map(({ cursor }) => cursor), pageInfo };
}

/** Waits until the state, looked at without a request, says so. */
export async function until(twin: ShipheroTwin, holds: (state: ReturnType<ShipheroTwin['state']>) => boolean) {
  await eventually('the state', () => holds(twin.state()) || undefined);
}

/** Waits until the sync has ended. */
export const untilEnded = (twin: ShipheroTwin, id: string) =>
  until(twin, ({ syncs }) => syncs.some((sync) => sync.id === id && !/^p/.test(sync.status)));

export const csvOf = (...lines: string[]): string => ['sku,quantity,action,reason', ...lines, ''].join('\n');

/** A host of files on loopback that remembers who asked. */
export async function startFileHost() {
  const files = new Map<string, string | ((response: ServerResponse) => void)>();
  const asked: { path: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer({ keepAliveTimeout: NEVER }, (request, response) => {
    const path = request.url ?? '';
    asked.push({ path, headers: request.headers });
    const file = files.get(path);
    if (typeof file === 'function') file(response);
    else response.writeHead(file === undefined ? 404 : 200, { 'content-type': 'text/csv' }).end(file);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    host,
    asked,
    /** Says the address under which the file can be had. */
    serve(path: string, file: string | ((response: ServerResponse) => void)): string {
      files.set(path, file);
      return `http://${host}${path}`;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const stockOf = (twin: ShipheroTwin) => twin.state().stock[USER] ?? {};
export const key = (sku: string): string => `${WAREHOUSE}/${sku}`;
/** What the caller did wrong, by kind; empty when nothing. */
export const violationsOf = (twin: ShipheroTwin) =>
  Object.fromEntries(Object.entries(twin.state().violations).filter(([, count]) => count > 0));
/** Rows of a CSV for S1, S2, … */
export const rows = (count: number, quantity: number | string = 7) =>
  Array.from({ length: count }, (_nothing, index) => `S${index + 1},${quantity},replace,Recount`);

/** Runs a file to its end, and says what became of it. */
export async function runFile(
  twin: ShipheroTwin,
  host: Awaited<ReturnType<typeof startFileHost>>,
  csv: string,
  path = '/ran.csv',
) {
  const id = await startSync(twin, host.serve(path, csv));
  await untilEnded(twin, id);
  return { id, ...(await statusOf(twin, id)) };
}
