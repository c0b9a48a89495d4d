import type { Connection } from '../contracts/connection';
import type { Database } from './database';

/** What a person may change of a connection that is there; secrets and status have ways of their own. */
export type ConnectionChange = Pick<Connection, 'externalChannelId' | 'externalWarehouseId' | 'locationId'> & {
  settings: object;
};

/** Replaces what can be set. */
export async function changeConnection(db: Database, id: number, change: ConnectionChange): Promise<void> {
  await db.change(
    'UPDATE connections SET externalChannelID = ?, externalWarehouseID = ?, locationId = ?, settings = ? WHERE id = ?',
    [change.externalChannelId, change.externalWarehouseId, change.locationId, JSON.stringify(change.settings), id],
  );
}

/** What a removal has given up. */
export interface RemovedConnection {
  lines: number;
  pushes: number;
}

/**
 * Deletes the connection with its credentials and token; a row of that id in `ie_appinstall_connection` may be another program's and stays. What waited is given up with the reason, on the levels and on the lines that asked
 * for them; pushes that were open are closed. The rest is history and stays: levels, ledger, submissions, orders. Undefined when there
 * is no such connection.
 */
export const removeConnection = (db: Database, id: number, reason: string): Promise<RemovedConnection | undefined> =>
  db.transaction(async (tx) => {
    const { affectedRows } = await tx.change('DELETE FROM connections WHERE id = ?', [id]);
    if (affectedRows === 0) return undefined;
    // Both begin anew when the id is given to another connection.
    await tx.change('DELETE FROM working_tokens WHERE connectionId = ?', [id]);
    await tx.change('DELETE FROM event_clocks WHERE connectionId = ?', [id]);
    // Pushes before levels, as everybody locks them.
    const { affectedRows: pushes } = await tx.change(
      "UPDATE pushes SET state = 'closed', outcome = 'released', updatedAt = UTC_TIMESTAMP(3) WHERE connectionId = ? AND state = 'open'",
      [id],
    );
    const { affectedRows: lines } = await tx.change(
      `UPDATE stock_levels SET state = 'rejected', pushId = NULL, lastError = ? WHERE connectionId = ? AND state IN ('dirty', 'claimed')`,
      [reason, id],
    );
    await tx.change(
      "UPDATE submission_lines SET status = 'error', error = ? WHERE connectionId = ? AND status = 'pending'",
      [reason, id],
    );
    return { lines, pushes };
  });
