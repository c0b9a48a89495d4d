import { listingOf } from '../../contracts/ids';
import { identifierOf } from '../identifiers';
import { credentialsOf, settingsOf } from '../opening';
import type { Capabilities, Connector } from '../ports';
import { ESHOPBOX_AUTH_ENDPOINT, ESHOPBOX_ENDPOINT, eshopboxClient } from './client';
import { allCancelled, alreadyCancelledOf, cancelBodyOf, issuedTokenOf } from './mapper';
import { eshopboxCredentials, eshopboxSettings } from './settings';

/** Eshopbox, the WMS that the events come from: takes the cancellation of lines that it cannot ship. */
export const eshopboxConnector: Connector = {
  channel: 'eshopbox',
  role: 'wms',
  displayName: 'Eshopbox',
  endpoints: [ESHOPBOX_ENDPOINT, ESHOPBOX_AUTH_ENDPOINT],
  capabilities: ['orderCanceller', 'tokenIssuer'],
  credentials: eshopboxCredentials,
  settings: eshopboxSettings,

  listingFor: ({ sku }) => listingOf(identifierOf(sku, 'sku')),

  listingForCode: (code) => listingOf(identifierOf(code, 'code')),

  gate: (connection) => ({
    key: `eshopbox/${connection.id}`,
    requestsPerMinute: settingsOf(eshopboxSettings, connection).requestsPerMinute,
  }),

  open(connection, context): Capabilities {
    const settings = settingsOf(eshopboxSettings, connection);
    const credentials = credentialsOf(eshopboxCredentials, connection);
    const client = eshopboxClient({ connection, credentials, settings, context });
    return {
      orderCanceller: {
        async cancelOrder(request, call) {
          if (request.lines.length === 0) return [];
          const result = await client.cancelOrder(cancelBodyOf(request, settings), call);
          return result.kind === 'cancelled'
            ? allCancelled(request.lines)
            : alreadyCancelledOf(request.lines, result.error);
        },
      },
      tokenIssuer: {
        async issueToken(call) {
          const askedAtMs = context.now();
          return issuedTokenOf(await client.generateToken(call), askedAtMs);
        },
      },
    };
  },
};
