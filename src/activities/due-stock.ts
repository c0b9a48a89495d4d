import { activityInfo } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { DueStock } from '../contracts/stock';
import type { PushStore } from '../store/pushes';
import type { OpenConnection } from './opener';

/** Returns what tells how much of the connection's stock is due. */
export function createDueReader(deps: { pushes: Pick<PushStore, 'findDue'> }) {
  return async (open: OpenConnection, onlyZeros = false): Promise<DueStock> => {
    const asJobs = open.capabilities.inventoryWriter === undefined;
    const { connection, connector } = open;
    const { maxConcurrentPushes: lanes } = connector.settings.parse(connection.settings);
    const runId = asJobs ? { runId: runIdOf() } : {};
    const what = { connectionId: connection.id, batchSize: batchSizeOf(open), onlyZeros, ...runId };
    const due = await deps.pushes.findDue(what, lanes);
    return { ...due, lanes, asJobs };
  };
}

/** The run that has asked for this activity. */
export const runIdOf = (): string => activityInfo().workflowExecution?.runId ?? '';

/** Lines that one push of the connection may carry. */
export function batchSizeOf({ capabilities, connector, connection }: OpenConnection): number {
  const writer = capabilities.inventoryWriter ?? capabilities.jobInventoryWriter;
  if (writer) return writer.batchSize;
  const details = { connectionId: connection.id, channel: connection.channel };
  throw new ConnectorError('CapabilityMissing', `${connector.displayName} takes no stock`, { details });
}
