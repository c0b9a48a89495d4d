import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { credentialsAsTokens, credentialsText } from './increff-credentials';
import {
  ASSURE_PATHS,
  applyIncreffPatch,
  emptyIncreffState,
  type IncreffPatch,
  type IncreffSnapshot,
  type IncreffState,
  increffPatch,
  increffSnapshotOf,
  stockKeyOf,
  stockOf,
} from './increff-state';
import { createRateLimit } from './rate-limit';
import type { Answer } from './send';
import { type Exchange, startTwin, type Twin, type TwinOptions } from './twin';
import { createViolations } from './violations';

/** Everything that the Increff twin can start with: the server's options, and the state that a reset comes back to. */
export interface IncreffTwinOptions extends TwinOptions, IncreffPatch {}

/** A stand-in of Increff OMS and Increff Assure on one address, which share a client's limit. Shapes: see `README.md`. */
export type IncreffTwin = Twin<IncreffSnapshot, IncreffPatch>;

const MAX_SKUS = 300;

interface Line {
  code: string;
  location: string;
  key: string;
  quantity: number;
}

interface Endpoint {
  request: z.ZodType<Line[]>;
  failureList: string;
  successList: string;
}

const code = z.string().min(1);
const quantity = z.int32().min(0);

const [OMS_PATH] = ASSURE_PATHS;

const OMS: Endpoint = {
  request: z
    .strictObject({
      locationCode: z.string().min(1),
      products: z.array(z.strictObject({ channelSkuCode: code, quantity })).min(1),
    })
    .transform(({ locationCode, products }) =>
      products.map((product) => ({
        code: product.channelSkuCode,
        location: locationCode,
        key: stockKeyOf(locationCode, product.channelSkuCode),
        quantity: product.quantity,
      })),
    ),
  failureList: 'failureProducts',
  successList: 'successProducts',
};

const assureLine = z
  .strictObject({
    clientId: z.int32(),
    clientSkuId: code,
    inventoryPoolId: z.int32().optional(),
    quantity,
    fulfillmentLocationId: z.int32(),
  })
  .transform((line) => {
    const location = String(line.fulfillmentLocationId);
    const pool = String(line.inventoryPoolId ?? '');
    const key = stockKeyOf(String(line.clientId), location, pool, line.clientSkuId);
    return { code: line.clientSkuId, location, key, quantity: line.quantity };
  });

const ASSURE: Endpoint = {
  request: z.array(assureLine).min(1),
  failureList: 'failureSkus',
  successList: 'successSkus',
};

const REFUSALS: Record<number, readonly [code: string, message: string]> = {
  400: ['BAD_DATA', 'Bad data'],
  401: ['UNAUTHORIZED', 'Unauthorized'],
  404: ['NOT_FOUND', 'Not found'],
  429: ['TOO_MANY_REQUESTS', 'Too many requests'],
  500: ['INTERNAL_ERROR', 'Internal error'],
};

function refuse(status: number, description: string): Answer {
  const [errorCode, message] = REFUSALS[status] ?? ['REFUSED', 'Refused'];
  return { status, json: { code: errorCode, message, description } };
}

const firstIssue = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)[0] ?? 'Bad request';

const respelled = (sku: string): string => /\d.*$/s.exec(sku)?.[0] ?? sku;

const headerText = (header: IncomingHttpHeaders[string]): string | undefined =>
  typeof header === 'string' ? header : undefined;

function credentialsOf(headers: IncomingHttpHeaders): string | undefined {
  const username = headerText(headers.authusername);
  const password = headerText(headers.authpassword);
  if (username === undefined || password === undefined) return undefined;
  return credentialsText(username, password, headerText(headers.authdomainname));
}

