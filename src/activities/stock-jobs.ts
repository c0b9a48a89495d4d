import { cancellationSignal } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { JobState } from '../connectors/ports';
import type { PushReport } from '../contracts/stock';
import { createDueReader } from './due-stock';
import { NOTHING_DECIDED, untoldWhenOver } from './job-start';
import { readVerdicts, troubleOf, verdictAsRead } from './job-verdicts';
import { ask, type OpenConnectionFn, requireCapability } from './opener';
import type { PushChunkInput, StockPushDeps } from './stock-push';

/** What is known of a job that the channel refuses to tell of. */
const UNTOLD: JobState = { hasEnded: false, totalCount: null, successCount: null, errorCount: null, words: null };

/** Soonest and latest time to the next look at a job whose progress is known. */
const MIN_LOOK_MS = 1_000;
const MAX_LOOK_MS = 120_000;

/**
 * When the job will have ended if it goes on as it did; undefined while nothing is known of its progress. Never further off than
 * twice the time that it has run: a job that has just begun tells little.
 */
function nextLookMs({ totalCount, successCount, errorCount }: JobState, runningMs: number): number | undefined {
  const done = (successCount ?? 0) + (errorCount ?? 0);
  if (totalCount === null || done === 0) return undefined;
  const leftMs = Math.min((runningMs * (totalCount - done)) / done, 2 * runningMs);
  return Math.ceil(Math.min(Math.max(leftMs, MIN_LOOK_MS), MAX_LOOK_MS));
}

/** The connection of a push, opened for jobs. */
async function openForJobs(open: OpenConnectionFn, { pushId: _push, ...ref }: PushChunkInput) {
  const opened = await open(ref);
  return {
    open: opened,
    writer: requireCapability(opened, 'jobInventoryWriter'),
    call: { signal: cancellationSignal() },
  };
}

export function createStockJobActivities(deps: StockPushDeps) {
  const findDue = createDueReader(deps);
  return {
    /**
     * Looks once whether the job has ended; fails with `ChannelStillWorking` when it has not, so that the policy looks again, and also when
     * its time is over and the channel refuses to tell.
     */
    async readPushJob(input: PushChunkInput): Promise<void> {
      const { open, writer, call } = await openForJobs(deps.open, input);
      const job = await deps.jobs.find(input.pushId);
      if (job?.state !== 'running' || job.jobId === null) return;
      const { jobId } = job;
      const read = () => ask(open, call, writer.credits.read, () => writer.readJob(jobId, call));
      const state = (await read().catch(untoldWhenOver(job, writer, deps.now()))) ?? UNTOLD;
      if (state.hasEnded) return;
      const { id: connectionId, channel } = open.connection;
      const retryAfterMs = nextLookMs(state, deps.now() - job.sentAtMs);
      const done = `${(state.successCount ?? 0) + (state.errorCount ?? 0)} of ${state.totalCount ?? '?'} rows`;
      throw new ConnectorError('ChannelStillWorking', `${open.connector.displayName} has worked off ${done}`, {
        details: { connectionId, channel, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
      });
    },

    /** Stores what the channel says of each line of the job; one that did not end in time is stopped first. */
    async collectPushJob({ isOverdue, ...input }: PushChunkInput & { isOverdue: boolean }): Promise<PushReport> {
      const { pushId } = input;
      const { open, writer, call } = await openForJobs(deps.open, input);
      const push = await deps.pushes.find(pushId);
      const job = await deps.jobs.find(pushId);
      if (push?.isOpen === false || !job || job.jobId === null) {
        if (job) await deps.jobs.end(job);
        return { ...(push?.isOpen === false ? push.result : NOTHING_DECIDED), due: await findDue(open) };
      }
      const { jobId } = job;
      if (isOverdue) {
        const reason = 'Did not end in time';
        await ask(open, call, writer.credits.stop, () => writer.stopJob(jobId, reason, call)).catch((error) => {
          // It has ended meanwhile.
          if (!(error instanceof ConnectorError) || error.type !== 'ChannelRejected') throw error;
        });
      }
      const orUntold = untoldWhenOver(job, writer, deps.now());
      const read = () => ask(open, call, writer.credits.read, () => writer.readJob(jobId, call));
      const state = (await read().catch(orUntold)) ?? UNTOLD;
      const lines = await deps.jobs.lines(job);
      const trouble = troubleOf(state, job, isOverdue, open.connector.displayName);
      const collected = { open, writer, call, jobs: deps.jobs, job, state, lines, trouble };
      const verdicts = (await readVerdicts(collected).catch(orUntold)) ?? lines.map(verdictAsRead);
      const result = await deps.pushes.settle(pushId, job.attempt, lines, verdicts, job.sentAtMs, trouble?.type);
      deps.onVerdicts(open.connection.channel, result);
      await deps.jobs.end(job);
      return { ...result, ...(trouble ? { trouble } : {}), due: await findDue(open) };
    },
  };
}
