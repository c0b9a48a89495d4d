import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { CHANNELS } from '../src/contracts/channels';
import {
  checkBundle,
  checkChannelNames,
  checkEnvironment,
  checkMergedOptions,
  checkRegistry,
  checkRings,
  checkSignals,
  checkSize,
  importsOf,
  type Source,
} from './architecture-rules';

const ROOT = join(__dirname, '..');

function sourcesBelow(folder: string, base: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({
      path: relative(join(ROOT, base), file).replaceAll('\\', '/'),
      text: readFileSync(file, 'utf8'),
    }));
}

const SOURCES = sourcesBelow('src', 'src');

describe('the code', () => {
  it('is seen by the rules', () => {
    expect(SOURCES.length).toBeGreaterThan(80);
    expect(
      importsOf(SOURCES.find((source) => source.path === 'worker.ts') ?? { path: '', text: '' }).length,
    ).toBeGreaterThan(5);
  });

  it('keeps its rings', () => {
    expect(SOURCES.flatMap(checkRings)).toEqual([]);
  });

  it('knows the registry of connectors only where programs are put together', () => {
    expect(SOURCES.flatMap(checkRegistry)).toEqual([]);
  });

  it('reads the environment in one place', () => {
    expect(SOURCES.flatMap(checkEnvironment)).toEqual([]);
  });

  it('listens for signals in one place', () => {
    expect(SOURCES.flatMap(checkSignals)).toEqual([]);
  });

  it('gives no activity options that are merged into those of its proxy', () => {
    expect(SOURCES.flatMap(checkMergedOptions)).toEqual([]);
  });

  it('names no channel outside its own folder, its twin and the list', () => {
    expect(SOURCES.flatMap((source) => checkChannelNames(source, CHANNELS))).toEqual([]);
  });

  it('keeps to the sizes', () => {
    expect([...sourcesBelow('src', '.'), ...sourcesBelow('test', '.')].flatMap(checkSize)).toEqual([]);
  });

  it('puts nothing into the workflow bundle that workflows cannot run', async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(ROOT, 'src/workflows/index.ts'),
      logger: new DefaultLogger('WARN'),
    });
    expect(code).toContain('InventorySyncWorkflow');
    expect(checkBundle(code)).toEqual([]);
  });
});

