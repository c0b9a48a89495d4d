import { connectorFor } from '../connectors/registry';
import { type OrderSides, readOrderSides } from '../store/connection-overview';
import { isDatabaseDown } from '../store/database';
import { listWaitingRuns, type WaitingRun } from './attention-runs';
import type { CliContext } from './context';

/** Which runs a command is meant for; a value that is left out narrows nothing. */
export interface RunSelection {
  attention?: string | undefined;
  account?: string | undefined;
  /** Either side of an order, or the connection whose stock it is. */
  connection?: number | undefined;
}

/** A run that waits, with the other side where it is of an order. */
export interface SelectedRun extends WaitingRun {
  wmsConnectionId: string | null;
}

/** The selection in words, for whoever finds nothing. */
export const selectionWords = ({ attention, account, connection }: RunSelection): string =>
  [
    attention === undefined ? 'any reason' : `Attention ${attention}`,
    ...(account === undefined ? [] : [`account ${account}`]),
    ...(connection === undefined ? [] : [`connection ${connection} on either side`]),
  ].join(', ');

/**
 * The open runs that wait and are meant. A run of an order names the marketplace's connection in Temporal's index; the WMS's is looked up
 * with the order, so that both find it.
 */
export async function selectRuns(
  { client, stores }: Pick<CliContext, 'client' | 'stores'>,
  { attention, account, connection: id }: RunSelection,
): Promise<SelectedRun[]> {
  const connection = id === undefined ? undefined : await stores.connections.find(id);
  const isWms = connection !== undefined && connectorFor(connection.channel).role === 'wms';
  // One that was removed may have been either.
  const mayBeWms = id !== undefined && (connection === undefined || isWms);
  const runs = await listWaitingRuns(client, {
    attention,
    accountSlug: account ?? (isWms ? connection.accountSlug : undefined),
    connectionId: mayBeWms ? undefined : id,
  });
  const sides = await readOrderSides(
    stores.db,
    runs.map(({ workflowId }) => workflowId),
  ).catch((error: unknown) => {
    if (id === undefined && isDatabaseDown(error)) return new Map<string, OrderSides>();
    throw error;
  });
  const isMeant = (run: WaitingRun): boolean => {
    if (id === undefined || run.connectionId === String(id)) return true;
    const order = sides.get(run.workflowId);
    if (order) return order.connectionId === id || order.wmsConnectionId === id;
    // An order whose row is gone: the word says which channel it waits for.
    return isWms && run.attention.startsWith(`${connection.channel}_`);
  };
  return runs
    .filter(isMeant)
    .map((run) => ({ ...run, wmsConnectionId: sides.get(run.workflowId)?.wmsConnectionId.toString() ?? null }));
}
