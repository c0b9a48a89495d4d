import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { loadConfig } from '../config';
import { inventorySyncWorkflowId } from '../contracts/ids';
import { openStores, type Stores } from '../store/stores';
import {
  checkEffects,
  orderSample,
  type Samples,
  type Seen,
  stockSample,
  type TwinEntry,
  twinEntry,
} from './demo-effects';
import { arrivals } from './demo-report';

/** Where everything that the demo needs can be reached. */
export interface Stand {
  mysqlUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  gatewayUrl: string;
  ajioTwinUrl: string;
  eshopboxTwinUrl: string;
  print(line: string): void;
}

const SAMPLES_FOLDER = join(__dirname, '../../samples');
const EFFECTS_WITHIN_MS = 30_000;
const POLL_MS = 250;
/** A surplus call would come with the next retry or round of the sync, which is at most this far away. */
const QUIET_MS = 2_000;

const AJIO_CREDENTIALS = { username: 'demo-seller', password: 'demo-password' };
const ESHOPBOX_DEFAULT = {
  accountSlug: 'demo',
  clientId: 'demo-client',
  clientSecret: 'demo-secret',
  refreshToken: 'demo-refresh',
};

const stockAnswer = z.object({ submissionId: z.string(), status: z.string() });
const orderAnswer = z.object({ workflowId: z.string().nullable(), status: z.string(), reason: z.string().optional() });
const submissionAnswer = z.object({ status: z.string() });
const linesAnswer = z.object({
  lines: z.array(z.object({ listing: z.string(), status: z.string(), error: z.string().nullable() })),
});
const logAnswer = z.object({ entries: z.array(twinEntry), lastSeq: z.number() });

export interface DemoOptions {
  /** How long the effects are waited for, milliseconds. @default 30,000 */
  effectsWithinMs?: number;
}

/**
 * Plays the two sample events against the twins and reports what the twins have really seen. `complete` is true only when
 * every expected effect came exactly once and nothing else did.
 */
export async function playDemo(stand: Stand, options: DemoOptions = {}): Promise<{ complete: boolean }> {
  const { effectsWithinMs = EFFECTS_WITHIN_MS } = options;
  const config = loadConfig({
    ...process.env,
    MYSQL_URL: stand.mysqlUrl,
    TEMPORAL_ADDRESS: stand.temporalAddress,
  });
  const stores = openStores({ ...config, mysqlUrl: stand.mysqlUrl, connectionLimit: 4 });
  const keyIds: string[] = [];
  try {
    const files = {
      stock: await readFile(join(SAMPLES_FOLDER, 'inventory-event.json'), 'utf8'),
      order: await readFile(join(SAMPLES_FOLDER, 'unfulfillable-event.json'), 'utf8'),
    };
    const samples: Samples = {
      stock: stockSample.parse(JSON.parse(files.stock)),
      order: orderSample.parse(JSON.parse(files.order)),
    };
    await prepare(stand, stores, samples);
    const keyFor = async (accountSlug: string): Promise<string> => {
      const { key, keyId } = await stores.keys.create({ accountSlug, name: 'demo', connectionId: null });
      keyIds.push(keyId);
      return key;
    };
    const access = {
      stock: await keyFor(samples.stock.account_slug),
      order: await keyFor(samples.order.account_slug),
      namespace: config.temporal.namespace,
    };
    return await play(stand, samples, files, access, effectsWithinMs);
  } finally {
    // Nobody has seen these keys, so nobody can miss them.
    for (const keyId of keyIds) await stores.keys.revoke(keyId);
    await stores.close();
  }
}

/** Adds the connections that the events speak of, where they are missing, and their account at the Eshopbox twin. */
async function prepare(stand: Stand, stores: Stores, { stock, order }: Samples): Promise<void> {
  const { externalChannelID, externalWarehouseID } = order.response_dataresponse_data;
  const accountSlug = order.account_slug;
  const account = {
    accountSlug,
    clientId: `${accountSlug}-client`,
    clientSecret: 'demo-secret',
    refreshToken: 'demo-refresh',
  };
  await request(`${stand.eshopboxTwinUrl}/__twin/state`, z.unknown(), {
    method: 'PUT',
    body: JSON.stringify({ accounts: [ESHOPBOX_DEFAULT, account] }),
  });
  const nothing = { externalChannelId: null, externalWarehouseId: null, locationId: null, settings: {} };
  if (!(await stores.connections.find(stock.connectionId))) {
    await stores.connections.insert({
      ...nothing,
      id: stock.connectionId,
      channel: 'ajio',
      accountSlug: stock.account_slug,
      externalChannelId: 'CH1286',
      externalWarehouseId: 'Eshopbox_Mumbai',
      locationId: 'POB1',
      credentials: AJIO_CREDENTIALS,
    });
  }
  const known = await stores.connections.list({ accountSlug });
  if (!known.some(({ channel, externalChannelId }) => channel === 'ajio' && externalChannelId === externalChannelID)) {
    await stores.connections.insert({
      ...nothing,
      channel: 'ajio',
      accountSlug,
      externalChannelId: externalChannelID,
      externalWarehouseId: externalWarehouseID,
      credentials: AJIO_CREDENTIALS,
    });
  }
  if (!known.some(({ channel }) => channel === 'eshopbox')) {
    const { clientId, clientSecret, refreshToken } = account;
    const credentials = { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken };
    await stores.connections.insert({ ...nothing, channel: 'eshopbox', accountSlug, credentials });
  }
}

