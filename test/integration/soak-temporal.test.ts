import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { withSoakStand } from '../../src/soak/soak-stand';
import { freshNamespace } from '../servers/servers';
import { eventually } from '../stand/waiting';
import { buildPrograms } from './programs';

const ROOT = join(__dirname, '../..');
const DIST = join(ROOT, 'dist');
/** Inside of the project: the copy of the build looks for its packages above itself. */
const PRIVATE_FOLDER = join(ROOT, '.stockbridge');

it('runs a soak at a Temporal of somebody else in a namespace of its own, does not kill it, and takes the namespace back', async () => {
  await buildPrograms();
  const { address } = freshNamespace();
  const connection = await Connection.connect({ address });
  mkdirSync(PRIVATE_FOLDER, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(PRIVATE_FOLDER, 'soak-'));
  const said: string[] = [];
  const options = {
    ...{ seed: 1, edits: [], folder, cacheFolder: join(folder, 'cache'), temporalAddress: address },
    ...{ dist: DIST, keep: false, log: (line: string) => said.push(line) },
  };
  try {
    const { namespace, temporalKept, mysqlKept } = await withSoakStand(options, async ({ client, servers }) => {
      await eventually('the sweep runs there', async () => {
        const { count } = await client.workflow.count('WorkflowType = "SweepWorkflow" AND Attention IS NULL');
        return count > 0;
      });
      return { namespace: servers.namespace, temporalKept: servers.temporal.length, mysqlKept: servers.mysql.length };
    });
    expect([temporalKept, mysqlKept]).toEqual([0, 1]);
    await eventually('the namespace is gone', () =>
      connection.workflowService.describeNamespace({ namespace }).then(
        () => undefined,
        () => true,
      ),
    );
    expect(said.filter((line) => line.includes('stays'))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    await connection.close();
  }
});
