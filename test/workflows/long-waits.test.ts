import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { ChannelActivities, HomeActivities } from '../../src/activities';
import { channelTaskQueue, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { ATTENTION, OUTCOME, SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import type { InventorySyncWorkflow, UnfulfillableOrderWorkflow } from '../../src/workflows';
import { timeSkippingEnvironment } from '../servers/servers';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

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

type Activities = Partial<HomeActivities & ChannelActivities>;

const failing = (type: string, isRetryable: boolean) => async (): Promise<never> => {
  throw ApplicationFailure.create({
    type,
    message: `${type} for a long time`,
    nonRetryable: !isRetryable,
    details: [{ channelWords: 'Come back later' }],
  });
};
const home: Activities = {
  startOrder: async () => undefined,
  finishSubmissions: async () => ({ finished: 0 }),
  releasePush: async () => undefined,
};

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name }) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
  });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    logger: new DefaultLogger('ERROR'),
  });
});
afterAll(() => environment.teardown());

/** Runs `test` while workers with these activities, and no others, do the work; time skips whenever nothing is under way. */
async function withActivities<T>(activities: Activities, test: () => Promise<T>): Promise<T> {
  const common = { connection: environment.nativeConnection, activities: { ...home, ...activities } };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: WORKFLOW_TASK_QUEUE, workflowBundle }),
    Worker.create({ ...common, taskQueue: channelTaskQueue('ajio') }),
    Worker.create({ ...common, taskQueue: channelTaskQueue('eshopbox') }),
  ]);
  const [workflows, ...channels] = workers;
  if (!workflows) throw new Error('there is no worker');
  const running = channels.map((worker) => worker.run());
  try {
    return await workflows.runUntil(test());
  } finally {
    for (const worker of channels) worker.shutdown();
    await Promise.all(running);
  }
}

const startOrder = (workflowId: string) =>
  environment.client.workflow.start<typeof UnfulfillableOrderWorkflow>('UnfulfillableOrderWorkflow', {
    workflowId,
    taskQueue: WORKFLOW_TASK_QUEUE,
    args: [order],
  });
const startSync = (workflowId: string) =>
  environment.client.workflow.start<typeof InventorySyncWorkflow>('InventorySyncWorkflow', {
    workflowId,
    taskQueue: WORKFLOW_TASK_QUEUE,
    args: [ajio],
  });
async function attributesOf(handle: WorkflowHandle) {
  const { typedSearchAttributes } = await handle.describe();
  return { attention: typedSearchAttributes.get(ATTENTION), outcome: typedSearchAttributes.get(OUTCOME) };
}
async function durationMsOf(handle: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await handle.describe();
  return (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
}

test('a refused order that nobody decides on fails after seven days with its cause', async () => {
  const finished: unknown[] = [];
  const activities: Activities = {
    cancelOnMarketplace: failing('ChannelRejected', false),
    finishOrder: async (input) => void finished.push(input),
  };
  await withActivities(activities, async () => {
    const handle = await startOrder('nobody-decides');
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'ChannelRejected', message: 'nobody decided in time: Come back later' },
    });
    const tookMs = await durationMsOf(handle);
    expect(tookMs).toBeGreaterThanOrEqual(7 * DAY_MS);
    expect(tookMs).toBeLessThan(7 * DAY_MS + HOUR_MS);
    expect(finished).toEqual([
      { orderId: 'order-1', status: 'failed', outcome: 'not_cancelled', error: 'Come back later' },
    ]);
  });
});

test('Eshopbox is tried for a day, then a person is asked', async () => {
  let tries = 0;
  const finished: unknown[] = [];
  const activities: Activities = {
    cancelOnMarketplace: async () => ({ cancelled: ['1'], notCancelled: [] }),
    cancelInWms: async () => {
      tries += 1;
      return failing('ChannelUnavailable', true)();
    },
    finishOrder: async (input) => void finished.push(input),
  };
  await withActivities(activities, async () => {
    const handle = await startOrder('wms-away');
    await environment.sleep(DAY_MS - HOUR_MS);
    expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'cancelled_at_marketplace_only' });
    expect(tries).toBeGreaterThan(100);
    await environment.sleep(2 * HOUR_MS);
    expect(await attributesOf(handle)).toEqual({
      attention: 'eshopbox_unavailable',
      outcome: 'cancelled_at_marketplace_only',
    });
    const triesUntilAsked = tries;
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ChannelUnavailable' } });
    expect(tries).toBe(triesUntilAsked);
    expect(finished).toEqual([expect.objectContaining({ status: 'failed', outcome: 'cancelled_at_marketplace_only' })]);
  });
});

