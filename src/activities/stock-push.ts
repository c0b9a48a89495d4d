import { cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { InventoryWriter } from '../connectors/ports';
import type { PushReport, PushResult, Verdict } from '../contracts/stock';
import type { ClaimedLine, KnownPush, PushStore } from '../store/pushes';
import { batchSizeOf, createDueReader, runIdOf } from './due-stock';
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

export function createStockPushActivities(deps: StockPushDeps) {
  const findDue = createDueReader(deps);
  const { departAsJob } = createJobStart(deps);

  /** One request with what is most urgent by now; stores a verdict for each line. */
  async function sendAtOnce(
    open: OpenConnection,
    writer: InventoryWriter,
    { mayLeave, mayAdopt: _job, ...departure }: PlannedDeparture,
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

  /** What was decided before its answer was lost: told again, also as the failure that it was. */
  async function decidedBefore({ result, errorType, lineCount }: KnownPush, pushId: string): Promise<PushResult> {
    if (errorType !== 'ChannelRejected' && errorType !== 'ChannelContractViolated') return result;
    if (result.accepted > 0) return result;
    throw settled(new ConnectorError(errorType, result.sampleMessage ?? ''), pushId, lineCount);
  }

  async function pushChunk(
    { pushId, onlyZeros = false, ...ref }: PushChunkInput,
    mayAdopt = true,
  ): Promise<PushReport> {
    const open = await deps.open(ref);
    const { connectionId } = ref;
    const known = await deps.pushes.find(pushId);
    const departure = { pushId, connectionId, runId: runIdOf(), onlyZeros, batchSize: batchSizeOf(open), mayAdopt };
    await deps.pushes.releaseStrays(departure);
    const { pushes } = await findDue(open, onlyZeros);
    // An attempt that was lost has the lines of an open push, which do not count as due.
    const mayLeave = known?.isOpen === true || pushes > 0;
    const sent =
      known?.isOpen === false ? await decidedBefore(known, pushId) : await sendOnce(open, { ...departure, mayLeave });
    return { ...sent, due: await findDue(open, onlyZeros) };
  }

  return {
    /**
     * Sends one chunk: claims what is most urgent at the moment when it may leave, zero stock first, and sends the quantities that
     * are desired then. A channel that works stock off as jobs is asked for one. Answers what is left to send.
     */
    pushChunk: (input: PushChunkInput): Promise<PushReport> => pushChunk(input),

    /** For runs that started jobs by this name, and know no others than their own. */
    async startPushJob(input: PushChunkInput) {
      const { job, ...result } = await pushChunk(input, false);
      return job ? { isRunning: true as const, deadlineInMs: job.deadlineInMs } : { isRunning: false as const, result };
    },
  };
}
