import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { RETENTION_SCHEDULE_ID, SWEEP_SCHEDULE_ID, WORKFLOW_TASK_QUEUE } from './contracts/ids';
import { SEARCH_ATTRIBUTES } from './contracts/search-attributes';
import { canSearchBy } from './namespace-look';

const CALL_DEADLINE_MS = 10_000;
/** A server learns of a new namespace or search attribute only when its cache is renewed, which takes up to a minute on some. */
const USABLE_WITHIN_MS = 90_000;
const POLL_MS = 250;
const GRPC_NOT_FOUND = 5;
const GRPC_ALREADY_EXISTS = 6;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;
/** How long Temporal keeps closed runs in a namespace that we had to register; whoever wants it otherwise registers or changes it. */
const RUNS_KEPT = '7 days';

/** What a namespace had and what was done; `added` is empty and both schedules are `unchanged` where nothing was missing. */
export interface NamespaceState {
  /** Whether the namespace itself had to be registered. */
  registered: boolean;
  /** Names of the search attributes that were added, and how many there are in all. */
  searchAttributes: { added: string[]; total: number };
  schedules: { id: string; did: 'created' | 'updated' | 'unchanged' }[];
}

interface ScheduleWish {
  scheduleId: string;
  workflowType: string;
  everyMs: number;
  /** Absent for a run that goes on for good. */
  timeoutMs?: number;
  note: string;
}

const MINUTE_MS = 60_000;
/** A run that hangs must not hold up the schedule for ever, since turns do not overlap. */
const RUN_TIMEOUT_MS = 30 * MINUTE_MS;

const SCHEDULES: readonly ScheduleWish[] = [
  {
    scheduleId: SWEEP_SCHEDULE_ID,
    workflowType: 'SweepWorkflow',
    // It goes on by itself; the schedule starts it again when somebody has ended it.
    everyMs: MINUTE_MS,
    note: 'Finds stored work that was never started.',
  },
  {
    scheduleId: RETENTION_SCHEDULE_ID,
    workflowType: 'RetentionWorkflow',
    everyMs: 60 * MINUTE_MS,
    timeoutMs: RUN_TIMEOUT_MS,
    note: 'Forgets what is older than the retention.',
  },
];

/** A missed turn is not made up for: the next one finds the same work. */
const CATCH_UP_MS = 30_000;

/**
 * Makes what is missing: the namespace itself, search attributes that can be searched by, and schedules. Can be repeated at any time and
 * by several at once. With `update`, schedules of another shape are brought back as well; a program of an older release must
 * not do that while a newer one runs beside it. Throws what Temporal's client throws, or a sentence for a person.
 */
export async function makeNamespaceReady(client: Client, { update }: { update: boolean }): Promise<NamespaceState> {
  const registered = await ensureNamespace(client);
  const searchAttributes = await ensureSearchAttributes(client);
  const schedules = [];
  for (const wish of SCHEDULES) {
    const did = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () => ensureSchedule(client, wish, update));
    schedules.push({ id: wish.scheduleId, did });
  }
  return { registered, searchAttributes, schedules };
}

const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;
const NAMES: readonly string[] = SEARCH_ATTRIBUTES.map(({ name }) => name);

const isGrpc = (error: unknown, ...codes: number[]): boolean => isGrpcServiceError(error) && codes.includes(error.code);

/** Asks until the answer is yes; false when it was no for too long. */
async function becomes(isSo: () => Promise<boolean>): Promise<boolean> {
  for (const giveUpAtMs = Date.now() + USABLE_WITHIN_MS; ; await delay(POLL_MS)) {
    if (await isSo()) return true;
    if (Date.now() > giveUpAtMs) return false;
  }
}

