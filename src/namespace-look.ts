import { type Client, isGrpcServiceError } from '@temporalio/client';
import { RETENTION_SCHEDULE_ID, SWEEP_SCHEDULE_ID } from './contracts/ids';
import { SEARCH_ATTRIBUTES } from './contracts/search-attributes';

const GRPC_INVALID_ARGUMENT = 3;
const GRPC_NOT_FOUND = 5;
const NAMES: readonly string[] = SEARCH_ATTRIBUTES.map(({ name }) => name);
const SCHEDULE_IDS: readonly string[] = [SWEEP_SCHEDULE_ID, RETENTION_SCHEDULE_ID];

/** What the programs need and the namespace does not have: `all` of it where Temporal does not know the namespace. */
export type Lacking = 'all' | { searchAttributes: string[]; schedules: string[] };

const hasCode = (error: unknown, code: number): boolean => isGrpcServiceError(error) && error.code === code;

/** Whether runs can be searched by the names. Throws what Temporal's client throws when it cannot be asked, `NOT_FOUND` without the namespace. */
export async function canSearchBy({ connection, options }: Client, names: readonly string[]): Promise<boolean> {
  // No run has that id: what is asked is whether the names are known, and the answer costs nothing.
  const query = ['WorkflowId = "-"', ...names.map((name) => `${name} IS NULL`)].join(' AND ');
  try {
    await connection.workflowService.countWorkflowExecutions({ namespace: options.namespace, query });
    return true;
  } catch (error) {
    if (hasCode(error, GRPC_INVALID_ARGUMENT)) return false;
    throw error;
  }
}

async function hasSchedule({ connection, options }: Client, scheduleId: string): Promise<boolean> {
  try {
    await connection.workflowService.describeSchedule({ namespace: options.namespace, scheduleId });
    return true;
  } catch (error) {
    if (hasCode(error, GRPC_NOT_FOUND)) return false;
    throw error;
  }
}

const without = async (names: readonly string[], isThere: (name: string) => Promise<boolean>): Promise<string[]> => {
  const there = await Promise.all(names.map(isThere));
  return names.filter((_, index) => !there[index]);
};

/** Looks without changing anything, with the rights that every client of the namespace has. Throws what Temporal's client throws when it cannot be asked. */
export async function findLacking(client: Client): Promise<Lacking> {
  try {
    const searchAttributes = (await canSearchBy(client, NAMES))
      ? []
      : await without(NAMES, (name) => canSearchBy(client, [name]));
    return { searchAttributes, schedules: await without(SCHEDULE_IDS, (id) => hasSchedule(client, id)) };
  } catch (error) {
    if (hasCode(error, GRPC_NOT_FOUND)) return 'all';
    throw error;
  }
}

const listed = (kind: string, names: readonly string[]): string[] =>
  names.length === 0 ? [] : [`${kind}${names.length === 1 ? '' : 's'} ${names.join(', ')}`];

/** The same in words, undefined where nothing is missing. */
export function lackingWords(namespace: string, lacking: Lacking): string | undefined {
  const mend = 'a worker makes what is missing, or `cli setup`';
  if (lacking === 'all') return `Temporal has no namespace ${namespace}: ${mend}`;
  const what = [...listed('search attribute', lacking.searchAttributes), ...listed('schedule', lacking.schedules)];
  return what.length === 0 ? undefined : `the namespace ${namespace} lacks ${what.join(' and ')}: ${mend}`;
}

/** How long the first question may wait for Temporal, and a later one before it takes the answer of the look before. */
const FIRST_LOOK_MS = 2_000;
const LATER_LOOK_MS = 500;

/**
 * Tells in words what the namespace lacks, undefined when it lacks nothing or Temporal cannot be asked. Asks anew each time, until
 * nothing is missing once: what is lost later is made again by a worker while the gateway goes on storing.
 */
export function watchNamespace(client: Client): () => Promise<string | undefined> {
  let isComplete = false;
  let said: string | undefined;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    try {
      said = lackingWords(client.options.namespace, await findLacking(client));
      isComplete = said === undefined;
    } catch {
      // Away, or not to be asked with these rights: no reason to refuse what can be stored.
      said = undefined;
    }
  };
  let patienceMs = FIRST_LOOK_MS;
  return async () => {
    if (isComplete) return undefined;
    looking ??= client.withDeadline(Date.now() + FIRST_LOOK_MS, look).finally(() => {
      looking = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([looking, late]).finally(() => clearTimeout(timer));
    patienceMs = LATER_LOOK_MS;
    return said;
  };
}
