import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { createConnection } from 'mysql2/promise';

/** As many test files with a namespace may run in one go; the server starts as fast with them as with one. */
const POOL_SIZE = 110;

/** Namespaces that exist, with every search attribute, when the tests begin. */
export const NAMESPACE_POOL: readonly string[] = Array.from({ length: POOL_SIZE }, (_, index) => `test-${index + 1}`);

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this test with --selectProjects servers`);
  return value;
}

async function execute(url: string, statement: string): Promise<void> {
  const connection = await createConnection({ uri: url });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

/** An empty database of its own, for one test file; `url` is a `MYSQL_URL`. Drop it in `afterAll`. */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = given('STOCKBRIDGE_TEST_MYSQL_URL');
  const name = `stockbridge_test_${randomBytes(6).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, `DROP DATABASE IF EXISTS ${name}`) };
}

/** Address and name of a namespace that no other test file of this run gets. */
export function freshNamespace(): { address: string; namespace: string } {
  const address = given('STOCKBRIDGE_TEST_TEMPORAL');
  const folder = given('STOCKBRIDGE_TEST_FOLDER');
  for (const namespace of NAMESPACE_POOL) {
    try {
      // Whoever makes the file has the namespace: files are made once, in whichever of jest's workers.
      closeSync(openSync(join(folder, `taken-${namespace}`), 'wx'));
      return { address, namespace };
    } catch {
      // Taken.
    }
  }
  throw new Error(`All ${POOL_SIZE} namespaces of this test run are taken: raise POOL_SIZE in test/servers/servers.ts`);
}

const LEAVE_MS = 10_000;

/**
 * Ends every run and schedule of the namespace, for `afterAll`: the server offers what is left open thousands of times over to
 * workers that are gone, and other tests wait for it.
 */
export async function leaveNamespace({ address, namespace }: { address: string; namespace: string }): Promise<void> {
  const connection = Connection.lazy({ address });
  const { schedule, workflow } = new Client({ connection, namespace });
  const leave = async (): Promise<void> => {
    for await (const { scheduleId } of schedule.list()) await schedule.getHandle(scheduleId).delete();
    // It may have ended meanwhile.
    for await (const { workflowId, runId } of workflow.list({ query: 'ExecutionStatus = "Running"' }))
      await workflow
        .getHandle(workflowId, runId)
        .terminate('the test is over')
        .catch(() => undefined);
  };
  // A test may have taken its Temporal away.
  await connection.withDeadline(Date.now() + LEAVE_MS, leave).catch(() => undefined);
  await connection.close();
}

const STARTS_TRIED = 5;

/** A Temporal whose clock skips, for one test file: a server of its own, because its clock is one for all who use it. */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const executable = { type: 'existing-path', path: given('STOCKBRIDGE_TEST_TIME_SKIPPING') } as const;
  for (let tried = 1; ; tried++) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    } catch (error) {
      // The SDK waits 5 s for it, which may be too short for a busy machine, and ends it then.
      if (tried === STARTS_TRIED) throw error;
    }
  }
}
