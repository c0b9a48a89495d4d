import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { ChannelActivities, HomeActivities } from '../../src/activities';
import { FailureInterceptor } from '../../src/activities/failures';
import { ConnectorError } from '../../src/connectors/errors';
import type { FailureDetails, FailureType } from '../../src/contracts/failures';
import { channelTaskQueue, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { ATTENTION } from '../../src/contracts/search-attributes';
import type { UnfulfillableOrderWorkflow } from '../../src/workflows';
import { giveUp } from '../../src/workflows/messages';
import { freshNamespace, leaveNamespace } from '../servers/servers';
import { workflowCode } from '../servers/workflow-code';
import { eventually } from '../stand/waiting';

Runtime.install({ logger: new DefaultLogger('ERROR') });

type Attempt = 'hangs' | [FailureType, FailureDetails?];
const FAILS: Attempt = ['ChannelUnavailable', { status: 500 }];
const MYSQL_AWAY: Attempt = ['StoreUnavailable'];
const OWN_LIMIT: Attempt = ['ChannelRateLimited', { retryAfterMs: 100, slot: { atMs: 1, credits: 0, missed: 0 } }];
const SLOW_DOWN: Attempt = ['ChannelRateLimited', { retryAfterMs: 100, status: 429 }];

let server: ReturnType<typeof freshNamespace>;
let connection: NativeConnection;
let client: Client;
/** What happens to each attempt of an order's cancel, and how many there were. */
const attempts = new Map<string, { plan: Attempt[]; made: number }>();
const over = new AbortController();

const cancelOnMarketplace: ChannelActivities['cancelOnMarketplace'] = async ({ orderId }) => {
  const order = attempts.get(orderId);
  const attempt = order?.plan[order.made];
  if (order) order.made += 1;
  if (attempt === undefined) return { cancelled: ['1'], notCancelled: [] };
  // Without a heartbeat Temporal takes the worker for dead.
  if (attempt === 'hangs') await new Promise((resolve) => over.signal.addEventListener('abort', resolve));
  const [type, details] = attempt === 'hangs' ? MYSQL_AWAY : attempt;
  throw new ConnectorError(type, type, details ? { details } : {});
};

const readMarketplaceOrder: ChannelActivities['readMarketplaceOrder'] = async () => ({
  cancelled: ['1'],
  notCancelled: [],
  open: [],
});

beforeAll(async () => {
  server = freshNamespace();
  connection = await NativeConnection.connect(server);
  client = new Client({ connection: await Connection.connect(server), namespace: server.namespace });
});
afterAll(async () => {
  await leaveNamespace(server);
  await client.connection.close();
  await connection.close();
});

/** Starts an order for each plan, and hands each one's run and number of attempts to `look`. */
async function withOrders(plans: Record<string, Attempt[]>, look: (name: string) => Promise<void>): Promise<void> {
  const home: Partial<HomeActivities> = { startOrder: async () => undefined, finishOrder: async () => true };
  const wms: Partial<ChannelActivities> = { cancelInWms: async () => ({ cancelled: ['1'], notCancelled: [] }) };
  const common = { connection, namespace: server.namespace };
  const interceptors = {
    activity: [
      (context: ConstructorParameters<typeof FailureInterceptor>[0]) => ({
        inbound: new FailureInterceptor(context, () => undefined),
      }),
    ],
  };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      ...workflowCode(),
      taskQueue: WORKFLOW_TASK_QUEUE,
      activities: home,
    }),
    Worker.create({ ...common, taskQueue: channelTaskQueue('eshopbox'), activities: wms }),
    Worker.create({
      ...common,
      taskQueue: channelTaskQueue('ajio'),
      activities: { cancelOnMarketplace, readMarketplaceOrder },
      interceptors,
    }),
  ]);
  const running = workers.map((worker) => worker.run());
  try {
    const side = (connectionId: number, channel: 'ajio' | 'eshopbox') => ({
      connectionId,
      channel,
      displayName: channel,
    });
    for (const [name, plan] of Object.entries(plans)) {
      attempts.set(name, { plan, made: 0 });
      await client.workflow.start<typeof UnfulfillableOrderWorkflow>('UnfulfillableOrderWorkflow', {
        workflowId: name,
        taskQueue: WORKFLOW_TASK_QUEUE,
        // Short enough to wait for, long enough for a busy machine to begin an attempt.
        memo: { heartbeatTimeoutMs: 15_000 },
        args: [{ orderId: name, orderNumber: name, lines: [], marketplace: side(1, 'ajio'), wms: side(2, 'eshopbox') }],
      });
    }
    await Promise.all(Object.keys(plans).map(look));
  } finally {
    over.abort();
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}

test('only what the channel itself failed of uses up its three attempts', async () => {
  const plans: Record<string, Attempt[]> = {
    'fails three times': [FAILS, FAILS, FAILS],
    'lost workers between': ['hangs', FAILS, 'hangs', FAILS, FAILS],
    'MySQL away between': [MYSQL_AWAY, FAILS, MYSQL_AWAY, MYSQL_AWAY, FAILS, MYSQL_AWAY, FAILS],
    'limits between': [OWN_LIMIT, OWN_LIMIT, OWN_LIMIT, FAILS, SLOW_DOWN, SLOW_DOWN, FAILS, OWN_LIMIT, FAILS],
    'heals after two': ['hangs', FAILS, MYSQL_AWAY, FAILS, SLOW_DOWN],
    'never failed': [MYSQL_AWAY, SLOW_DOWN, MYSQL_AWAY, 'hangs', OWN_LIMIT],
  };
  await withOrders(plans, async (name) => {
    const handle = client.workflow.getHandle(name);
    const plan = plans[name] ?? [];
    if (plan.filter((attempt) => attempt === FAILS).length < 3) {
      expect(await handle.result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
      expect([name, attempts.get(name)?.made]).toEqual([name, plan.length + 1]);
      return;
    }
    await eventually(`${name} asks`, async () => (await handle.describe()).typedSearchAttributes.get(ATTENTION));
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(ATTENTION)).toBe('ajio_unavailable');
    expect([name, attempts.get(name)?.made]).toEqual([name, plan.length]);
    await handle.signal(giveUp);
  });
});

test('a worker that is lost with its third failure noted is read back, and the run does not stand still', async () => {
  await withOrders({ 'lost at last': [['AttemptLost', { channelFailures: 3 }]] }, async (name) => {
    expect(await client.workflow.getHandle(name).result()).toEqual({ outcome: 'cancelled', cancelled: ['1'] });
    expect(attempts.get(name)?.made).toBe(1);
  });
});
