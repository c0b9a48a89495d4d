import type { Connection } from '../contracts/connection';
import type { Database } from './database';

/** What a person may change of a connection that is there; secrets and status have ways of their own. */
export type ConnectionChange = Pick<Connection, 'externalChannelId' | 'externalWarehouseId' | 'locationId'> & {
  settings: object;
};

/**
 * Replaces what can be set. Levels belong to the location that the connection showed before: with another one they go, and the lines that
 * asked for them are superseded, so that no two locations write one listing. False, and nothing changed, while some of it is on its way.
 */
export const changeConnection = (db: Database, id: number, change: ConnectionChange): Promise<boolean> =>
  db.transaction(async (tx) => {
    const location = change.locationId ?? '';
    const others = 'connectionId = ? AND locationId <> ?';
    const [before] = await tx.select<{ locationId: string | null }>(
      'SELECT locationId FROM connections WHERE id = ? FOR UPDATE',
      [id],
    );
    if (before && (before.locationId ?? '') !== location) {
      const [onItsWay] = await tx.select(
        `SELECT 1 FROM stock_levels WHERE ${others} AND state = 'claimed' LIMIT 1 FOR UPDATE`,
        [id, location],
      );
      if (onItsWay) return false;
      await tx.change(`DELETE FROM stock_levels WHERE ${others}`, [id, location]);
      await tx.change('DELETE FROM location_stock WHERE connectionId = ?', [id]);
      await tx.change(
        `UPDATE submission_lines SET status = 'superseded', error = 'the connection shows another location now'
         WHERE ${others} AND status = 'pending'`,
        [id, location],
      );
    }
    await tx.change(
      'UPDATE connections SET externalChannelID = ?, externalWarehouseID = ?, locationId = ?, settings = ? WHERE id = ?',
      [change.externalChannelId, change.externalWarehouseId, change.locationId, JSON.stringify(change.settings), id],
    );
    return true;
  });

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
