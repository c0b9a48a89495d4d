import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { RETENTION_SCHEDULE_ID, SWEEP_SCHEDULE_ID, WORKFLOW_TASK_QUEUE } from './contracts/ids';
import { SEARCH_ATTRIBUTES } from './contracts/search-attributes';

const CALL_DEADLINE_MS = 10_000;
/** A server learns of a new search attribute only when its cache is renewed, which takes up to a minute on some. */
const USABLE_WITHIN_MS = 90_000;
const POLL_MS = 250;
const GRPC_INVALID_ARGUMENT = 3;
const GRPC_ALREADY_EXISTS = 6;

/** What a namespace had and what was done; `added` is empty and both schedules are `unchanged` where nothing was missing. */
export interface NamespaceState {
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
 * Makes what is missing in the namespace: search attributes that can be searched by, and schedules. Can be repeated at any time and
 * by several at once. With `update`, schedules of another shape are brought back as well; a program of an older release must
 * not do that while a newer one runs beside it. Throws what Temporal's client throws, or a sentence for a person.
 */
export async function makeNamespaceReady(client: Client, { update }: { update: boolean }): Promise<NamespaceState> {
  const searchAttributes = await ensureSearchAttributes(client);
  const schedules = [];
  for (const wish of SCHEDULES) {
    const did = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () => ensureSchedule(client, wish, update));
    schedules.push({ id: wish.scheduleId, did });
  }
  return { searchAttributes, schedules };
}

const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;

async function ensureSearchAttributes(client: Client): Promise<NamespaceState['searchAttributes']> {
  const { operatorService, workflowService } = client.connection;
  const { namespace } = client.options;
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_DEADLINE_MS, work);

  const listed = await call(() => operatorService.listSearchAttributes({ namespace }));
  const known = listed.customAttributes ?? {};
  for (const { name } of SEARCH_ATTRIBUTES) {
    const type = known[name];
    if (type === undefined || type === INDEXED_VALUE_TYPE_KEYWORD) continue;
    throw new Error(`search attribute ${name}: the namespace ${namespace} has one of another type, Keyword is needed`);
  }
  const added = SEARCH_ATTRIBUTES.map(({ name }) => name).filter((name) => known[name] === undefined);
  if (added.length > 0) {
    const wanted = Object.fromEntries(added.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]));
    try {
      await call(() => operatorService.addSearchAttributes({ namespace, searchAttributes: wanted }));
    } catch (error) {
      // Somebody else did it at the same moment; whether it can be used is seen below.
      if (!isGrpcServiceError(error) || error.code !== GRPC_ALREADY_EXISTS) throw error;
    }
  }
  // No run has that id: what is asked is whether the names are known, and the answer costs nothing.
  const query = ['WorkflowId = "-"', ...SEARCH_ATTRIBUTES.map(({ name }) => `${name} IS NULL`)].join(' AND ');
  for (const giveUpAtMs = Date.now() + USABLE_WITHIN_MS; ; ) {
    try {
      await call(() => workflowService.countWorkflowExecutions({ namespace, query }));
      return { added, total: SEARCH_ATTRIBUTES.length };
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== GRPC_INVALID_ARGUMENT) throw error;
      if (Date.now() > giveUpAtMs) {
        throw new Error(`search attributes ${added.join(', ')}: added, but not usable yet; try again in a minute`);
      }
      await delay(POLL_MS);
    }
  }
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

/** Temporal's database may be lost or be replaced by an older copy while programs run. */
const CHECK_EVERY_MS = 60_000;

export interface NamespaceKeeperOptions {
  client: Client;
  /** Called after each look: whether everything is there now. */
  onChecked(isReady: boolean): void;
  /** Takes what was missing and made again, or why it could not be made; the same reason once. */
  warn(facts: Record<string, unknown>, message: string): void;
  /** @default once a minute */
  everyMs?: number;
}

/** Looks at once and then every minute that the namespace has what the programs need, and makes what is gone; returns what ends it. */
export function keepNamespaceReady(options: NamespaceKeeperOptions): () => void {
  const { client, onChecked, warn, everyMs = CHECK_EVERY_MS } = options;
  const stopping = new AbortController();
  let saidReason = '';
  async function look(): Promise<void> {
    try {
      const { searchAttributes, schedules } = await makeNamespaceReady(client, { update: false });
      const created = schedules.filter(({ did }) => did === 'created').map(({ id }) => id);
      if (created.length + searchAttributes.added.length > 0) {
        warn({ searchAttributes: searchAttributes.added, schedules: created }, 'made what the namespace lacked');
      }
      saidReason = '';
      onChecked(true);
    } catch (error) {
      // The client is closed while a call is on its way.
      if (stopping.signal.aborted) return;
      onChecked(false);
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== saidReason) warn({ reason }, 'the namespace could not be checked');
      saidReason = reason;
    }
  }
  async function keepLooking(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look();
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
  void keepLooking();
  return () => stopping.abort();
}