/** Starts a stand-in of Increff. Throws a ZodError when the initial state does not fit. */
export async function startIncreffTwin(options: IncreffTwinOptions = {}): Promise<IncreffTwin> {
  const { host, port, seed, tokenTtlMs, logLimit, pause, now = Date.now, ...rest } = options;
  const initial = increffPatch.parse(rest);
  const violations = createViolations();
  const rateLimit = createRateLimit(now);
  const fresh = (): IncreffState => {
    const made = emptyIncreffState();
    applyIncreffPatch(made, initial);
    return made;
  };
  let state = fresh();

  const listed = (endpoint: Endpoint, failed: readonly string[], succeeded: readonly string[]): Answer => {
    const { omittedLists, respellCodes } = state;
    const shown = (name: string, which: 'failure' | 'success', codes: readonly string[]) =>
      omittedLists === which || omittedLists === 'both' || (omittedLists === 'empty' && codes.length === 0)
        ? {}
        : { [name]: respellCodes ? codes.map(respelled) : codes };
    return {
      status: 200,
      json: {
        ...shown(endpoint.failureList, 'failure', failed),
        ...shown(endpoint.successList, 'success', succeeded),
      },
    };
  };

  const update = (endpoint: Endpoint, exchange: Exchange): Answer => {
    const account = exchange.tokenHolder();
    if (account === undefined) return refuse(401, 'Invalid credentials');
    const request = endpoint.request.safeParse(exchange.body);
    if (!request.success) {
      violations.count('badBody');
      return refuse(400, firstIssue(request.error));
    }
    const lines = request.data;
    if (lines.length > MAX_SKUS) {
      violations.count('batchTooLarge');
      return refuse(400, `At most ${MAX_SKUS} SKUs per request, got ${lines.length}`);
    }
    const { knownLocations, knownSkus, poison } = state;
    const unknown = lines.find(({ location }) => knownLocations?.has(location) === false);
    if (unknown !== undefined) return refuse(400, `Unknown location ${unknown.location}`);
    // Which entry is at fault is not said: callers have to find it.
    if (lines.some((line) => poison.has(line.code))) return refuse(400, 'The request holds an entry that is not valid');

    const { faults } = exchange;
    if (faults.failsAll) return listed(endpoint, [], []);
    const stock = stockOf(state, account);
    const failed: string[] = [];
    const succeeded: string[] = [];
    const seen = new Set<string>();
    for (const line of lines) {
      if (seen.has(line.key)) violations.count('duplicateLine');
      seen.add(line.key);
      const isRefused = faults.rejection(line.key) !== undefined || knownSkus?.has(line.code) === false;
      if (!isRefused) {
        const before = stock.get(line.key) ?? null;
        stock.set(line.key, line.quantity);
        exchange.applied({ what: 'stock', account, key: line.key, quantity: line.quantity, before });
      }
      if (!faults.omits(line.key)) (isRefused ? failed : succeeded).push(line.code);
    }
    if (faults.unknownLine !== undefined) succeeded.push(faults.unknownLine);
    return listed(endpoint, failed, succeeded);
  };

  /** On the path that both are seen on, the shape of the body tells which of the two is meant. */
  const updateAt = (path: (typeof ASSURE_PATHS)[number], exchange: Exchange): Answer => {
    if (path === OMS_PATH && !Array.isArray(exchange.body)) return update(OMS, exchange);
    const isHere = state.assurePath === 'any' || state.assurePath === path;
    return isHere ? update(ASSURE, exchange) : refuse(404, `No route ${path}`);
  };

  return startTwin<IncreffSnapshot, IncreffPatch>(
    {
      name: 'increff',
      routes: ASSURE_PATHS.map((path) => ({ method: 'PUT', path, handle: (exchange) => updateAt(path, exchange) })),
      tokens: credentialsAsTokens(() => state),
      violations,
      tokenOf: credentialsOf,
      refuse,
      admits(account) {
        const isAdmitted = rateLimit.admits(account, state.rateLimit);
        if (isAdmitted) state.requests.set(account, (state.requests.get(account) ?? 0) + 1);
        return isAdmitted;
      },
      state: () => ({ ...increffSnapshotOf(state), violations: violations.counts() }),
      setState: (patch) => applyIncreffPatch(state, increffPatch.parse(patch)),
      reset() {
        state = fresh();
        violations.clear();
        rateLimit.clear();
      },
    },
    options,
  );
}
