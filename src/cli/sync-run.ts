import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Config } from '../config';
import { inventorySyncWorkflowId } from '../contracts/ids';
import { ATTENTION } from '../contracts/search-attributes';
import { sayFailure } from './failures';

const CALL_DEADLINE_MS = 5_000;

/** The newest sync run of a connection, as Temporal shows it. */
export interface SyncRun {
  workflowId: string;
  /** `RUNNING`, `COMPLETED`, …; `NONE` when there never was one, or it is past Temporal's retention; `UNKNOWN` when Temporal does not say. */
  status: string;
  /** Why the run waits for a person; null when it does not. */
  attention: string | null;
  startedAt: string | null;
  /** Why Temporal did not say. */
  problem: string | null;
}

/** Looks at the connection's sync run. Never throws: the rest of the story is worth telling while Temporal is down. */
export async function describeSyncRun(client: Client, config: Config, connectionId: number): Promise<SyncRun> {
  const workflowId = inventorySyncWorkflowId(connectionId);
  const nothing = { workflowId, attention: null, startedAt: null };
  try {
    const run = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return {
      workflowId,
      status: run.status.name,
      attention: run.typedSearchAttributes.get(ATTENTION) ?? null,
      startedAt: run.startTime.toISOString(),
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
