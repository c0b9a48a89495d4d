import { ConnectorError } from '../connectors/errors';
import type { Connector, ConnectorContext } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { PushPlan } from '../contracts/stock';
import type { ConnectionStore } from '../store/connections';
import type { PushStore } from '../store/pushes';
import type { StockLevelStore } from '../store/stock-levels';
import type { SubmissionStore } from '../store/submissions';

/** Keeps the plan's payload at a few kB, whatever the size of the event. */
const MAX_PUSHES_PER_PLAN = 40;

export interface StockPlanningDeps {
  connections: Pick<ConnectionStore, 'find'>;
  pushes: Pick<PushStore, 'plan' | 'release'>;
  levels: Pick<StockLevelStore, 'giveUpWaiting' | 'reviveRejected'>;
  submissions: Pick<SubmissionStore, 'finishDone'>;
  connectorFor(channel: Channel): Connector;
  context: ConnectorContext;
}

/** What a sync decides on, in our own database only. */
export const createStockPlanningActivities = (deps: StockPlanningDeps) => ({
  /** Claims what is due, zero stock first; hands out again what was claimed and not settled. */
  async planPushes({ connectionId }: { connectionId: number }): Promise<PushPlan> {
    const connection = await deps.connections.find(connectionId);
    const details = { connectionId };
    if (!connection)
      throw new ConnectorError('ConnectionNotFound', `there is no connection ${connectionId}`, { details });
    const { channel, status } = connection;
    if (status !== 'active') return { pushes: [], concurrency: 1, nextDueInMs: null, blockedBy: status, asJobs: false };
    const connector = deps.connectorFor(channel);
    const { inventoryWriter, jobInventoryWriter } = connector.open(connection, deps.context);
    const writer = inventoryWriter ?? jobInventoryWriter;
    if (!writer) {
      throw new ConnectorError('CapabilityMissing', `${connector.displayName} takes no stock`, {
        details: { ...details, channel },
      });
    }
    const plan = await deps.pushes.plan(connectionId, writer.batchSize, MAX_PUSHES_PER_PLAN);
    const { maxConcurrentPushes } = connector.settings.parse(connection.settings);
    return { ...plan, concurrency: maxConcurrentPushes, blockedBy: null, asJobs: writer === jobInventoryWriter };
  },

  /** Gives the lines of a push back whose calls failed; they go out later with their then current values. */
  releasePush: ({ pushId }: { pushId: string }): Promise<void> => deps.pushes.release(pushId),

  /** Closes the submissions whose last line was decided. */
  async finishSubmissions({ connectionId }: { connectionId: number }): Promise<{ finished: number }> {
    return { finished: await deps.submissions.finishDone(connectionId) };
  },

  /** Makes the refused lines go out again with their current values. */
  async reviveRejected({ connectionId }: { connectionId: number }): Promise<{ lines: number }> {
    return { lines: await deps.levels.reviveRejected(connectionId) };
  },

  /** Stops trying the lines that wait; a newer event for a listing wakes it again. */
  async giveUpStock({ connectionId, reason }: { connectionId: number; reason: string }): Promise<{ lines: number }> {
    return { lines: await deps.levels.giveUpWaiting(connectionId, reason) };
  },
});
