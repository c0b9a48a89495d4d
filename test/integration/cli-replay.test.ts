import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTemporal } from '../../src/local/temporal-binary';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';
import { cliOn, jsonOf } from './cli-runner';

const CACHE = join(__dirname, '../../.stockbridge/cache');

let scene: Scene;
let tenant: Tenant;
let cli: ReturnType<typeof cliOn>;
beforeAll(async () => {
  scene = await startScene();
  tenant = await scene.tenants.add('replayed');
  const { mysqlUrl, temporalAddress, namespace } = scene.stand;
  cli = cliOn({ MYSQL_URL: mysqlUrl, TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: namespace });
  await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 0, V2: 2 } });
  await scene.see.result(scene.see.syncId(tenant));
});
afterAll(() => scene.stop());

test('a run is fetched by its workflow id and replays', async () => {
  const workflowId = scene.see.syncId(tenant);
  const { code, out, err } = await cli(['replay', workflowId]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^✓ inventory-sync\/\d+ \(InventorySyncWorkflow\) replays with this code: \d+ events\.\n$/);
});

test('of several runs of a workflow id, the one that is named is fetched, else the newest', async () => {
  const workflowId = scene.see.syncId(tenant);
  const { runId: first } = await scene.stand.client.workflow.getHandle(workflowId).describe();
  await scene.send.stock(tenant, { messageId: 'm2', publishedAt: '2025-01-10 10:02:00', stock: { V1: 7 } });
  // The gateway wakes the sync after its answer: until then the newest run is the first one.
  const second = await eventually('another run', async () => {
    const { runId, status } = await scene.see.started(workflowId);
    return runId !== first && status.name === 'COMPLETED' ? runId : undefined;
  });
  expect(jsonOf(await cli(['replay', workflowId, '--json']))).toMatchObject({ runId: second, replays: true });
  expect(jsonOf(await cli(['replay', workflowId, '--run-id', first, '--json']))).toMatchObject({ runId: first });
});

test('a run that waits for a person replays as far as it has come', async () => {
  scene.stand.ajio.setFaults([{ kind: 'status', status: 400, on: { account: tenant.slug } }]);
  await scene.send.stock(tenant, { messageId: 'm3', publishedAt: '2025-01-10 10:03:00', stock: { V1: 8 } });
  const workflowId = scene.see.syncId(tenant);
  await scene.see.untilAttention(workflowId, 'ajio_rejected');
  const { code, out } = await cli(['replay', workflowId]);
  expect(code).toBe(0);
  expect(out).toMatch(/events so far, the run has not ended\.\n$/);
});

test('what the tool of Temporal prints as JSON is a history', async () => {
  const { temporalAddress, namespace } = scene.stand;
  const temporal = await findTemporal({ cacheFolder: CACHE, log: () => undefined });
  const args = ['workflow', 'show', '--workflow-id', scene.see.syncId(tenant), '--output', 'json'];
  const server = ['--address', temporalAddress, '--namespace', namespace];
  const { stdout } = await promisify(execFile)(temporal, [...args, ...server], { maxBuffer: 10_000_000 });
  const path = join(tmpdir(), `stockbridge-shown-${process.pid}.json`);
  writeFileSync(path, stdout);
  const { code, out } = await cli(['replay', path]).finally(() => rmSync(path));
  expect(code).toBe(0);
  expect(out).toMatch(/^✓ inventory-sync/);
});

test('a workflow id that Temporal does not know is told in one line', async () => {
  const { code, out, err } = await cli(['replay', 'inventory-sync/999999']);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^✗ Temporal at 127\.0\.0\.1:\d+: workflow not found for ID: inventory-sync\/999999\n$/);
});