describe('the rules find', () => {
  const rings = (path: string, text: string) => checkRings({ path, text });

  it.each([
    ["import { z } from 'zod'", 'zod', false],
    ["import type { z } from 'zod'", 'zod', true],
    ["import { type A, type B } from './a'", 'workflows/a', true],
    ["import { type A, b } from '../store/a'", 'store/a', false],
    ["import {\n  a,\n  b,\n} from\n  '../store/a'", 'store/a', false],
    ["import * as all from 'node:fs'", 'node:fs', false],
    ["import 'side-effect'", 'side-effect', false],
    ["export { a } from './a'", 'workflows/a', false],
    ["export type { A } from '../cli/a'", 'cli/a', true],
    ["const a = await import('../store/a')", 'store/a', false],
    ['const a = require("undici")', 'undici', false],
    ["const a = require.resolve('./workflows')", 'workflows/workflows', false],
    ["// it's\nimport { a } from './a'", 'workflows/a', false],
  ])('the import in %j', (text, target, typeOnly) => {
    expect(importsOf({ path: 'workflows/x.ts', text })).toEqual([
      { target, isOwn: /^(workflows|store|cli)\//.test(target), typeOnly },
    ]);
  });

  it.each([
    "// import { a } from './a'",
    "/** `import './a'` */",
    "/*\nimport { a } from './a';\n*/",
    "const a = 'an-import';\nconst b = 'b';",
  ])('no import in %j', (text) => {
    expect(importsOf({ path: 'x.ts', text })).toEqual([]);
  });

  it.each([
    ['workflows/a.ts', "import { createStore } from '../store/a'"],
    ['workflows/a.ts', "import { pushChunk } from '../activities'"],
    ['workflows/a.ts', "import { z } from 'zod'"],
    ['workflows/a.ts', "import { Client } from '@temporalio/client'"],
    ['contracts/a.ts', "import type { Store } from '../store/a'"],
    ['contracts/ids.ts', "import { z } from 'zod'"],
    ['contracts/a.ts', "import { readFile } from 'node:fs/promises'"],
    ['connectors/a/index.ts', "import { ApplicationFailure } from '@temporalio/common'"],
    ['connectors/a/index.ts', "import type { Database } from '../../store/database'"],
    ['store/a.ts', "import { connectorFor } from '../connectors/registry'"],
    ['store/a.ts', "import { Context } from '@temporalio/activity'"],
    ['intake/a.ts', "import { takesStock } from '../connectors/capabilities'"],
    ['intake/a.ts', "import { Problem } from '../starter/problems'"],
    ['intake/a.ts', "import type { Database } from '../store/database'"],
    ['activities/a.ts', "import { createDispatch } from '../starter/dispatch'"],
    ['activities/a.ts', "import type { retry } from '../workflows/messages'"],
    ['activities/a.ts', "import { loadConfig } from '../config'"],
    ['twins/a.ts', "import { CHANNELS } from '../contracts/channels'"],
    ['starter/a.ts', "import { startAjioTwin } from '../twins/ajio-twin'"],
    ['starter/a.ts', "import { loadConfig } from '../config'"],
    ['observability/a.ts', "import { createStores } from '../store/stores'"],
    ['soak/a.ts', "import { createGateway } from '../starter/gateway'"],
    ['soak/check/a.ts', "import { pushChunk } from '../../activities'"],
    ['worker.ts', "import { runSoak } from './soak/run'"],
    ['cli/a.ts', "import { runSoak } from '../soak/run'"],
  ])('%s reaching out of its ring: %s', (path, text) => {
    expect(rings(path, text)).toHaveLength(1);
  });

  it.each([
    ['workflows/a.ts', "import type { Activities } from '../activities'"],
    ['workflows/a.ts', "import { sleep } from '@temporalio/workflow'"],
    ['contracts/events.ts', "import { z } from 'zod'"],
    ['connectors/a/index.ts', "import { request } from 'undici'"],
    ['activities/a.ts', "import { ConnectorError } from '../connectors/errors'"],
    ['worker.ts', "import { loadConfig } from './config'"],
    ['intake/a.ts', "import type { Connector } from '../connectors/ports'"],
    ['activities/a.ts', "import { readStockCsv } from '../intake/stock-csv'"],
  ])('nothing wrong with %s: %s', (path, text) => {
    expect(rings(path, text)).toEqual([]);
  });

  it('a file that helps itself to the registry', () => {
    const text = "import { connectorFor } from '../connectors/registry'";
    expect(checkRegistry({ path: 'starter/dispatch.ts', text })).toHaveLength(1);
    expect(checkRegistry({ path: 'starter/gateway.ts', text })).toEqual([]);
  });

  it.each(['const a = process.env.A', "const { A } = process['env']", 'start({ env: process . env })'])(
    'a glance at the environment: %s',
    (text) => {
      expect(checkEnvironment({ path: 'store/a.ts', text })).toHaveLength(1);
      expect(checkEnvironment({ path: 'config.ts', text })).toEqual([]);
      expect(checkEnvironment({ path: 'store/a.ts', text: `// ${text}` })).toEqual([]);
    },
  );

  it('options of a single call', () => {
    const text = 'await channel.readPushJob.executeWithOptions({ ...JOB_WATCH }, [input]);';
    expect(checkMergedOptions({ path: 'workflows/a.ts', text })).toHaveLength(1);
    expect(checkMergedOptions({ path: 'workflows/a.ts', text: `// ${text}` })).toEqual([]);
  });

  it('a signal that the SDK would read', () => {
    const text = 'setHandler(retry, () => undefined)';
    expect(checkSignals({ path: 'workflows/a.ts', text })).toHaveLength(1);
    expect(checkSignals({ path: 'workflows/a.ts', text: `// ${text}` })).toEqual([]);
    expect(checkSignals({ path: 'workflows/signals.ts', text })).toEqual([]);
  });

  it.each([
    "if (channel === 'ajio')",
    'const ajioToken = 1',
    '/** Ajio takes 50 lines. */',
    'const AJIO_LIMIT = 50',
    'const toEshopbox = 1',
    'const CHANNEL_AJIO = 1',
  ])('the name of a channel in %s', (text) => {
    expect(checkChannelNames({ path: 'workflows/a.ts', text: `\n${text}` }, CHANNELS)).toEqual([
      expect.stringContaining('workflows/a.ts:2 names'),
    ]);
    expect(checkChannelNames({ path: 'connectors/ajio/index.ts', text }, CHANNELS)).toEqual([]);
  });

  it('the name of a channel of several words, however it is spelled', () => {
    for (const text of ['some-channel', 'someChannel', 'SOME_CHANNEL', 'SomeChannelToken'])
      expect(checkChannelNames({ path: 'store/a.ts', text }, ['some-channel'])).toHaveLength(1);
    expect(checkChannelNames({ path: 'store/a.ts', text: 'some other channel' }, ['some-channel'])).toEqual([]);
  });

  it('files that are too long', () => {
    const long = (count: number) => 'x\n'.repeat(count);
    for (const [path, limit] of [
      ['src/workflows/a.ts', 200],
      ['src/activities/a.ts', 150],
      ['src/connectors/a/b.ts', 200],
      ['src/starter/routes/a.ts', 80],
      ['src/worker.ts', 80],
      ['test/store/a.test.ts', 300],
    ] as const) {
      expect(checkSize({ path, text: long(limit) })).toEqual([]);
      expect(checkSize({ path, text: long(limit + 1) })).toHaveLength(1);
    }
  });

  it('a library in the bundle', async () => {
    // Below the project, so that the bundler finds the SDK.
    mkdirSync(join(ROOT, '.stockbridge'), { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(ROOT, '.stockbridge', 'bundle-'));
    try {
      const workflowsPath = join(folder, 'workflows.js');
      writeFileSync(workflowsPath, `exports.wrong = require(${JSON.stringify(require.resolve('zod'))});`);
      const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
      expect(checkBundle(code)).toEqual(['the workflow bundle contains zod']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
