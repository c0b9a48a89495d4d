import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { ChannelActivities, HomeActivities } from '../../src/activities';
import { channelTaskQueue, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { ATTENTION, OUTCOME, SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import type { InventorySyncWorkflow, UnfulfillableOrderWorkflow } from '../../src/workflows';
import { timeSkippingEnvironment } from '../servers/servers';
import { workflowCode } from '../servers/workflow-code';
import { eventually } from '../stand/waiting';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  // The server that skips time is an old one, and the SDK says so for every worker.
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});

const ajio = { connectionId: 1, channel: 'ajio', displayName: 'Ajio' } as const;
const eshopbox = { connectionId: 2, channel: 'eshopbox', displayName: 'Eshopbox' } as const;
const order = {
  orderId: 'order-1',
  orderNumber: 'O-1',
  lines: [{ lineItemSequenceNumber: '1', marketplaceItemId: 'S1', quantity: 1 }],
  marketplace: ajio,
  wms: eshopbox,
};

export type Activities = Partial<HomeActivities & ChannelActivities>;

export const failing = (type: string, isRetryable: boolean) => async (): Promise<never> => {
  throw ApplicationFailure.create({
    type,
    message: `${type} for a long time`,
    nonRetryable: !isRetryable,
    details: [{ channelWords: 'Come back later' }],
  });
};
/** What is left to send when nothing is. */
export const NOTHING_DUE = { pushes: 0, hasZeros: false, nextDueInMs: null, lanes: 1, asJobs: false };
export const NOTHING_SENT = { accepted: 0, rejected: 0, unknown: 0, due: NOTHING_DUE };

const home: Activities = {
  startOrder: async () => undefined,
  countWaiting: async () => ({ lines: 1, zeros: 0 }),
  finishSubmissions: async () => ({ finished: 0, freed: 0, rejected: 0, refused: 0 }),
};

/** The one whose time is skipped; set before the first test of a file that imports this. */
export let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name }) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
  });
});
afterAll(() => environment.teardown());

/** Runs `test` while workers with these activities, and no others, do the work; time skips whenever nothing is under way. */
export async function withActivities<T>(activities: Activities, test: () => Promise<T>): Promise<T> {
  const common = { connection: environment.nativeConnection, activities: { ...home, ...activities } };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: WORKFLOW_TASK_QUEUE, ...workflowCode() }),
    Worker.create({ ...common, taskQueue: channelTaskQueue('ajio') }),
    Worker.create({ ...common, taskQueue: channelTaskQueue('eshopbox') }),
  ]);
  const [workflows, ...channels] = workers;
  if (!workflows) throw new Error('there is no worker');
  const running = channels.map((worker) => worker.run());
  try {
    return await workflows.runUntil(test().finally(terminateRuns));
  } finally {
    for (const worker of channels) worker.shutdown();
    await Promise.all(running);
  }
}

const started: WorkflowHandle[] = [];

/** A run that a test leaves open would be tried on by the workers of the next one. */
async function terminateRuns(): Promise<void> {
  // Most have ended by themselves.
  for (const handle of started.splice(0)) await handle.terminate('the test is over').catch(() => undefined);
}

/** Waits for the run's first activity, so that a test that lets time pass does so within the run and not before it. */
async function begun<T extends WorkflowHandle>(handle: T): Promise<T> {
  started.push(handle);
  await eventually('the first activity of the run', async () => {
    const { events } = await handle.fetchHistory();
    return events?.some((event) => event.activityTaskScheduledEventAttributes);
  });
  return handle;
}

export const startOrder = async (workflowId: string) =>
  begun(
    await environment.client.workflow.start<typeof UnfulfillableOrderWorkflow>('UnfulfillableOrderWorkflow', {
      workflowId,
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [order],
    }),
  );
export const startSync = async (workflowId: string) =>
  begun(
    await environment.client.workflow.start<typeof InventorySyncWorkflow>('InventorySyncWorkflow', {
      workflowId,
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [ajio],
    }),
  );
export async function attributesOf(handle: WorkflowHandle) {
  const { typedSearchAttributes } = await handle.describe();
  return { attention: typedSearchAttributes.get(ATTENTION), outcome: typedSearchAttributes.get(OUTCOME) };
}
export async function durationMsOf(handle: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await handle.describe();
  return (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
}