async function play(
  stand: Stand,
  samples: Samples,
  files: { stock: string; order: string },
  access: { stock: string; order: string; namespace: string },
  effectsWithinMs: number,
): Promise<{ complete: boolean }> {
  const { gatewayUrl, ajioTwinUrl, eshopboxTwinUrl, print } = stand;
  const startedAt = { ajio: await lastSeq(ajioTwinUrl), eshopbox: await lastSeq(eshopboxTwinUrl) };
  const post = <T>(path: string, key: string, body: string, answer: z.ZodType<T>): Promise<T> =>
    request(gatewayUrl + path, answer, { method: 'POST', body, key });

  const stock = await post('/events/inventory', access.stock, files.stock, stockAnswer);
  print('');
  print(`POST /events/inventory   202 ${stock.status}   submission ${stock.submissionId}`);
  const order = await post('/events/order', access.order, files.order, orderAnswer);
  print(`POST /events/order       202 ${order.status}   ${order.reason ?? order.workflowId ?? ''}`);
  print('');

  const look = async (): Promise<Seen> => ({
    ajio: await entriesOf(ajioTwinUrl, startedAt.ajio),
    eshopbox: await entriesOf(eshopboxTwinUrl, startedAt.eshopbox),
    submission: {
      ...(await request(`${gatewayUrl}/submissions/${stock.submissionId}`, submissionAnswer, { key: access.stock })),
      ...(await request(`${gatewayUrl}/submissions/${stock.submissionId}/lines`, linesAnswer, { key: access.stock })),
    },
  });
  const isNew = stock.status === 'accepted' && order.status === 'accepted';
  const seen = await watch(look, samples, isNew ? effectsWithinMs : 0);

  for (const line of arrivals(seen)) print(line);
  print('');
  const missing = checkEffects(seen, samples).filter(({ holds }) => !holds);
  if (!isNew) print('This database has played the events before, so they are known and nothing new is sent.');
  else if (missing.length === 0) print('Everything arrived, each effect exactly once.');
  else for (const { name } of missing) print(`✗ not as expected: ${name}`);
  print('');
  const workflowIds = [
    inventorySyncWorkflowId(samples.stock.connectionId),
    ...(order.workflowId === null ? [] : [order.workflowId]),
  ];
  for (const workflowId of workflowIds) {
    print(workflowId);
    print(`  ${stand.temporalUiUrl}/namespaces/${access.namespace}/workflows/${encodeURIComponent(workflowId)}`);
  }
  print('');
  for (const line of whatNext(stand, samples)) print(line);
  return { complete: isNew && missing.length === 0 };
}

/** Looks until everything is there or the time is over, and once more after a quiet while, so that a surplus call is seen too. */
async function watch(look: () => Promise<Seen>, samples: Samples, withinMs: number): Promise<Seen> {
  const endsAtMs = Date.now() + withinMs;
  while (Date.now() < endsAtMs) {
    if (checkEffects(await look(), samples).every(({ holds }) => holds)) break;
    await delay(POLL_MS);
  }
  await delay(QUIET_MS);
  return look();
}

function whatNext({ gatewayUrl, ajioTwinUrl }: Stand, { stock }: Samples): string[] {
  const [line] = stock.inventoryList;
  return [
    'Go on in a second terminal:',
    '  npm run cli -- connections list',
    ...(line ? [`  npm run cli -- why ${stock.connectionId} ${line.productId}/${line.variantId}`] : []),
    '  npm run cli -- --help',
    '',
    `The gateway's routes    ${gatewayUrl}/openapi.json`,
    `What Ajio's twin saw    ${ajioTwinUrl}/__twin/log`,
  ];
}

const logOf = (twinUrl: string, after: number) =>
  request(`${twinUrl}/__twin/log?after=${after}&limit=10000`, logAnswer, {});
const lastSeq = async (twinUrl: string): Promise<number> => (await logOf(twinUrl, 0)).lastSeq;
const entriesOf = async (twinUrl: string, after: number): Promise<TwinEntry[]> => (await logOf(twinUrl, after)).entries;

/** One JSON request; any answer but 2xx ends the demo with the answer's own words. */
async function request<T>(
  url: string,
  answer: z.ZodType<T>,
  { method = 'GET', body, key }: { method?: string; body?: string; key?: string },
): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'x-api-key': key }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname} was answered ${response.status}: ${text}`);
  return answer.parse(JSON.parse(text));
}
