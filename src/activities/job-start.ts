import { cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { Call, JobInventoryWriter } from '../connectors/ports';
import type { JobStart, PushResult, Verdict } from '../contracts/stock';
import type { PushJob, PushJobStore } from '../store/push-jobs';
import type { PushStore } from '../store/pushes';
import { ask, type OpenConnection, type OpenConnectionFn, requireCapability } from './opener';
import type { PushChunkInput } from './stock-push';

export interface StockJobDeps {
  open: OpenConnectionFn;
  pushes: Pick<PushStore, 'beginAttempt' | 'settle' | 'recordFailure' | 'release' | 'closedResult'>;
  jobs: PushJobStore;
  /** The address under which our gateway hands out the file of a job. */
  fileUrl(fileKey: string): string;
  now(): number;
  /** Counts verdicts, by channel. */
  onVerdicts(channel: string, result: PushResult): void;
}

/** The lines are planned anew. */
export const NOTHING_DECIDED: PushResult = { accepted: 0, rejected: 0, unknown: 0 };

/** The connection of a push, opened for jobs. */
export async function openForJobs(open: OpenConnectionFn, { pushId: _push, ...ref }: PushChunkInput) {
  const opened = await open(ref);
  return {
    open: opened,
    writer: requireCapability(opened, 'jobInventoryWriter'),
    call: { signal: cancellationSignal() },
  };
}

/**
 * What takes the place of an answer that the channel refuses about a job whose time is over, such as because it has forgotten it: waiting
 * longer would keep its lines for ever. Throws everything else on.
 */
export const untoldWhenOver =
  ({ sentAtMs }: Pick<PushJob, 'sentAtMs'>, { deadlineMs }: Pick<JobInventoryWriter, 'deadlineMs'>, nowMs: number) =>
  (error: unknown): undefined => {
    const isOver = nowMs >= sentAtMs + deadlineMs;
    // With a status it is the channel's own word, and not what we refuse to ask for.
    const isRefused =
      error instanceof ConnectorError && error.type === 'ChannelRejected' && error.details.status !== undefined;
    if (!isOver || !isRefused) throw error;
  };

export function createJobStart(deps: StockJobDeps) {
  const running = (job: PushJob, writer: JobInventoryWriter): JobStart => ({
    isRunning: true,
    deadlineInMs: Math.max(0, job.sentAtMs + writer.deadlineMs - deps.now()),
  });

  /** Finds out whether a job exists that was asked for without an answer; undefined when it does not and never will. */
  async function recover(job: PushJob, writer: JobInventoryWriter, open: OpenConnection, call: Call) {
    const fileUrl = deps.fileUrl(job.fileKey);
    const found = await ask(open, call, writer.credits.find, () => writer.findJob(fileUrl, call)).catch(
      untoldWhenOver(job, writer, deps.now()),
    );
    if (found) {
      await deps.jobs.recordStarted(job, found.jobId);
      return job;
    }
    const { displayName } = open.connector;
    // Without its file a job that still comes to life has nothing to apply.
    if (!(await deps.jobs.endUnfetched(job))) {
      if (job.sentAtMs + writer.deadlineMs > deps.now()) {
        throw new ConnectorError('ChannelUnavailable', `${displayName} fetched a file and lists no job for it yet`, {
          details: { connectionId: open.connection.id, channel: open.connection.channel },
        });
      }
      await deps.jobs.end(job);
    }
    await deps.pushes.recordFailure(job.pushId, job.attempt, [], {
      type: 'OutcomeUnknown',
      message: `${displayName} was asked for a job and never started it`,
      mayStillApply: false,
    });
    return undefined;
  }

  return {
    /** Has the channel work off one push, with the quantities that are desired at this moment; finds a job that was started before. */
    async startPushJob(input: PushChunkInput): Promise<JobStart> {
      const { pushId, connectionId } = input;
      const { open, writer, call } = await openForJobs(deps.open, input);
      const before = await deps.jobs.find(pushId);
      if (before?.state === 'running') return running(before, writer);
      if (before?.state === 'starting' && (await recover(before, writer, open, call))) return running(before, writer);

      await open.passGate(call, writer.credits.start);
      const start = await deps.pushes.beginAttempt(pushId);
      if (!start.open) return { isRunning: false, result: start.result };
      const { attempt, lines } = start;
      if (start.connectionId !== connectionId) {
        throw new ConnectorError('InvariantBroken', `push ${pushId} is not of connection ${connectionId}`);
      }
      if (lines.length > writer.batchSize) {
        // The batch size was lowered after the lines were claimed: they are planned anew.
        await deps.pushes.release(pushId);
        return { isRunning: false, result: NOTHING_DECIDED };
      }
      const sentAtMs = deps.now();
      const times = { sentAtMs, expiresAtMs: sentAtMs + writer.deadlineMs };
      const job = await deps.jobs.open({ pushId, attempt, connectionId, ...times }, writer.fileOf(lines), lines);
      try {
        const { jobId } = await open.request(() => writer.startJob(deps.fileUrl(job.fileKey), call));
        await deps.jobs.recordStarted(job, jobId);
        return running(job, writer);
      } catch (error) {
        if (!(error instanceof ConnectorError)) throw error;
        const { type, message, details } = error;
        if (type === 'OutcomeUnknown' || error.mayStillApply) {
          // The next attempt asks the channel whether there is a job, so nobody else has to.
          await deps.pushes.recordFailure(pushId, attempt, lines, { type, message, mayStillApply: false });
          throw new ConnectorError('ChannelUnavailable', message, { details });
        }
        if (type === 'ChannelRejected') {
          const { channelWords = message } = details;
          const verdicts = lines.map(
            ({ listing }): Verdict => ({ listing, verdict: 'rejected', message: channelWords }),
          );
          const result = await deps.pushes.settle(pushId, attempt, lines, verdicts, sentAtMs);
          deps.onVerdicts(open.connection.channel, result);
          await deps.jobs.end(job);
          return { isRunning: false, result: { ...result, trouble: { type, message, channelWords } } };
        }
        await deps.pushes.recordFailure(pushId, attempt, lines, { type, message, mayStillApply: false });
        await deps.jobs.end(job);
        throw error;
      }
    },
  };
}