async function ensureNamespace(client: Client): Promise<boolean> {
  const { workflowService } = client.connection;
  const { namespace } = client.options;
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_DEADLINE_MS, work);
  /** Answers are taken from the caches of several services: one that knows the namespace says nothing of the others. */
  const isUsable = async (): Promise<boolean> => {
    try {
      await call(() => workflowService.countWorkflowExecutions({ namespace, query: 'WorkflowId = "-"' }));
      return true;
    } catch (error) {
      if (isGrpc(error, GRPC_NOT_FOUND)) return false;
      throw error;
    }
  };
  if (await isUsable()) return false;
  try {
    await call(() =>
      workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RUNS_KEPT) }),
    );
  } catch (error) {
    // Somebody else did it at the same moment, or just before.
    if (!isGrpc(error, GRPC_ALREADY_EXISTS)) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the namespace ${namespace} was not found, and cannot be registered: ${reason}`, {
        cause: error,
      });
    }
  }
  if (!(await becomes(isUsable)))
    throw new Error(`the namespace ${namespace} is registered, but not usable yet; try again in a minute`);
  return true;
}

async function ensureSearchAttributes(client: Client): Promise<NamespaceState['searchAttributes']> {
  const { operatorService } = client.connection;
  const { namespace } = client.options;
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_DEADLINE_MS, work);
  const isUsable = () => call(() => canSearchBy(client, NAMES));

  let known: Awaited<ReturnType<typeof operatorService.listSearchAttributes>>['customAttributes'];
  try {
    known = (await call(() => operatorService.listSearchAttributes({ namespace }))).customAttributes ?? {};
  } catch (error) {
    // Whoever may not look after the namespace may still work in it, where somebody else has made it ready.
    if (isGrpc(error, GRPC_PERMISSION_DENIED, GRPC_UNIMPLEMENTED) && (await isUsable()))
      return { added: [], total: NAMES.length };
    throw error;
  }
  for (const name of NAMES) {
    const type = known[name];
    if (type === undefined || type === INDEXED_VALUE_TYPE_KEYWORD) continue;
    throw new Error(`search attribute ${name}: the namespace ${namespace} has one of another type, Keyword is needed`);
  }
  const added = NAMES.filter((name) => known[name] === undefined);
  if (added.length > 0) {
    const wanted = Object.fromEntries(added.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]));
    try {
      await call(() => operatorService.addSearchAttributes({ namespace, searchAttributes: wanted }));
    } catch (error) {
      // Somebody else did it at the same moment; whether it can be used is seen below.
      if (!isGrpc(error, GRPC_ALREADY_EXISTS)) throw error;
    }
  }
  if (!(await becomes(isUsable)))
    throw new Error(`search attributes ${added.join(', ')}: added, but not usable yet; try again in a minute`);
  return { added, total: NAMES.length };
}

const optionsOf = ({ workflowType, everyMs, timeoutMs, scheduleId, note }: ScheduleWish) => ({
  spec: { intervals: [{ every: everyMs }] },
  action: {
    type: 'startWorkflow' as const,
    workflowType,
    workflowId: scheduleId,
    taskQueue: WORKFLOW_TASK_QUEUE,
    args: [],
    ...(timeoutMs === undefined ? {} : { workflowExecutionTimeout: timeoutMs }),
    staticSummary: note,
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS },
});

/** What has to agree for a schedule to be left alone. */
const shapeOf = ({ spec, action, policies }: Pick<ScheduleDescription, 'spec' | 'action' | 'policies'>) =>
  JSON.stringify([
    spec.intervals?.map(({ every }) => every) ?? [],
    spec.calendars ?? [],
    action.workflowType,
    action.taskQueue,
    action.workflowExecutionTimeout,
    policies.overlap,
    policies.catchupWindow,
  ]);

async function ensureSchedule(
  client: Client,
  wish: ScheduleWish,
  update: boolean,
): Promise<'created' | 'updated' | 'unchanged'> {
  const options = optionsOf(wish);
  try {
    // At once, not with the next turn: where schedules are gone, so are the runs that they should have started.
    await client.schedule.create({ scheduleId: wish.scheduleId, ...options, state: { triggerImmediately: true } });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  if (!update) return 'unchanged';
  const handle = client.schedule.getHandle(wish.scheduleId);
  const wanted = JSON.stringify([
    [wish.everyMs],
    [],
    wish.workflowType,
    WORKFLOW_TASK_QUEUE,
    wish.timeoutMs,
    options.policies.overlap,
    CATCH_UP_MS,
  ]);
  if (shapeOf(await handle.describe()) === wanted) return 'unchanged';
  // Keeps the state: a schedule that ops have paused stays paused.
  await handle.update(({ state }) => ({ ...options, state }));
  return 'updated';
}
