import type { Stores } from '../store/stores';
import { connectionOf } from './bodies';
import type { Load } from './load';
import { ACCOUNTS, CONNECTIONS, listingNameOf } from './tenants';
import { packedOrder, type TwinControl } from './twin-control';

const known = (channels: readonly string[]): string[] =>
  CONNECTIONS.filter(({ channel }) => channels.includes(channel)).flatMap((connection) =>
    Array.from({ length: connection.listings - connection.unknownListings }, (_, number) =>
      listingNameOf(connection, number),
    ),
  );

/** Stores the connections and a key of the gateway for each account; returns the keys. */
export async function addTenants(stores: Stores): Promise<Record<string, string>> {
  for (const {
    id,
    channel,
    accountSlug,
    externalChannelId,
    externalWarehouseId,
    credentials,
    settings,
  } of CONNECTIONS) {
    await stores.connections.insert({
      id,
      channel,
      accountSlug,
      externalChannelId,
      externalWarehouseId,
      locationId: null,
      credentials,
      settings,
    });
  }
  const keys: Record<string, string> = {};
  for (const accountSlug of ACCOUNTS) {
    const { key } = await stores.keys.create({ accountSlug, name: 'soak', connectionId: null });
    keys[accountSlug] = key;
  }
  return keys;
}

/** Tells each twin its accounts, what it knows, and which orders it has packed. */
export async function prepareTwins(twins: TwinControl, load: Load): Promise<void> {
  const credentialsOf = (channels: readonly string[]) =>
    CONNECTIONS.filter(({ channel }) => channels.includes(channel)).map(({ credentials }) => credentials);
  const packed = load.events.flatMap((event) =>
    event.kind === 'order' && event.isPacked
      ? [packedOrder(event.orderNumber, event.lines, connectionOf(event.connectionId).login)]
      : [],
  );
  await twins.setState('ajio', {
    accounts: credentialsOf(['ajio']),
    knownProducts: known(['ajio']),
    partialStatus: 'PARTIAL_SUCCESS',
    orders: Object.assign({}, ...packed),
  });
  await twins.setState('eshopbox', {
    accounts: CONNECTIONS.filter(({ channel }) => channel === 'eshopbox').map(({ accountSlug, credentials }) => ({
      accountSlug,
      clientId: credentials.client_id,
      clientSecret: credentials.client_secret,
      refreshToken: credentials.refresh_token,
    })),
  });
  const increff = ['increff-oms', 'increff-assure'];
  await twins.setState('increff', { accounts: credentialsOf(increff), knownSkus: known(increff) });
  await twins.setState('shiphero', { accounts: credentialsOf(['shiphero']), knownSkus: known(['shiphero']) });
}
