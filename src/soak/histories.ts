import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';

/** Histories that are read for secrets, and of those the ones that are replayed. */
const MAX_READ = 2_000;
const MAX_REPLAYED = 60;
const PAYLOAD = /"data":\s*"([A-Za-z0-9+/=]+)"/g;

/** A history as text, its payloads decoded beside it. */
const textOf = (json: string): string =>
  [json, ...[...json.matchAll(PAYLOAD)].map(([, data]) => Buffer.from(data ?? '', 'base64').toString('utf8'))].join(
    '\n',
  );

export interface Replayed {
  replayed: number;
  histories: number;
  /** In words: which run, and why. */
  diverged: string[];
}

/** Downloads histories, hands them on as text, and replays a sample over all of them with the bundle of the build. */
export async function readHistories(
  client: Client,
  dist: string,
  look: (source: string, text: string) => void,
): Promise<Replayed> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
  const runs: { workflowId: string; runId: string }[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) runs.push({ workflowId, runId });
  const every = Math.max(1, Math.ceil(runs.length / MAX_READ));
  const read = runs.filter((_, index) => index % every === 0);
  const replayEvery = Math.max(1, Math.ceil(read.length / MAX_REPLAYED));

  const sample: { workflowId: string; json: string }[] = [];
  for (const [index, { workflowId, runId }] of read.entries()) {
    const json = historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory());
    look('histories', textOf(json));
    if (index % replayEvery === 0) sample.push({ workflowId, json });
  }
  const diverged: string[] = [];
  let replayed = 0;
  const histories = (async function* () {
    for (const { workflowId, json } of sample) yield { workflowId, history: historyFromJSON(JSON.parse(json)) };
  })();
  // As long as it takes: a machine that stalls says nothing of a history.
  const options = {
    workflowBundle: { codePath: join(dist, 'workflow-bundle.js') },
    isolateExecutionTimeout: '10 minutes',
  } as const;
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    replayed += 1;
    if (error) diverged.push(`${workflowId}: ${error.message}`);
  }
  return { replayed, histories: runs.length, diverged };
}
