import type { Channel } from '../contracts/channels';
import { listingOf } from '../contracts/ids';

/** Stands in every secret and in everything personal that the soak makes up, and nowhere else. */
export const CANARY = 'CANARY';

/** A connection of the soak, and what the channel's twin knows of it. */
export interface SoakConnection {
  id: number;
  channel: Channel;
  accountSlug: string;
  /** The account at the twin; no two connections share one. */
  login: string;
  credentials: Record<string, string>;
  settings: object;
  externalChannelId: string | null;
  externalWarehouseId: string | null;
  /** How many listings its events name; 0: it takes no stock. */
  listings: number;
  /** The last so many listings are unknown at the twin, which refuses them. */
  unknownListings: number;
  /** Lines that one request may have. */
  batchSize: number;
  /** How often events are for it, against the others. */
  weight: number;
}

const NO_ORDERS = { externalChannelId: null, externalWarehouseId: null };
const login = (id: number) => `login-${id}`;
const password = (id: number) => `${CANARY}-password-${id}`;
const base = (id: number, accountSlug: string) => ({ id, accountSlug, login: login(id) });

const ajio = (
  id: number,
  accountSlug: string,
  stock: { listings: number; batchSize: number; weight: number },
  orders: { externalChannelId: string | null; externalWarehouseId: string | null } = NO_ORDERS,
): SoakConnection => ({
  ...base(id, accountSlug),
  channel: 'ajio',
  credentials: { username: login(id), password: password(id) },
  settings: { batchSize: stock.batchSize },
  ...orders,
  ...stock,
  unknownListings: 2,
});

const eshopbox = (id: number, accountSlug: string): SoakConnection => ({
  ...base(id, accountSlug),
  channel: 'eshopbox',
  // One account of the twin for each slug; its login is known by the slug.
  login: accountSlug,
  credentials: { client_id: login(id), client_secret: password(id), refresh_token: `${CANARY}-refresh-${id}` },
  settings: {},
  ...NO_ORDERS,
  listings: 0,
  unknownListings: 0,
  batchSize: 100,
  weight: 0,
});

const increff = (id: number, accountSlug: string, channel: 'increff-oms' | 'increff-assure'): SoakConnection => ({
  ...base(id, accountSlug),
  channel,
  credentials: { authUsername: login(id), authPassword: password(id) },
  settings: {
    batchSize: 60,
    ...(channel === 'increff-oms' ? { locationCode: `wd${id}` } : { clientId: id, fulfillmentLocationId: id }),
  },
  ...NO_ORDERS,
  listings: 90,
  unknownListings: 1,
  batchSize: 60,
  weight: 1,
});

const shiphero = (id: number, accountSlug: string): SoakConnection => ({
  ...base(id, accountSlug),
  channel: 'shiphero',
  credentials: { username: login(id), password: password(id) },
  settings: { warehouseId: `warehouse-${id}`, batchSize: 50, syncDeadlineSeconds: 15 },
  ...NO_ORDERS,
  listings: 80,
  unknownListings: 1,
  batchSize: 50,
  weight: 1,
});

/** Three accounts with every channel among them. Orders of an account go to the connection with its external channel. */
export const CONNECTIONS: readonly SoakConnection[] = [
  ajio(101, 'soak-a', { listings: 120, batchSize: 20, weight: 3 }, orderPlace('a')),
  ajio(102, 'soak-a', { listings: 240, batchSize: 50, weight: 3 }),
  eshopbox(103, 'soak-a'),
  ajio(201, 'soak-b', { listings: 60, batchSize: 10, weight: 2 }, orderPlace('b')),
  increff(202, 'soak-b', 'increff-oms'),
  eshopbox(203, 'soak-b'),
  shiphero(301, 'soak-c'),
  increff(302, 'soak-c', 'increff-assure'),
  ajio(303, 'soak-c', { listings: 40, batchSize: 20, weight: 1 }, orderPlace('c')),
  eshopbox(304, 'soak-c'),
];

function orderPlace(name: string) {
  return { externalChannelId: `channel-${name}`, externalWarehouseId: `house-${name}` };
}

export const ACCOUNTS: readonly string[] = [...new Set(CONNECTIONS.map(({ accountSlug }) => accountSlug))];

/** What the WMS calls a sellable thing; each channel picks what it knows of it. */
export const itemOf = (connectionId: number, number: number) => ({
  productId: `P${connectionId}`,
  variantId: `V${number}`,
  sku: `S${connectionId}-V${number}`,
});

/** Stockbridge's name of it. */
export function listingNameOf({ id, channel }: Pick<SoakConnection, 'id' | 'channel'>, number: number): string {
  const { productId, variantId, sku } = itemOf(id, number);
  return channel === 'ajio' ? listingOf(productId, variantId) : listingOf(sku);
}

/** Whose line a twin's key names, and its listing; undefined for a key that is not of our making. */
export function lineOfTwinKey(key: string): { connectionId: number; listing: string } | undefined {
  const name = /(?:^|\/)(P(\d+)\/V\d+|S(\d+)-V\d+)$/.exec(key);
  const listing = name?.[1];
  return listing === undefined ? undefined : { connectionId: Number(name?.[2] ?? name?.[3]), listing };
}
