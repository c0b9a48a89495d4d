import type { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createChannelActivities, createHomeActivities, createImportActivities } from './activities';
import { FailureInterceptor, type FailureObserver } from './activities/failures';
import { HeartbeatInterceptor } from './activities/heartbeats';
import { createOpener, type OpenerDeps } from './activities/opener';
import { createFileDownload, type FileDownloadOptions } from './connectors/http/file-download';
import type { ConnectorContext } from './connectors/ports';
import { allConnectors, connectorFor } from './connectors/registry';
import { CSV_IMPORT_TASK_QUEUE, channelTaskQueue, WORKFLOW_TASK_QUEUE } from './contracts/ids';
import { stockFileUrl } from './contracts/stock-files';
import { MAX_CSV_BYTES } from './intake/stock-csv';
import type { Metrics } from './observability/metrics';
import { createDispatch } from './starter/dispatch';
import { storeSubmissions } from './store/intake';
import { deleteExpired } from './store/retention';
import type { Stores } from './store/stores';
import { countRows } from './store/submission-rows';
import { withdrawSubmission } from './store/withdrawal';
import { workflowCode } from './workflow-code';

const MS_PER_DAY = 86_400_000;

/** Long enough for a call on the wire to end, short of what process managers wait before they kill. */
const SHUTDOWN_GRACE = '20s';
/** What has not ended this long after SIGTERM hangs, beyond the grace. */
export const END_WITHIN_MS = 25_000;
/** A killed worker's runs go to another one after this, instead of after the default of 10 s. */
const STICKY_TIMEOUT = '2s';
/**
 * Runs that a process keeps in memory between two steps; others are replayed when they go on. By default it is a share of the
 * machine's memory, some thousand on a large one, most of which wait for days for a person.
 */
const CACHED_WORKFLOWS = 500;
/** Calls of one channel on the wire per process; each connection has its own, lower limit. */
const CHANNEL_CONCURRENCY = 100;
/** Files that a process fetches at once: each is some MB of rows for a moment, and others' servers may take their time. */
const IMPORT_CONCURRENCY = 4;

export interface WorkersDeps {
  connection: NativeConnection;
  namespace: string;
  client: Client;
  stores: Stores;
  context: ConnectorContext;
  metrics: Pick<Metrics, 'onLogin' | 'onSweep' | 'onVerdicts'>;
  onFailure: FailureObserver;
  onReceipt?: OpenerDeps['onReceipt'];
  retentionDays: number;
  /** Where the files come from that callers name. */
  imports: Omit<FileDownloadOptions, 'maxBytes'>;
  /** Where channels reach the gateway, for the files that they fetch. */
  publicUrl: string;
}

/** One worker for the workflows and the home activities, one for files to be fetched, and one for each channel, over one connection. */
export async function createWorkers(deps: WorkersDeps): Promise<Worker[]> {
  const { stores, context } = deps;
  const open = createOpener({
    connections: stores.cache,
    gates: stores.gates,
    credits: stores.credits,
    workingTokens: stores.workingTokens,
    connectorFor,
    context,
    ...(deps.onReceipt ? { onReceipt: deps.onReceipt } : {}),
  });
  const fileUrl = (fileKey: string) => stockFileUrl(deps.publicUrl, fileKey);
  const shared = {
    ...stores,
    connectorFor,
    context,
    open,
    fileUrl,
    now: context.now,
    ...deps.metrics,
    countRows: (id: string) => countRows(stores.db, id),
  };
  const dispatch = createDispatch({
    client: deps.client,
    connections: stores.cache,
    orders: stores.orders,
    inventorySyncs: stores.inventorySyncs,
    connectorFor,
  });
  const channelActivities = createChannelActivities(shared);
  const homeActivities = createHomeActivities({
    ...shared,
    dispatch,
    deleteExpired: (limit) =>
      deleteExpired(stores.db, new Date(context.now() - deps.retentionDays * MS_PER_DAY), limit),
  });
  const importActivities = createImportActivities({
    ...shared,
    download: createFileDownload({ ...deps.imports, maxBytes: MAX_CSV_BYTES }),
    async store(draft) {
      const [result] = await storeSubmissions(stores.db, [draft]);
      if (!result) throw new Error('the submission was not stored');
      return result;
    },
    withdraw: (submissionId) => withdrawSubmission(stores.db, submissionId),
  });
  const common = {
    connection: deps.connection,
    namespace: deps.namespace,
    shutdownGraceTime: SHUTDOWN_GRACE,
    activityTaskPollerBehavior: { type: 'autoscaling' },
    interceptors: {
      activity: [
        (activity: Context) => ({ inbound: new HeartbeatInterceptor(activity) }),
        (activity: Context) => ({ inbound: new FailureInterceptor(activity, deps.onFailure) }),
      ],
    },
  } as const satisfies Partial<WorkerOptions>;
  return Promise.all([
    Worker.create({
      ...common,
      ...workflowCode(),
      taskQueue: WORKFLOW_TASK_QUEUE,
      activities: homeActivities,
      workflowTaskPollerBehavior: { type: 'autoscaling' },
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
      maxCachedWorkflows: CACHED_WORKFLOWS,
    }),
    Worker.create({
      ...common,
      taskQueue: CSV_IMPORT_TASK_QUEUE,
      activities: importActivities,
      maxConcurrentActivityTaskExecutions: IMPORT_CONCURRENCY,
    }),
    ...allConnectors().map(({ channel }) =>
      Worker.create({
        ...common,
        taskQueue: channelTaskQueue(channel),
        activities: channelActivities,
        maxConcurrentActivityTaskExecutions: CHANNEL_CONCURRENCY,
      }),
    ),
  ]);
}
