import { cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { Call, JobInventoryWriter } from '../connectors/ports';
import type { PushResult, RunningJob, Verdict } from '../contracts/stock';
import type { PushJob, PushJobStore } from '../store/push-jobs';
import type { Departure, PushStore } from '../store/pushes';
import { ask, type OpenConnection, requireCapability } from './opener';

export interface JobStartDeps {
  pushes: Pick<PushStore, 'depart' | 'fail' | 'recordFailure' | 'settle'>;
  jobs: PushJobStore;
  /** The address under which our gateway hands out the file of a job. */
  fileUrl(fileKey: string): string;
  now(): number;
  /** Counts verdicts, by channel. */
  onVerdicts(channel: string, result: PushResult): void;
}

/** A departure, and whether anything was due when it was looked at. */
export interface PlannedDeparture extends Departure {
  mayLeave: boolean;
  /** Whether a job that another run has left under way may take its place. @default true */
  mayAdopt?: boolean;
}

/** Nothing was sent, or what was sent goes again. */
export const NOTHING_DECIDED: PushResult = { accepted: 0, rejected: 0, unknown: 0 };

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

export function createJobStart(deps: JobStartDeps) {
  const running = (job: PushJob, writer: JobInventoryWriter): PushResult & { job: RunningJob } => ({
    ...NOTHING_DECIDED,
    job: { pushId: job.pushId, deadlineInMs: Math.max(0, job.sentAtMs + writer.deadlineMs - deps.now()) },
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
    await deps.pushes.fail(job.pushId, job.attempt, [], {
      type: 'OutcomeUnknown',
      message: `${displayName} was asked for a job and never started it`,
      mayStillApply: false,
    });
    return undefined;
  }

  return {
    /**
     * Has the channel work off what is most urgent by now; finds a job that an earlier attempt has started, or that another run has left
     * under way.
     */
    async departAsJob(
      open: OpenConnection,
      { mayLeave, mayAdopt = true, ...departure }: PlannedDeparture,
    ): Promise<PushResult & { job?: RunningJob }> {
      const { pushId, connectionId, onlyZeros } = departure;
      const writer = requireCapability(open, 'jobInventoryWriter');
      const call = { signal: cancellationSignal() };
      const own = await deps.jobs.find(pushId);
      const before = own ?? (onlyZeros || !mayAdopt ? undefined : await deps.jobs.adopt(departure));
      if (before?.state === 'running') return running(before, writer);
      if (before?.state === 'starting' && (await recover(before, writer, open, call))) return running(before, writer);
      if (!mayLeave && before === undefined) return NOTHING_DECIDED;

      await open.passGate(call, writer.credits.start);
      const start = await deps.pushes.depart(departure);
      if (!start.open) return start.result;
      const { attempt, lines } = start;
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
          const result = await deps.pushes.settle(pushId, attempt, lines, verdicts, sentAtMs, type);
          deps.onVerdicts(open.connection.channel, result);
          await deps.jobs.end(job);
          return { ...result, trouble: { type, message, channelWords } };
        }
        await deps.jobs.end(job);
        await deps.pushes.fail(pushId, attempt, lines, { type, message, mayStillApply: false });
        throw error;
      }
    },
  };
}
