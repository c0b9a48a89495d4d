import { fileServers } from '../connectors/file-servers';
import { buildPrograms, startProgram } from '../integration/programs';
import { type Scene, startScene } from '../stand/scene';
import { startTalkativeTemporal } from '../stand/talkative-temporal';
import { eventually } from '../stand/waiting';
import { startImport } from './plays';

/** Writes the history of a run of the given stand down; the newest of its workflow id, or the given one. */
type Write = (scene: Scene, workflowId: string, runId?: string) => Promise<void>;

/** One line a call makes about nine events, so two calls in a row outgrow this. */
const SUGGESTED_EVENTS = 24;

async function onStand(
  options: Parameters<typeof startScene>[0],
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = await startScene(options);
  await play(scene).finally(scene.stop);
}

/** A worker is killed while Ajio does not answer: its call times out by heartbeat, another worker takes the run over and calls again. */
const workerKilled = (write: Write): Promise<void> =>
  onStand({ worker: false }, async (scene) => {
    await buildPrograms();
    const tenant = await scene.tenants.add('stock-worker-killed');
    scene.stand.ajio.setFaults([{ kind: 'hang', times: 1, on: { account: tenant.slug, method: 'POST' } }]);
    const first = startProgram('worker.js', scene.stand);
    await first.logged('worker runs');
    await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 0, V2: 2 } });
    await eventually('the call is on the wire', () => scene.see.stockCalls(tenant)[0]);
    first.child.kill('SIGKILL');
    const second = startProgram('worker.js', scene.stand);
    await scene.see.result(scene.see.syncId(tenant));
    await write(scene, scene.see.syncId(tenant));
    second.child.kill('SIGTERM');
    await second.ended;
  });

/** A worker is killed while it fetches a file: another one fetches it. */
const downloadLost = (write: Write): Promise<void> =>
  onStand({ worker: false }, async (scene) => {
    await buildPrograms();
    const tenant = await scene.tenants.add('import-worker-killed');
    const servers = fileServers();
    const { url, calls } = await servers.serve((_request, response) => {
      const rows = 'sku,quantity\n';
      if (calls.length === 1) response.write(rows);
      else response.end(`${rows}${tenant.productId}/V1,3\n`);
    });
    const importing = { IMPORT_ALLOWED_HOSTS: '127.0.0.1', IMPORT_ALLOW_HTTP: 'true' };
    const first = startProgram('worker.js', scene.stand, importing);
    await first.logged('worker runs');
    const workflowId = await startImport(scene, tenant, url);
    await eventually('the first download', () => calls[0]);
    first.child.kill('SIGKILL');
    const second = startProgram('worker.js', scene.stand, importing);
    await scene.see.result(workflowId);
    await write(scene, workflowId);
    second.child.kill('SIGTERM');
    await second.ended;
    await servers.close();
  });

/** A Temporal that asks runs to continue as new much sooner than after its 4,096 events. */
async function onTalkativeTemporal(play: (scene: Scene) => Promise<void>): Promise<void> {
  const { address, namespace, stop } = await startTalkativeTemporal(SUGGESTED_EVENTS);
  await onStand({ temporal: { address, namespace } }, play).finally(stop);
}

/** A sync outgrows its history and goes on in a new run; `which` of the two is written down. */
const continued =
  (which: 'first' | 'last') =>
  (write: Write): Promise<void> =>
    onTalkativeTemporal(async (scene) => {
      const tenant = await scene.tenants.add(`stock-continued-${which}`, { settings: { batchSize: 1 } });
      await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 0, V2: 2, V3: 3, V4: 4 } });
      const workflowId = scene.see.syncId(tenant);
      const { runId } = await scene.see.started(workflowId);
      await scene.see.result(workflowId);
      await write(scene, workflowId, which === 'first' ? runId : undefined);
    });

/** Kinds of runs that need a stand of their own, because something of it is broken or set differently. */
export const STAND_SCENARIOS: Record<string, (write: Write) => Promise<void>> = {
  'stock-worker-killed': workerKilled,
  'import-worker-killed': downloadLost,
  'stock-continued-as-new': continued('first'),
  'stock-continued-from-totals': continued('last'),
};
