import type { Connection } from '../../contracts/connection';
import { accessTokenOf, storedTokenOf } from '../access-token';
import {
  type AnswerContext,
  exchange,
  failureOf,
  isSuccess,
  loginFailureOf,
  parseAnswer,
  refusal,
  sendFor,
} from '../http/answers';
import { addressOf } from '../http/base-url';
import type { HttpAnswer } from '../http/client';
import { jsonOf } from '../http/words';
import type { Call, ConnectorContext, Endpoint } from '../ports';
import {
  type InventoryAnswer,
  type InventoryUpdate,
  inventoryAnswer,
  inventoryRefusal,
  loginAnswer,
  type OrdersAnswer,
  type OrderUpdate,
  type OrderUpdateAnswer,
  ordersAnswer,
  orderUpdateAnswer,
  type ProductsAnswer,
  productsAnswer,
} from './schemas';
import { type AjioCredentials, type AjioSettings, MAX_PRODUCTS } from './settings';

/** Where Ajio's seller API is. */
export const AJIO_ENDPOINT: Endpoint = { env: 'AJIO_BASE_URL', default: 'https://api-seller.services.ajio.com' };

/** Of the 4xx these say nothing of the lines. */
const NOT_ABOUT_LINES = [401, 403, 408, 429];

/** What Ajio's seller API offers, in its own words; every method is one request. */
export interface AjioClient {
  updateInventory(update: InventoryUpdate, call: Call): Promise<InventoryAnswer>;
  updateOrder(update: OrderUpdate, call: Call): Promise<OrderUpdateAnswer>;
  orders(orderId: string, call: Call): Promise<OrdersAnswer>;
  /** At most {@link MAX_PRODUCTS} ids, so that one page holds them all. */
  products(productIds: readonly string[], call: Call): Promise<ProductsAnswer>;
  /** A new access token. */
  logIn(call: Call): Promise<string>;
  /** What the answers to these requests are answers to. */
  readonly contexts: Readonly<
    Record<'stockUpdate' | 'orderCancel' | 'orderRead' | 'stockRead' | 'login', AnswerContext>
  >;
}

/** A connection with its parsed parts, and where clock and addresses come from. */
export interface AjioClientOptions {
  connection: Connection;
  credentials: AjioCredentials;
  settings: AjioSettings;
  context: ConnectorContext;
}

/** Makes the client of one connection; nothing is sent yet. */
export function ajioClient({ connection, credentials, settings, context }: AjioClientOptions): AjioClient {
  const { http } = context;
  const base = settings.baseUrl ?? context.endpoints[AJIO_ENDPOINT.env] ?? AJIO_ENDPOINT.default;
  const ordersPath = `${settings.ordersPath}/orders`;
  const address = (path: string, query: Record<string, string> = {}): string =>
    addressOf({ base, path, accountSlug: connection.accountSlug, query });
  const headers = () => ({ [settings.tokenHeader]: accessTokenOf(connection, context.now()) });

  const secrets = [credentials.username, credentials.password, storedTokenOf(connection) ?? ''];
  const about = (operation: string, isWrite: boolean): AnswerContext => ({
    connection,
    what: `Ajio, ${operation}`,
    isWrite,
    secrets,
    now: () => context.now(),
  });
  const contexts = {
    stockUpdate: about('stock update', true),
    orderCancel: about('order cancellation', true),
    orderRead: about('reading an order', false),
    stockRead: about('reading stock', false),
    login: about('login', false),
  };

  const post = (path: string, json: unknown, repeatable: boolean, { signal }: Call) =>
    ({ method: 'POST', url: address(path), headers: headers(), json, repeatable, signal }) as const;
  const get = (path: string, query: Record<string, string>, { signal }: Call) =>
    ({ method: 'GET', url: address(path, query), headers: headers(), repeatable: true, signal }) as const;

  return {
    contexts,
    updateInventory: async (update, call) => {
      const answer = await sendFor(http, post('/updateInventory', update, true, call), contexts.stockUpdate);
      if (isSuccess(answer)) return parseAnswer(answer, inventoryAnswer, contexts.stockUpdate);
      const refused = refusedLinesOf(answer);
      if (!refused) throw failureOf(answer, contexts.stockUpdate);
      return { ...refused, refusedWith: answer.status };
    },
    // A second cancel of the same line is answered like any other refusal, so it must not be sent blindly.
    updateOrder: async (update, call) =>
      exchange(http, post(ordersPath, update, false, call), orderUpdateAnswer, contexts.orderCancel),
    orders: async (orderId, call) =>
      exchange(http, get(ordersPath, { orderIds: orderId }, call), ordersAnswer, contexts.orderRead),
    products: async (productIds, call) => {
      const query = { skus: productIds.join(','), pageNumber: '0', pageSize: String(MAX_PRODUCTS) };
      return exchange(http, get('/products', query, call), productsAnswer, contexts.stockRead);
    },
    logIn: async ({ signal }) => {
      const request = {
        method: 'POST',
        url: address('/authToken'),
        json: credentials,
        repeatable: true,
        signal,
      } as const;
      const login = await exchange(http, request, loginAnswer, contexts.login, loginFailureOf);
      if (!login.success) {
        // Ajio repeats the status in the body: a fault of its own says nothing of the credentials.
        const type = (login.statusCode ?? 0) >= 500 ? 'ChannelUnavailable' : 'ChannelAuthFailed';
        throw refusal(type, 200, login.message ?? '', contexts.login);
      }
      return login.result.accessToken;
    },
  };
}

/** The lines because of which a request is refused; undefined where the answer names none, or is no verdict on the request. */
function refusedLinesOf({ status, text }: HttpAnswer) {
  const isVerdict = status >= 400 && status < 500 && !NOT_ABOUT_LINES.includes(status);
  return isVerdict ? inventoryRefusal.safeParse(jsonOf(text)).data : undefined;
}
