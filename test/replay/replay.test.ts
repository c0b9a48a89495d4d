import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  type ReplayHistoriesIterable,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { z } from 'zod';
import { REPLAY_PATIENCE } from '../../src/workflow-code';
import * as workflows from '../../src/workflows';
import { HISTORIES } from './folder';

// A replay that fails on purpose would fill the output.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});

const FILES = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    logger: new DefaultLogger('ERROR'),
  });
});

const read = (file: string): string => readFileSync(join(HISTORIES, file), 'utf8');

const historyEvent = z.looseObject({ eventId: z.string(), eventTime: z.string() });
const historyDocument = z.object({ events: z.array(historyEvent) });
const historyAttributes = z.looseObject({});
type HistoryEvent = z.output<typeof historyEvent>;
const MARKER = {
  eventType: 'EVENT_TYPE_MARKER_RECORDED',
  markerRecordedEventAttributes: { markerName: 'core_patch', workflowTaskCompletedEventId: '4' },
};
const COMPLETED = {
  eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED',
  workflowExecutionCompletedEventAttributes: { workflowTaskCompletedEventId: '4' },
};

const BROKEN = {
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from('{lines').toString('base64'),
};

/** The event as something else when it is of the kind; itself otherwise. */
const turned = (event: HistoryEvent, kind: string, into: object): HistoryEvent =>
  `${kind}EventAttributes` in event ? { eventId: event.eventId, eventTime: event.eventTime, ...into } : event;

/** Replays histories with today's workflow code; returns what went wrong, by name. */
async function replay(texts: Record<string, string>): Promise<Record<string, Error | undefined>> {
  const histories: ReplayHistoriesIterable = (async function* () {
    for (const [workflowId, text] of Object.entries(texts)) {
      yield { workflowId, history: historyFromJSON(JSON.parse(text)) };
    }
  })();
  const results: Record<string, Error | undefined> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle, ...REPLAY_PATIENCE },
    histories,
  )) {
    results[workflowId] = error;
  }
  return results;
}

test('there are recorded histories of every workflow', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(12);
  const recorded = new Set(FILES.map((file) => /"workflowType": \{\s*"name": "(\w+)"/.exec(read(file))?.[1]));
  expect([...recorded].sort()).toEqual(Object.keys(workflows).sort());
});

test("every recorded history replays with today's code", async () => {
  const results = await replay(Object.fromEntries(FILES.map((file) => [file, read(file)])));
  expect(results).toEqual(Object.fromEntries(FILES.map((file) => [file, undefined])));
});

test.each([
  ['stock-delivered.json', '"pushChunk"', '"pushPiece"'],
  ['import-stored.json', '"importCsv"', '"pokeConnection"'],
  ['import-refused.json', '"refuseImport"', '"pokeConnection"'],
  ['order-cancelled.json', '"cancelInWms"', '"cancelOnMarketplace"'],
  ['order-read-back.json', '"readMarketplaceOrder"', '"cancelOnMarketplace"'],
  ['stock-job-delivered.json', '"collectPushJob"', '"readPushJob"'],
  ['stock-worker-killed.json', '"pushChunk"', '"releasePush"'],
  ['planned-stock-worker-killed.json', '"pushChunk"', '"releasePush"'],
  ['planned-stock-continued-from-totals.json', '"finishSubmissions"', '"planPushes"'],
  ['sweep-done.json', '"pokeStaleWork"', '"deleteExpired"'],
  ['sweep-goes-on.json', '"pokeStaleWork"', '"deleteExpired"'],
  ['retention-done.json', '"deleteExpired"', '"pokeStaleWork"'],
])('%s with %s turned into %s does not replay', async (file, from, to) => {
  const text = read(file);
  expect(text).toContain(from);
  const results = await replay({ tampered: text.replaceAll(from, to) });
  expect(results.tampered).toBeInstanceOf(DeterminismViolationError);
});

/** Events of a history; each change makes one of its kind into something else. */
const changed = (file: string, change: (event: HistoryEvent) => HistoryEvent): string => {
  const { events } = historyDocument.parse(JSON.parse(read(file)));
  return JSON.stringify({ events: events.map(change) });
};

test.each<[string, string, (event: HistoryEvent) => HistoryEvent]>([
  ['stock-unavailable-then-delivered.json', 'a timer made a marker', (event) => turned(event, 'timerStarted', MARKER)],
  [
    'stock-attention-then-retry.json',
    'a search attribute made a marker',
    (event) => turned(event, 'upsertWorkflowSearchAttributes', MARKER),
  ],
  [
    'stock-continued-as-new.json',
    'another end',
    (event) => turned(event, 'workflowExecutionContinuedAsNew', COMPLETED),
  ],
  ['order-given-up.json', 'another end', (event) => turned(event, 'workflowExecutionFailed', COMPLETED)],
])('%s with %s does not replay', async (file, _how, change) => {
  const tampered = changed(file, change);
  expect(tampered).not.toBe(changed(file, (event) => event));
  expect((await replay({ tampered })).tampered).toBeInstanceOf(DeterminismViolationError);
});

test.each([
  ['how long a timer is', 'timerStarted', { startToFireTimeout: '77s' }],
  ['what an activity is given', 'activityTaskScheduled', { input: { payloads: [] } }],
  ['which search attribute is written', 'upsertWorkflowSearchAttributes', { searchAttributes: {} }],
  ['what nobody can read in a signal', 'workflowExecutionSignaled', { input: { payloads: [BROKEN] } }],
])('a replay does not see %s', async (what, kind, attributes) => {
  const key = `${kind}EventAttributes`;
  const file = 'stock-attention-then-retry.json';
  const tampered = changed(file, (event) =>
    key in event ? { ...event, [key]: { ...historyAttributes.parse(event[key]), ...attributes } } : event,
  );
  expect(tampered).not.toBe(changed(file, (event) => event));
  expect(await replay({ [what]: tampered })).toEqual({ [what]: undefined });
});

test('no recorded history tells of a machine, a token or a person', () => {
  for (const file of FILES) {
    const payloads = [...read(file).matchAll(/"data": "([^"]*)"/g)].map(([, data]) =>
      Buffer.from(data ?? '', 'base64'),
    );
    const text = [read(file), ...payloads].join('\n');
    expect(/canary|\/node_modules\/|\.ts:\d+|\d+@/i.exec(text)?.[0]).toBeUndefined();
  }
});
