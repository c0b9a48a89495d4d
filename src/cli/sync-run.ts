import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { Config } from '../config';
import { inventorySyncWorkflowId } from '../contracts/ids';
import { ATTENTION } from '../contracts/search-attributes';
import { sayFailure } from './failures';
import { moment } from './output';

const CALL_DEADLINE_MS = 5_000;

/** A call of a run that is under way or waits for its next try. */
export interface PendingCall {
  /** `pushChunk`, … */
  activity: string;
  /** Of a push: its id, or its id and a step. */
  activityId: string;
  /** From 1. */
  attempt: number;
  /** When it is tried next; null while it is under way. */
  nextAttemptAt: string | null;
  /** Why the attempt before it failed; null for the first one. */
  lastFailure: string | null;
}

/** The newest sync run of a connection, as Temporal shows it. */
export interface SyncRun {
  workflowId: string;
  /** `RUNNING`, `COMPLETED`, …; `NONE` when there never was one, or it is past Temporal's retention; `UNKNOWN` when Temporal does not say. */
  status: string;
  /** Why the run waits for a person; null when it does not. */
  attention: string | null;
  startedAt: string | null;
  /** What it does at this moment; empty when it does nothing or is over. */
  pending: PendingCall[];
  /** Why Temporal did not say. */
  problem: string | null;
}

type RawCall = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** `PENDING_ACTIVITY_STATE_SCHEDULED` of Temporal's API: it waits for its time, or for a worker. */
const SCHEDULED = 1;

function toPendingCall(raw: RawCall): PendingCall {
  const nextMs = raw.state === SCHEDULED ? optionalTsToMs(raw.scheduledTime) : undefined;
  const failure = raw.lastFailure;
  const type = failure?.applicationFailureInfo?.type;
  return {
    activity: raw.activityType?.name ?? '',
    activityId: raw.activityId ?? '',
    attempt: raw.attempt ?? 1,
    nextAttemptAt: nextMs === undefined ? null : new Date(nextMs).toISOString(),
    lastFailure: failure ? `${type ? `${type}: ` : ''}${failure.message ?? ''}` : null,
  };
}

/** Looks at the connection's sync run. Never throws: the rest of the story is worth telling while Temporal is down. */
export async function describeSyncRun(client: Client, config: Config, connectionId: number): Promise<SyncRun> {
  const workflowId = inventorySyncWorkflowId(connectionId);
  const nothing = { workflowId, attention: null, startedAt: null, pending: [] };
  try {
    const run = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return {
      workflowId,
      status: run.status.name,
      attention: run.typedSearchAttributes.get(ATTENTION) ?? null,
      startedAt: run.startTime.toISOString(),
      pending: (run.raw.pendingActivities ?? []).map(toPendingCall),
      problem: null,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ...nothing, status: 'NONE', problem: null };
    return { ...nothing, status: 'UNKNOWN', problem: sayFailure(error, config).message };
  }
}

/** The run in a sentence for people. */
export function syncRunWords({ workflowId, status, attention, problem }: SyncRun): string {
  if (status === 'UNKNOWN') return `unknown: ${problem}`;
  if (status === 'NONE') return `no run of ${workflowId} is known to Temporal`;
  if (status !== 'RUNNING') return `none is open; the last run of ${workflowId} is ${status.toLowerCase()}`;
  return attention === null ? `${workflowId} is open` : `${workflowId} is open and waits for a person: ${attention}`;
}

/** A call in a sentence for people. */
export const pendingWords = ({ activity, attempt, nextAttemptAt, lastFailure }: PendingCall, nowMs: number): string => {
  const when = nextAttemptAt === null ? 'is under way' : `at ${moment(Date.parse(nextAttemptAt), nowMs)}`;
  return `${activity}, attempt ${attempt} ${when}${lastFailure === null ? '' : `; the one before: ${lastFailure}`}`;
};
