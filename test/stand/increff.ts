import type { Channel } from '../../src/contracts/channels';
import { INCREFF_LOGIN, type Stand } from './stand';
import { eventually } from './waiting';

type IncreffChannel = Extract<Channel, `increff-${string}`>;

const PLACE = {
  'increff-oms': { locationCode: 'wd003' },
  'increff-assure': { clientId: 10000900, fulfillmentLocationId: 1000901 },
} as const satisfies Record<IncreffChannel, object>;

/** A connection to the Increff twin in an account of its own, and the means to feed and watch it. */
export async function addIncreff(stand: Stand, id: number, channel: IncreffChannel, settings: object = {}) {
  const accountSlug = `increff-${id}`;
  const { stores, increff } = stand;
  await stores.connections.insert({
    id,
    channel,
    accountSlug,
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials: INCREFF_LOGIN,
    settings: { ...PLACE[channel], ...settings },
  });
  const { key } = await stores.keys.create({ accountSlug, name: 'test', connectionId: null });
  let messages = 0;
  return {
    id,
    /** Posts one WMS event; returns the submission's id. */
    async send(stock: Record<string, number>): Promise<string> {
      messages += 1;
      const answer = await stand.post('/events/inventory', key, {
        message_id: `m${messages}`,
        publishedAt: new Date(Date.UTC(2026, 0, 1) + messages * 1_000).toISOString(),
        connectionId: id,
        inventoryList: Object.entries(stock).map(([sku, locationInventory]) => ({ sku, locationInventory })),
      });
      if (answer.status !== 202) throw new Error(`the event was answered ${answer.status}`);
      return String(Reflect.get(Object(answer.body), 'submissionId'));
    },
    /** Resolves when nothing of the connection waits any more. */
    settled: (timeoutMs?: number) =>
      eventually(
        `connection ${id} settled`,
        async () => {
          const { dirty = 0, claimed = 0 } = await stores.levels.countByState(id);
          return dirty + claimed === 0 ? true : undefined;
        },
        timeoutMs,
      ),
    /** Requests that reached the twin, oldest first. */
    calls: () =>
      increff.log().filter((entry) => entry.path.includes(channel === 'increff-oms' ? '/usp/' : '/sellfast/')),
    lines: (submissionId: string) => stores.submissions.lines(submissionId, { afterRow: 0, limit: 10_000 }),
  };
}
