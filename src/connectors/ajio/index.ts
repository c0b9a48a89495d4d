import { listingOf } from '../../contracts/ids';
import { ConnectorError } from '../errors';
import { identifierOf } from '../identifiers';
import { credentialsOf, settingsOf } from '../opening';
import type { Capabilities, Connector } from '../ports';
import { AJIO_ENDPOINT, ajioClient } from './client';
import { inventoryUpdateOf, observedStockOf, productOf, stockVerdictsOf } from './mapper';
import { cancelVerdictsOf, observedLinesOf, orderIdOf, orderUpdateOf } from './order-mapper';
import { ajioCredentials, ajioSettings, MAX_PRODUCTS } from './settings';

/** A token lives this long; Ajio's answer does not say. */
const TOKEN_LIFE_MS = 30 * 60_000;

/** Ajio's seller API: takes stock per product and variant, and cancels order lines. */
export const ajioConnector: Connector = {
  channel: 'ajio',
  role: 'sales',
  displayName: 'Ajio',
  endpoints: [AJIO_ENDPOINT],
  capabilities: ['inventoryWriter', 'inventoryReader', 'orderCanceller', 'orderReader', 'tokenIssuer'],
  credentials: ajioCredentials,
  settings: ajioSettings,

  listingFor: ({ productId, variantId }) =>
    listingOf(identifierOf(productId, 'productId'), identifierOf(variantId, 'variantId')),

  listingForCode(code) {
    // The id of a variant may hold a slash; Ajio's product ids do not.
    const slash = code.indexOf('/');
    if (slash < 0) throw new RangeError('code: Ajio knows products and variants: send productId/variantId');
    return listingOf(identifierOf(code.slice(0, slash), 'productId'), identifierOf(code.slice(slash + 1), 'variantId'));
  },

  gate: (connection) => ({
    key: `ajio/${connection.id}`,
    requestsPerMinute: settingsOf(ajioSettings, connection).requestsPerMinute,
  }),

  open(connection, context): Capabilities {
    const settings = settingsOf(ajioSettings, connection);
    const credentials = credentialsOf(ajioCredentials, connection);
    const client = ajioClient({ connection, credentials, settings, context });
    const { stockUpdate, orderCancel, orderRead } = client.contexts;
    return {
      inventoryWriter: {
        batchSize: settings.batchSize,
        halvesRefusals: settings.halvesRefusals,
        async setStock(lines, call) {
          if (lines.length === 0) return [];
          const answer = await client.updateInventory(inventoryUpdateOf(lines, settings), call);
          return stockVerdictsOf(lines, answer, stockUpdate);
        },
      },
      inventoryReader: {
        readBatchSize: MAX_PRODUCTS,
        async readStock(listings, call) {
          if (listings.length === 0) return [];
          if (listings.length > MAX_PRODUCTS) {
            throw new ConnectorError(
              'InvariantBroken',
              `${listings.length} listings in one call, Ajio takes ${MAX_PRODUCTS}`,
            );
          }
          const productIds = new Set(listings.map((listing) => productOf(listing).productId));
          return observedStockOf(listings, await client.products([...productIds], call));
        },
      },
      orderCanceller: {
        async cancelOrder({ order, lines }, call) {
          if (lines.length === 0) return [];
          const orderId = orderIdOf({ order, lines }, settings);
          const answer = await client.updateOrder(orderUpdateOf(orderId, lines), call);
          return cancelVerdictsOf(orderId, lines, answer, orderCancel);
        },
      },
      orderReader: {
        async readOrder({ order, lines }, call) {
          if (lines.length === 0) return [];
          const orderId = orderIdOf({ order, lines }, settings);
          return observedLinesOf(orderId, lines, await client.orders(orderId, call), orderRead);
        },
      },
      tokenIssuer: {
        async issueToken(call) {
          const askedAtMs = context.now();
          return { accessToken: await client.logIn(call), expiresAtMs: askedAtMs + TOKEN_LIFE_MS };
        },
      },
    };
  },
};
