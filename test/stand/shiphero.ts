import { SHIPHERO_LOGIN, type Stand } from './stand';
import { addStockConnection } from './stock-connection';

/** A connection to a warehouse of the ShipHero twin, and what that warehouse sees. */
export async function addShiphero(stand: Stand, id: number, settings: object = {}) {
  const warehouseId = `warehouse-${id}`;
  const connection = await addStockConnection(stand, {
    id,
    channel: 'shiphero',
    credentials: SHIPHERO_LOGIN,
    settings: { warehouseId, ...settings },
  });
  return {
    ...connection,
    warehouseId,
    /** The syncs that were started for the warehouse, oldest first. */
    syncs: () => stand.shiphero.state().syncs.filter((sync) => sync.warehouseId === warehouseId),
    /** What the warehouse shows, by SKU. */
    shown: (): Record<string, number> =>
      Object.fromEntries(
        Object.entries(stand.shiphero.state().stock[SHIPHERO_LOGIN.username] ?? {})
          .filter(([key]) => key.startsWith(`${warehouseId}/`))
          .map(([key, quantity]) => [key.slice(warehouseId.length + 1), quantity]),
      ),
  };
}
