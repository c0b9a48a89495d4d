import type { Connection } from '../contracts/connection';
import type { DraftLine } from '../contracts/submission';

/**
 * A line for the connection, whatever protocol it came by. `listing` is asked for last and may throw a RangeError, which
 * becomes the line's own error, as does a location that the connection does not show.
 */
export function draftLine(
  line: { row: number; locationId: string; quantity: number; listing(): string },
  connection: Pick<Connection, 'locationId'>,
): DraftLine {
  const { row, locationId, quantity } = line;
  try {
    const listing = line.listing();
    if (connection.locationId === null || locationId === connection.locationId)
      return { row, listing, locationId, quantity };
    const error = `locationId: this connection shows ${connection.locationId}, not ${locationId || 'a line without location'}`;
    return { row, listing, locationId, quantity: null, error };
  } catch (fault) {
    if (!(fault instanceof RangeError)) throw fault;
    return { row, listing: '', locationId, quantity: null, error: fault.message };
  }
}
