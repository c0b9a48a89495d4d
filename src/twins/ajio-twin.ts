import { z } from 'zod';
import { decideOrder, orderRequest, readOrders } from './ajio-orders';
import {
  type AjioPatch,
  type AjioSnapshot,
  type AjioState,
  ajioPatch,
  applyAjioPatch,
  emptyAjioState,
  productKey,
  productOf,
  quantitiesOf,
  snapshotOf,
} from './ajio-state';
import type { Answer } from './send';
import { createTokens } from './tokens';
import { type Exchange, type Route, startTwin, type Twin, type TwinOptions } from './twin';
import { createViolations } from './violations';

/** Everything that the Ajio twin can start with: the server's options, and the state that a reset comes back to. */
export interface AjioTwinOptions extends TwinOptions, AjioPatch {
  /** @default '/ds/eshopbox/orders' */
  ordersPath?: string;
}

/** A stand-in of Ajio's seller API; one account is one location. Shapes: see `README.md`. */
export type AjioTwin = Twin<AjioSnapshot, AjioPatch>;

const TOKEN_TTL_MS = 30 * 60_000;
const MAX_LINES = 50;
const STOCK_PATH = '/updateInventory';

const loginRequest = z.strictObject({ username: z.string(), password: z.string() });
const stockRequest = z.strictObject({
  inventoryList: z
    .array(
      z.strictObject({
        inventory: z.union([z.number(), z.string()]),
        productId: z.string().min(1),
        variantId: z.string().min(1),
      }),
    )
    .min(1),
});
const commaList = z
  .string()
  .transform((text) => text.split(',').filter((part) => part !== ''))
  .pipe(z.array(z.string()).min(1).max(MAX_LINES));
const ordersQuery = z.strictObject({ orderIds: commaList });
const productsQuery = z.strictObject({
  skus: commaList.optional(),
  pageNumber: z.coerce.number().int().min(0).default(0),
  pageSize: z.coerce.number().int().min(1).max(MAX_LINES).default(MAX_LINES),
});

/** A whole number from 0, as a number or as digits; undefined for anything else. */
function quantityFrom(inventory: number | string): number | undefined {
  const quantity = typeof inventory === 'number' ? inventory : /^\d+$/.test(inventory) ? Number(inventory) : -1;
  return Number.isSafeInteger(quantity) && quantity >= 0 ? quantity : undefined;
}

function refuse(status: number, message: string, path: string): Answer {
  return path === STOCK_PATH && (status === 400 || status === 401)
    ? { status, json: { status: 'FAILED', failedProductList: [], ...(status === 400 ? { message } : {}) } }
    : { status, json: { message } };
}

const firstIssue = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)[0] ?? 'Bad request';

type Product = { productId: string; variants: { variantId: string; inventory: number; blockedInventory: number }[] };

function productsOf(state: AjioState, username: string, skus: readonly string[] | undefined, exchange: Exchange) {
  const stock = quantitiesOf(state.stock, username);
  const blocked = quantitiesOf(state.blocked, username);
  const products = new Map<string, Product>();
  for (const key of new Set([...stock.keys(), ...blocked.keys(), ...(state.knownProducts ?? [])])) {
    const { productId, variantId } = productOf(key);
    if (skus !== undefined && !skus.includes(productId) && !skus.includes(variantId)) continue;
    if (exchange.faults.omits(key)) continue;
    const product = products.get(productId) ?? { productId, variants: [] };
    product.variants.push({ variantId, inventory: stock.get(key) ?? 0, blockedInventory: blocked.get(key) ?? 0 });
    products.set(productId, product);
  }
  const { unknownLine } = exchange.faults;
  if (unknownLine !== undefined)
    products.set(unknownLine, {
      productId: unknownLine,
      variants: [{ variantId: unknownLine, inventory: 1, blockedInventory: 0 }],
    });
  return [...products.values()];
}

