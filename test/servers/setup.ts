import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import { startMysql } from '../../src/local/mysql-server';
import { ownerOf, sweep } from '../../src/local/run-folder';
import { type Guardian, startGuardian } from '../../src/local/supervisor';
import { findTemporal, findTestServer } from '../../src/local/temporal-binary';
import { startPrivateTemporal } from '../../src/local/temporal-server';
import { NAMESPACE_POOL } from './servers';
import { WORKFLOW_BUNDLE_VARIABLE } from './workflow-code';

declare global {
  var stockbridgeTestServers: { guardian: Guardian; folder: string } | undefined;
}

const PRIVATE_FOLDER = join(__dirname, '../../.stockbridge');
const TEST_FOLDER = join(PRIVATE_FOLDER, 'test');

/** Test runs that were killed leave a folder behind, and at worst a server. */
async function clearDeadRuns(): Promise<void> {
  for (const name of readdirSync(TEST_FOLDER).filter((entry) => entry.startsWith('run-'))) {
    const folder = join(TEST_FOLDER, name);
    if (ownerOf(join(folder, 'run')) !== undefined) continue;
    await sweep(join(folder, 'run'));
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The SDK starts the test server as a child of the test's process and kills it in the end; when that process is killed first,
 * the watcher beside it does. The watcher holds none of its outputs open, or whoever reads them would wait for it.
 */
function writeTestServerWrapper(file: string, binary: string): void {
  writeFileSync(
    file,
    `#!/bin/sh
parent=$PPID
server=$$
(while kill -0 $parent && kill -0 $server; do sleep 1; done; kill -9 $server) </dev/null >/dev/null 2>&1 &
exec '${binary}' "$@"
`,
  );
  chmodSync(file, 0o700);
}

/** Starts what the tests with servers need, once for all of them; it ends with jest, however jest ends. */
async function setUp(): Promise<void> {
  mkdirSync(TEST_FOLDER, { recursive: true, mode: 0o700 });
  await clearDeadRuns();
  const folder = join(TEST_FOLDER, `run-${process.pid}-${randomBytes(4).toString('hex')}`);
  const guardian = await startGuardian({ runFolder: join(folder, 'run'), logFolder: join(folder, 'logs') });
  globalThis.stockbridgeTestServers = { guardian, folder };
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const binaries = { cacheFolder: join(PRIVATE_FOLDER, 'cache'), log };
  try {
    // Before the servers start: it keeps this process too busy to notice that they answer.
    const bundle = await bundleWorkflowCode({
      workflowsPath: require.resolve('../../src/workflows'),
      workflowInterceptorModules: [require.resolve('../stand/patient-heartbeats')],
      logger: new DefaultLogger('ERROR'),
    });
    const [mysql, temporal, testServer] = await Promise.all([
      startMysql({ folder: join(folder, 'mysql'), guardian, log }),
      startPrivateTemporal({
        guardian,
        findBinary: () => findTemporal(binaries),
        namespaces: NAMESPACE_POOL,
        searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
        withUi: false,
      }),
      findTestServer(binaries),
    ]);
    const bundleFile = join(folder, 'workflow-bundle.js');
    writeFileSync(bundleFile, bundle.code);
    process.env[WORKFLOW_BUNDLE_VARIABLE] = bundleFile;
    const wrapper = join(folder, 'test-server');
    writeTestServerWrapper(wrapper, testServer);
    process.env.STOCKBRIDGE_TEST_FOLDER = folder;
    process.env.STOCKBRIDGE_TEST_MYSQL_URL = mysql.url;
    process.env.STOCKBRIDGE_TEST_TEMPORAL = temporal.address;
    process.env.STOCKBRIDGE_TEST_TIME_SKIPPING = wrapper;
  } catch (error) {
    await guardian.end();
    throw error;
  }
}

export default setUp;
