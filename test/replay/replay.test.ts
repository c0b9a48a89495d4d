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

/** Replays histories with today's workflow code; returns what went wrong, by name. */
async function replay(texts: Record<string, string>): Promise<Record<string, Error | undefined>> {
  const histories: ReplayHistoriesIterable = (async function* () {
    for (const [workflowId, text] of Object.entries(texts)) {
      yield { workflowId, history: historyFromJSON(JSON.parse(text)) };
    }
  })();
  const results: Record<string, Error | undefined> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    results[workflowId] = error;
  }
  return results;
}

test('there are recorded histories', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(10);
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
])('%s with %s turned into %s does not replay', async (file, from, to) => {
  const text = read(file);
  expect(text).toContain(from);
  const results = await replay({ tampered: text.replaceAll(from, to) });
  expect(results.tampered).toBeInstanceOf(DeterminismViolationError);
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
