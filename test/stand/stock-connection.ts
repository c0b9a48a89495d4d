import type { Channel } from '../../src/contracts/channels';
import type { Stand } from './stand';
import { eventually } from './waiting';

/** A connection in an account of its own, and the means to feed and watch it. */
export async function addStockConnection(
  stand: Stand,
  { id, channel, credentials, settings }: { id: number; channel: Channel; credentials: object; settings: object },
) {
  const accountSlug = `account-${id}`;
  const { stores } = stand;
  await stores.connections.insert({
    id,
    channel,
    accountSlug,
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials,
    settings,
  });
  const { key } = await stores.keys.create({ accountSlug, name: 'test', connectionId: null });
  let messages = 0;
  return {
    id,
    key,
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
    settled: () =>
      eventually(`connection ${id} settled`, async () => {
        const { dirty = 0, claimed = 0 } = await stores.levels.countByState(id);
        return dirty + claimed === 0 ? true : undefined;
      }),
    lines: (submissionId: string) => stores.submissions.lines(submissionId, { afterRow: 0, limit: 10_000 }),
  };
}
