import type { Channel } from '../../src/contracts/channels';
import { INCREFF_LOGIN, type Stand } from './stand';
import { addStockConnection } from './stock-connection';

type IncreffChannel = Extract<Channel, `increff-${string}`>;

const PLACE = {
  'increff-oms': { locationCode: 'wd003' },
  'increff-assure': { clientId: 10000900, fulfillmentLocationId: 1000901 },
} as const satisfies Record<IncreffChannel, object>;

/** A connection to the Increff twin in an account of its own, and the means to feed and watch it. */
export const addIncreff = async (stand: Stand, id: number, channel: IncreffChannel, settings: object = {}) => ({
  ...(await addStockConnection(stand, {
    id,
    channel,
    credentials: INCREFF_LOGIN,
    settings: { ...PLACE[channel], ...settings },
  })),
  /** Requests that reached the twin, oldest first. */
  calls: () =>
    stand.increff
      .log()
      .filter(
        ({ path, body }) => path.includes('/inventories/') && Array.isArray(body) === (channel === 'increff-assure'),
      ),
});
