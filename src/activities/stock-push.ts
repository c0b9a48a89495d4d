import { cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { PushResult, Verdict } from '../contracts/stock';
import type { ClaimedLine, PushStore } from '../store/pushes';
import { type ConnectionRef, type OpenConnectionFn, requireCapability } from './opener';

export interface StockPushDeps {
  open: OpenConnectionFn;
  pushes: Pick<PushStore, 'beginAttempt' | 'settle' | 'halve' | 'recordFailure' | 'release'>;
  now(): number;
  /** Counts verdicts, by channel. */
  onVerdicts(channel: string, result: PushResult): void;
}

export interface PushChunkInput extends ConnectionRef {
  pushId: string;
}

/** What the channel said of every line when it answered for the push as a whole; undefined when the answer says nothing of the lines. */
function verdictsOf(error: ConnectorError, lines: readonly ClaimedLine[]): Verdict[] | undefined {
  const verdict =
    error.type === 'ChannelRejected' ? 'rejected' : error.type === 'ChannelContractViolated' ? 'unknown' : undefined;
  const message = error.details.channelWords ?? error.message;
  return verdict && lines.map(({ listing }) => ({ listing, verdict, message }));
}

/** The lines are planned anew. */
const NOTHING_DECIDED: PushResult = { accepted: 0, rejected: 0, unknown: 0 };

export const createStockPushActivities = (deps: StockPushDeps) => ({
  /** Sends one chunk, with the quantities that are desired at this moment, in one request; stores a verdict for each line. */
  async pushChunk({ pushId, ...ref }: PushChunkInput): Promise<PushResult> {
    const call = { signal: cancellationSignal() };
    const open = await deps.open(ref);
    const writer = requireCapability(open, 'inventoryWriter');
    await open.passGate(call);
    const start = await deps.pushes.beginAttempt(pushId);
    if (!start.open) return start.result;
    const { attempt, lines } = start;
    if (start.connectionId !== ref.connectionId) {
      throw new ConnectorError('InvariantBroken', `push ${pushId} is not of connection ${ref.connectionId}`);
    }
    if (lines.length > writer.batchSize) {
      // The batch size was lowered after the lines were claimed: they are planned anew.
      await deps.pushes.release(pushId);
      return NOTHING_DECIDED;
    }
    const sentAtMs = deps.now();
    const settle = async (verdicts: readonly Verdict[]) => {
      const result = await deps.pushes.settle(pushId, attempt, lines, verdicts, sentAtMs);
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
        // Alone, so the refusal is this line's verdict, like any other.
        if (lines.length === 1)
          return settle(lines.map(({ listing }) => ({ listing, verdict: 'rejected', message: refusal })));
      }
      const said = verdictsOf(error, lines);
      if (said) await settle(said);
      else await deps.pushes.recordFailure(pushId, attempt, lines, error);
      throw error;
    }
    return settle(verdicts);
  },
});
