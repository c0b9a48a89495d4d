import { Client, Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { REPLAY_PATIENCE } from '../../src/workflow-code';
import { freshNamespace } from '../servers/servers';

// A replay that fails on purpose would fill the output.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});

type History = temporal.api.history.v1.IHistory;
type Bundle = Awaited<ReturnType<typeof bundleWorkflowCode>>;

const VERSIONS = ['before', 'patched', 'deprecated', 'after'] as const;
type Version = (typeof VERSIONS)[number];

const { address, namespace } = freshNamespace();
let connection: Connection;
let native: NativeConnection;
const bundles = new Map<Version, Bundle>();
const histories = new Map<Version, History>();

function of<T>(all: Map<Version, T>, version: Version): T {
  const found = all.get(version);
  if (found === undefined) throw new Error(`${version} is not there`);
  return found;
}

/** Runs a version on the real Temporal, as a worker that has nothing else would, and returns the history. */
async function record(version: Version): Promise<History> {
  const client = new Client({ connection, namespace });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: version,
    workflowBundle: of(bundles, version),
    ...REPLAY_PATIENCE,
    activities: { pokeStaleWork: async () => undefined, countParked: async () => undefined },
  });
  return worker.runUntil(async () => {
    const handle = await client.workflow.start('VersionedWorkflow', { workflowId: version, taskQueue: version });
    await handle.result();
    return handle.fetchHistory();
  });
}

beforeAll(async () => {
  [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  for (const version of VERSIONS) {
    const workflowsPath = require.resolve(`../replay/versions/${version}`);
    bundles.set(version, await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }));
    histories.set(version, await record(version));
  }
});
afterAll(async () => {
  await Promise.all([connection.close(), native.close()]);
});

const replays = async (history: Version, code: Version): Promise<boolean> => {
  const replayed = Worker.runReplayHistory(
    { workflowBundle: of(bundles, code), ...REPLAY_PATIENCE },
    of(histories, history),
  );
  return replayed.then(
    () => true,
    (error: Error) => {
      if (error.name === 'DeterminismViolationError') return false;
      throw error;
    },
  );
};

/** The table of docs/replay.md: for each history, the code that replays it. */
test.each<[Version, Version[]]>([
  ['before', ['before', 'patched']],
  ['patched', ['patched', 'deprecated']],
  ['deprecated', ['patched', 'deprecated', 'after']],
  ['after', ['deprecated', 'after']],
])('a history of `%s` replays with %j and with nothing else', async (history, expected) => {
  const found: Version[] = [];
  for (const code of VERSIONS) if (await replays(history, code)) found.push(code);
  expect(found).toEqual(expected);
});