/** Starts a stand-in of Ajio. Throws a ZodError when the initial state does not fit. */
export async function startAjioTwin(options: AjioTwinOptions = {}): Promise<AjioTwin> {
  const {
    host,
    port,
    seed,
    tokenTtlMs,
    logLimit,
    pause,
    now = Date.now,
    ordersPath = '/ds/eshopbox/orders',
    ...rest
  } = options;
  const initial = ajioPatch.parse(rest);
  const tokens = createTokens({ ttlMs: tokenTtlMs ?? TOKEN_TTL_MS, now });
  const violations = createViolations();
  const fresh = (): AjioState => {
    const made = emptyAjioState();
    applyAjioPatch(made, initial);
    return made;
  };
  let state = fresh();

  const badBody = (message: string, path: string): Answer => {
    violations.count('badBody');
    return refuse(400, message, path);
  };
  const withToken =
    (path: string, handle: (username: string, exchange: Exchange) => Answer) => (exchange: Exchange) => {
      const username = exchange.tokenHolder();
      return username === undefined ? refuse(401, 'Invalid User/Token', path) : handle(username, exchange);
    };

  const login = (exchange: Exchange): Answer => {
    const request = loginRequest.safeParse(exchange.body);
    if (!request.success) return badBody(firstIssue(request.error), '/authToken');
    const { username, password } = request.data;
    if (state.accounts.get(username) !== password) {
      violations.count('badLogin');
      return { status: 401, json: { success: false, statusCode: 401, message: 'Invalid username or password' } };
    }
    exchange.authorize(username);
    state.logins.set(username, (state.logins.get(username) ?? 0) + 1);
    exchange.applied({ what: 'login', account: username, key: username });
    // There is no call that takes the refresh token: it opens nothing.
    const result = { accessToken: tokens.issue(username), refreshToken: 'refresh-is-not-offered' };
    return { status: 200, json: { success: true, statusCode: 0, result } };
  };

  const updateInventory = (username: string, exchange: Exchange): Answer => {
    const request = stockRequest.safeParse(exchange.body);
    if (!request.success) return badBody(firstIssue(request.error), STOCK_PATH);
    const lines = request.data.inventoryList;
    if (lines.length > MAX_LINES) {
      violations.count('batchTooLarge');
      return refuse(400, `At most ${MAX_LINES} products per request, got ${lines.length}`, STOCK_PATH);
    }
    const { faults } = exchange;
    if (faults.failsAll) return { status: 200, json: { status: 'FAILED', failedProductList: [] } };
    const read = lines.map(({ inventory, productId, variantId }) => {
      const key = productKey(productId, variantId);
      const quantity = quantityFrom(inventory);
      const isKnown = state.knownProducts === null || state.knownProducts.has(key);
      const unusable = quantity === undefined ? 'Invalid inventory' : undefined;
      const message = faults.rejection(key) ?? (isKnown ? unusable : 'Product not found');
      return { key, productId, variantId, quantity, message };
    });
    for (const [index, { key }] of read.entries())
      if (read.findIndex((line) => line.key === key) < index) violations.count('duplicateLine');
    // Who is at fault is not said: callers have to find it.
    if (read.some(({ key }) => state.poison.has(key))) return refuse(400, 'Invalid product in request', STOCK_PATH);
    const failed = read.filter(({ message }) => message !== undefined);
    const failedProductList = failed
      .filter(({ key }) => !faults.omits(key))
      .map(({ productId, variantId, message }) => ({ productId, variantId, message }));
    const { unknownLine } = faults;
    if (unknownLine !== undefined)
      failedProductList.push({ productId: unknownLine, variantId: unknownLine, message: 'Product not found' });
    if (state.refusesWhole && failed.length > 0) return { status: 400, json: { status: 'FAILED', failedProductList } };
    const stock = quantitiesOf(state.stock, username);
    for (const { key, quantity, message } of read) {
      if (message !== undefined || quantity === undefined) continue;
      const before = stock.get(key) ?? null;
      stock.set(key, quantity);
      exchange.applied({ what: 'stock', account: username, key, quantity, before });
    }
    const status = failed.length === 0 ? 'SUCCESS' : failed.length === lines.length ? 'FAILED' : state.partialStatus;
    return { status: 200, json: { status, failedProductList } };
  };

  const postOrder = (username: string, exchange: Exchange): Answer => {
    const request = orderRequest.safeParse(exchange.body);
    if (!request.success) return badBody(firstIssue(request.error), ordersPath);
    return { status: 200, json: decideOrder(state, violations, username, request.data, exchange) };
  };

  const getOrders = (username: string, exchange: Exchange): Answer => {
    const query = ordersQuery.safeParse(exchange.query);
    if (!query.success) return badBody(firstIssue(query.error), ordersPath);
    return { status: 200, json: readOrders(state, username, query.data.orderIds, exchange) };
  };

  const getProducts = (username: string, exchange: Exchange): Answer => {
    const query = productsQuery.safeParse(exchange.query);
    if (!query.success) return badBody(firstIssue(query.error), '/products');
    const { skus, pageNumber, pageSize } = query.data;
    const found = productsOf(state, username, skus, exchange);
    return { status: 200, json: found.slice(pageNumber * pageSize, (pageNumber + 1) * pageSize) };
  };

  const routes: Route[] = [
    { method: 'POST', path: '/authToken', handle: login },
    { method: 'POST', path: STOCK_PATH, handle: withToken(STOCK_PATH, updateInventory) },
    { method: 'POST', path: ordersPath, handle: withToken(ordersPath, postOrder) },
    { method: 'GET', path: ordersPath, handle: withToken(ordersPath, getOrders) },
    { method: 'GET', path: '/products', handle: withToken('/products', getProducts) },
  ];
  return startTwin<AjioSnapshot, AjioPatch>(
    {
      name: 'ajio',
      routes,
      tokens,
      violations,
      tokenOf(headers) {
        const token = headers[state.tokenHeader];
        return typeof token === 'string' ? token : undefined;
      },
      refuse,
      state: () => ({ ...snapshotOf(state), liveTokens: tokens.liveCount(), violations: violations.counts() }),
      setState: (patch) => applyAjioPatch(state, ajioPatch.parse(patch)),
      reset() {
        state = fresh();
        violations.clear();
      },
    },
    options,
  );
}