test('a channel that is down for hours is asked again every half minute, and its stock goes out when it is back', async () => {
  let isDown = true;
  let calls = 0;
  let isSent = false;
  const push = { pushId: 'push-1', lineCount: 1, zeroCount: 0 };
  const activities: Activities = {
    planPushes: async () => ({
      pushes: isSent ? [] : [push],
      concurrency: 1,
      nextDueInMs: null,
      blockedBy: null,
      asJobs: false,
    }),
    pushChunk: async () => {
      calls += 1;
      if (isDown) return failing('ChannelUnavailable', true)();
      isSent = true;
      return { accepted: 1, rejected: 0, unknown: 0 };
    },
  };
  await withActivities(activities, async () => {
    const handle = await startSync('long-outage');
    await environment.sleep(2 * HOUR_MS);
    expect((await attributesOf(handle)).attention).toBe('ajio_unavailable');
    // Three attempts with 2 s and 4 s between them, then 30 s of rest.
    expect(calls).toBeGreaterThan(500);
    expect(calls).toBeLessThan(650);
    isDown = false;
    expect(await handle.result()).toEqual({ pushes: 1, accepted: 1, rejected: 0, unknown: 0 });
    expect(await attributesOf(handle)).toEqual({ attention: undefined, outcome: 'delivered' });
  });
});

test('refused stock that nobody decides on fails the run after seven days with its cause', async () => {
  const due = [{ pushId: 'push-1', lineCount: 1, zeroCount: 0 }];
  const activities: Activities = {
    planPushes: async () => ({
      pushes: due.splice(0),
      concurrency: 1,
      nextDueInMs: null,
      blockedBy: null,
      asJobs: false,
    }),
    pushChunk: failing('ChannelRejected', false),
  };
  await withActivities(activities, async () => {
    const handle = await startSync('refused-stock');
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'ChannelRejected', message: 'nobody decided in time: Come back later' },
    });
    expect(await durationMsOf(handle)).toBeGreaterThanOrEqual(7 * DAY_MS);
  });
});

describe('a token that is refused', () => {
  const refuse = async (tokenGeneration: number): Promise<never> => {
    throw ApplicationFailure.create({
      type: 'ChannelAuthFailed',
      message: `token ${tokenGeneration} was refused`,
      nonRetryable: true,
      details: [{ tokenGeneration }],
    });
  };
  /** Nobody gets to use the token for an hour, as when no worker runs. */
  const comeLater = (): never => {
    throw ApplicationFailure.create({ type: 'ChannelUnavailable', message: 'later', nextRetryDelay: '1 hour' });
  };
  /** Logs in whenever it is asked, and keeps what was said against the credentials. */
  const tokens = (complaints: unknown[]): Activities => ({
    refreshAccessToken: async ({ rejectedGeneration }) => ({ refreshed: true, generation: rejectedGeneration + 1 }),
    requireReauth: async ({ refusedGeneration, reason }) => {
      complaints.push({ refusedGeneration, reason });
      return false;
    },
    cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }),
    finishOrder: async () => undefined,
  });

  test('long after its login has died, which is another login and no question of credentials', async () => {
    const complaints: unknown[] = [];
    let calls = 0;
    const activities: Activities = {
      ...tokens(complaints),
      async cancelOnMarketplace({ minTokenGeneration = 0 }) {
        calls += 1;
        if (calls === 2) comeLater();
        return calls < 4 ? refuse(minTokenGeneration) : { cancelled: ['1'], notCancelled: [] };
      },
    };
    await withActivities(activities, async () => {
      expect(await (await startOrder('aged-token')).result()).toMatchObject({ outcome: 'cancelled' });
      expect({ calls, complaints }).toEqual({ calls: 4, complaints: [] });
    });
  });

  test('again and again however late stops the connection in the fourth round', async () => {
    const complaints: unknown[] = [];
    let calls = 0;
    const activities: Activities = {
      ...tokens(complaints),
      async cancelOnMarketplace({ minTokenGeneration = 0 }) {
        calls += 1;
        if (calls % 2 === 0) comeLater();
        return refuse(minTokenGeneration);
      },
    };
    await withActivities(activities, async () => {
      const handle = await startOrder('dying-tokens');
      await environment.sleep(5 * HOUR_MS);
      expect((await attributesOf(handle)).attention).toBe('ajio_needs_reauth');
      expect({ calls, complaints }).toEqual({
        calls: 7,
        complaints: [{ refusedGeneration: undefined, reason: 'token 3 was refused' }],
      });
      await handle.terminate();
    });
  });
});
