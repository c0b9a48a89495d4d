import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Connector } from '../connectors/ports';
import type { Connection } from '../contracts/connection';
import { ACCOUNT_SLUG, ATTENTION, CONNECTION_ID } from '../contracts/search-attributes';
import { type giveUp, retry } from '../workflows/messages';
import { CliError } from './failures';

const CALL_DEADLINE_MS = 5_000;
const LIST_DEADLINE_MS = 60_000;
/** Signals that are on the wire at once: Temporal takes them, and hundreds of runs are woken within seconds. */
const SIGNALS_AT_ONCE = 10;

/** Which waiting runs are meant; a value that is left out narrows nothing. */
export interface AttentionFilter {
  /** The value of the search attribute: `<channel>_rejected`. */
  attention?: string | undefined;
  accountSlug?: string | undefined;
  connectionId?: number | undefined;
}

/** An open run that waits for a person. */
export interface WaitingRun {
  workflowId: string;
  runId: string;
  attention: string;
  accountSlug: string | null;
  connectionId: string | null;
  startedAt: string;
}

/** A value as a literal of a visibility query. Refuses what could end the literal, so that no value becomes query. */
function literal(value: string): string {
  if (/["'`\\\p{Cc}]/u.test(value)) {
    throw new CliError('account: a quote, a backslash or a control character cannot be searched for');
  }
  return `"${value}"`;
}

/** The visibility query for open runs that wait for a person. */
export function attentionQuery({ attention, accountSlug, connectionId }: AttentionFilter): string {
  if (attention !== undefined && !/^[a-z0-9_-]+$/.test(attention)) {
    throw new CliError(`attention: only a-z, 0-9, _ and - can stand in such a word`);
  }
  return [
    'ExecutionStatus = "Running"',
    attention === undefined ? `${ATTENTION.name} IS NOT NULL` : `${ATTENTION.name} = ${literal(attention)}`,
    ...(accountSlug === undefined ? [] : [`${ACCOUNT_SLUG.name} = ${literal(accountSlug)}`]),
    ...(connectionId === undefined ? [] : [`${CONNECTION_ID.name} = ${literal(String(connectionId))}`]),
  ].join(' AND ');
}

/** The runs that a connection of this channel can hold up: its own, and for a WMS every order of its account. */
export function heldUpBy(connection: Connection, connector: Pick<Connector, 'role'>, word: string): AttentionFilter {
  const attention = `${connection.channel}_${word}`;
  return connector.role === 'wms'
    ? { attention, accountSlug: connection.accountSlug }
    : { attention, connectionId: connection.id };
}

/** Lists what waits, as Temporal's index shows it: a run that asked within the last second may not be in it yet. No more than `limit`. */
export async function listWaitingRuns(
  client: Client,
  filter: AttentionFilter,
  limit = Number.POSITIVE_INFINITY,
): Promise<WaitingRun[]> {
  const query = attentionQuery(filter);
  // Asked first, because a server that is down would be tried for as long as a long list may take.
  await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () => client.workflow.count(query));
  return client.withDeadline(Date.now() + LIST_DEADLINE_MS, async () => {
    const runs: WaitingRun[] = [];
    for await (const run of client.workflow.list({ query })) {
      runs.push({
        workflowId: run.workflowId,
        runId: run.runId,
        attention: run.typedSearchAttributes.get(ATTENTION) ?? '',
        accountSlug: run.typedSearchAttributes.get(ACCOUNT_SLUG) ?? null,
        connectionId: run.typedSearchAttributes.get(CONNECTION_ID) ?? null,
        startedAt: run.startTime.toISOString(),
      });
      if (runs.length >= limit) break;
    }
    return runs;
  });
}

/** What a person answers to a run that waits for them. */
export type Answer = typeof retry | typeof giveUp;

/** Sends the answer to each of the runs and returns the ids of those that were still open. */
export async function answerRuns(
  client: Client,
  runs: readonly Pick<WaitingRun, 'workflowId' | 'runId'>[],
  answer: Answer,
): Promise<string[]> {
  const answered: string[] = [];
  const queue = [...runs];
  const signal = async ({ workflowId, runId }: Pick<WaitingRun, 'workflowId' | 'runId'>): Promise<void> => {
    try {
      await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        client.workflow.getHandle(workflowId, runId).signal(answer),
      );
      answered.push(workflowId);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };
  const runLane = async (): Promise<void> => {
    for (let run = queue.shift(); run !== undefined; run = queue.shift()) await signal(run);
  };
  await Promise.all(Array.from({ length: Math.min(SIGNALS_AT_ONCE, runs.length) }, runLane));
  return answered;
}

/** Sends `retry` to each of the runs and returns the ids of those that were still open. */
export const wakeRuns = (client: Client, runs: readonly WaitingRun[]): Promise<string[]> =>
  answerRuns(client, runs, retry);

/** The open run of that id, which must be asking: a signal that answers no question is lost without a word. */
export async function findWaitingRun(client: Client, id: string) {
  const describe = () => client.workflow.getHandle(id).describe();
  const { status, type, typedSearchAttributes, runId } = await client
    .withDeadline(Date.now() + CALL_DEADLINE_MS, describe)
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) throw new CliError(`workflowId: there is no run ${id}`);
      throw error;
    });
  if (status.name !== 'RUNNING')
    throw new CliError(`workflowId: the run ${id} has ended (${status.name.toLowerCase()})`);
  const attention = typedSearchAttributes.get(ATTENTION);
  if (attention === undefined)
    throw new CliError(`workflowId: the run ${id} waits for nobody, so an answer would be lost`);
  return { workflowId: id, runId, type, attention };
}
