import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { InventoryWriter } from '../connectors/ports';
import type { DueStock, PushReport, PushResult, Verdict } from '../contracts/stock';
import type { ClaimedLine, PushStore } from '../store/pushes';
import { createJobStart, type JobStartDeps, NOTHING_DECIDED, type PlannedDeparture } from './job-start';
import type { ConnectionRef, OpenConnection, OpenConnectionFn } from './opener';

export interface StockPushDeps extends JobStartDeps {
  open: OpenConnectionFn;
  pushes: Pick<
    PushStore,
    | 'depart'
    | 'fail'
    | 'find'
    | 'findDue'
    | 'halve'
    | 'markWhollyRefused'
    | 'recordFailure'
    | 'releaseStrays'
    | 'settle'
  >;
}

export interface PushChunkInput extends ConnectionRef {
  /** Named by the workflow; the same one for every attempt. */
  pushId: string;
  /** Sends zero stock only. */
  onlyZeros?: boolean;
}

/** What the channel said of every line when it answered for the push as a whole; undefined when the answer says nothing of the lines. */
function verdictsOf(error: ConnectorError, lines: readonly ClaimedLine[]): Verdict[] | undefined {
  const verdict =
    error.type === 'ChannelRejected' ? 'rejected' : error.type === 'ChannelContractViolated' ? 'unknown' : undefined;
  const message = error.details.channelWords ?? error.message;
  return verdict && lines.map(({ listing }) => ({ listing, verdict, message }));
}

/** The failure of a push whose lines have their verdicts. */
const settled = ({ type, message, details, mayStillApply }: ConnectorError, pushId: string, lines: number) =>
  new ConnectorError(type, message, { details: { ...details, settled: { pushId, lines } }, mayStillApply });

/** Returns what tells how much of the connection's stock is due. */
export function createDueReader(deps: Pick<StockPushDeps, 'pushes'>) {
  return async (open: OpenConnection, onlyZeros = false): Promise<DueStock> => {
    const { connection, connector, capabilities } = open;
    const { maxConcurrentPushes: lanes } = connector.settings.parse(connection.settings);
    const what = { connectionId: connection.id, batchSize: batchSizeOf(open), onlyZeros };
    const due = await deps.pushes.findDue(what, lanes);
    return { ...due, lanes, asJobs: capabilities.inventoryWriter === undefined };
  };
}

function batchSizeOf({ capabilities, connector, connection }: OpenConnection): number {
  const writer = capabilities.inventoryWriter ?? capabilities.jobInventoryWriter;
  if (writer) return writer.batchSize;
  const details = { connectionId: connection.id, channel: connection.channel };
  throw new ConnectorError('CapabilityMissing', `${connector.displayName} takes no stock`, { details });
}

export function createStockPushActivities(deps: StockPushDeps) {
  const findDue = createDueReader(deps);
  const { departAsJob } = createJobStart(deps);

  /** One request with what is most urgent by now; stores a verdict for each line. */
  async function sendAtOnce(
    open: OpenConnection,
    writer: InventoryWriter,
    { mayLeave, ...departure }: PlannedDeparture,
  ): Promise<PushResult> {
    const { pushId } = departure;
    // A turn at the channel's rate limit is too dear for nothing.
    if (!mayLeave) return NOTHING_DECIDED;
    const call = { signal: cancellationSignal() };
    await open.passGate(call);
    const start = await deps.pushes.depart(departure);
    if (!start.open) return start.result;
    const { attempt, lines } = start;
    const sentAtMs = deps.now();
    const settle = async (verdicts: readonly Verdict[], refusal?: ConnectorError['type']) => {
      const result = await deps.pushes.settle(pushId, attempt, lines, verdicts, sentAtMs, refusal);
      deps.onVerdicts(open.connection.channel, result);
      return result;
    };
    let verdicts: readonly Verdict[];
    try {
      verdicts = await open.request(() => writer.setStock(lines, call));
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      if (error.type === 'ChannelRejected' && writer.halvesRefusals) {
        const refusal = error.details.channelWords ?? error.message;
        if (await deps.pushes.halve(pushId, attempt, refusal)) return NOTHING_DECIDED;
        if (lines.length === 1) {
          // Alone, so the refusal is this line's verdict, like any other, unless nothing at all was accepted beside it.
          const result = await settle(lines.map(({ listing }) => ({ listing, verdict: 'rejected', message: refusal })));
          const refused = await deps.pushes.markWhollyRefused(pushId);
          if (refused === undefined) return result;
          throw settled(error, refused, 1);
        }
      }
      const said = verdictsOf(error, lines);
      if (!said) {
        await deps.pushes.fail(pushId, attempt, lines, error);
        throw error;
      }
      await settle(said, error.type);
      throw settled(error, pushId, lines.length);
    }
    return settle(verdicts);
  }

  const sendOnce = (open: OpenConnection, departure: PlannedDeparture) => {
    const { inventoryWriter } = open.capabilities;
    return inventoryWriter ? sendAtOnce(open, inventoryWriter, departure) : departAsJob(open, departure);
  };

  const activities = {
    /**
     * Sends one chunk: claims what is most urgent at the moment when it may leave, zero stock first, and sends the quantities that
     * are desired then. A channel that works stock off as jobs is asked for one. Answers what is left to send.
     */
    async pushChunk({ pushId, onlyZeros = false, ...ref }: PushChunkInput): Promise<PushReport> {
      const open = await deps.open(ref);
      const { runId } = activityInfo().workflowExecution ?? { runId: '' };
      const known = await deps.pushes.find(pushId);
      const departure = { pushId, connectionId: ref.connectionId, runId, onlyZeros, batchSize: batchSizeOf(open) };
      await deps.pushes.releaseStrays(departure);
      const { pushes } = await findDue(open, onlyZeros);
      // An attempt that was lost has the lines of an open push, which do not count as due.
      const mayLeave = known?.isOpen === true || pushes > 0;
      const sent = known?.isOpen === false ? known.result : await sendOnce(open, { ...departure, mayLeave });
      return { ...sent, due: await findDue(open, onlyZeros) };
    },
  };
  return {
    ...activities,

    /** For runs that started jobs by this name: the same as {@link activities.pushChunk}. */
    async startPushJob(input: PushChunkInput) {
      const { job, ...result } = await activities.pushChunk(input);
      return job ? { isRunning: true as const, deadlineInMs: job.deadlineInMs } : { isRunning: false as const, result };
    },
  };
}
