import type { WorkflowHandle } from '@temporalio/client';
import { csvImportWorkflowId, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { fileServers } from '../connectors/file-servers';
import { ajioItem } from '../stand/events';
import type { Scene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

const STOCK = { V1: 0, V2: 2, V3: 3 };

/** Waits for the end of the run; one that ends in another way than expected is not recorded. */
export async function end(
  scene: Scene,
  workflowId: string,
  expected: 'completes' | 'fails' = 'completes',
): Promise<string> {
  const ending = await scene.see.result(workflowId).then(
    () => 'completes',
    () => 'fails',
  );
  if (ending !== expected) throw new Error(`${workflowId} ${ending}`);
  return workflowId;
}

export const stock = async (scene: Scene, tenant: Tenant): Promise<string> => {
  await scene.send.stock(tenant, { messageId: 'm1', stock: STOCK });
  return scene.see.syncId(tenant);
};
export const order = async (
  scene: Scene,
  tenant: Tenant,
  options: { lines?: string[]; pieces?: number } = {},
): Promise<string> => (await scene.send.order(tenant, { orderNumber: `O-${tenant.slug}`, ...options })).workflowId;

/** Starts the import of a file and answers the id of its run. */
export async function startImport(scene: Scene, { connectionId, slug }: Tenant, url: string): Promise<string> {
  const { stores, dispatch } = scene.stand;
  const wish = { connectionId, accountSlug: slug, keyId: 'key', url, customerAccountId: null };
  const { id } = await stores.inventorySyncs.create(wish);
  await dispatch.startImport(id);
  return csvImportWorkflowId(id);
}

/** Has a file imported from a server that gives this answer and is gone afterwards. */
export async function importFile(scene: Scene, tenant: Tenant, status: number): Promise<string> {
  const servers = fileServers();
  const { url } = await servers.serve((_request, response) => {
    response.writeHead(status).end(`sku,quantity\n${tenant.productId}/V1,3\n${tenant.productId}/V2,many\n`);
  });
  return end(scene, await startImport(scene, tenant, url)).finally(servers.close);
}

/** What a schedule starts now and then. */
export async function upkeep(scene: Scene, workflowType: string, ...args: object[]): Promise<string> {
  const workflowId = `upkeep/${workflowType}`;
  await scene.stand.client.workflow.start(workflowType, { workflowId, taskQueue: WORKFLOW_TASK_QUEUE, args });
  return end(scene, workflowId);
}

/** The run that goes on, ended by a person after its second sweep. */
export async function sweepTwice(scene: Scene): Promise<string> {
  const workflowId = 'upkeep/goes-on';
  const run = await scene.stand.client.workflow.start('SweepWorkflow', { workflowId, taskQueue: WORKFLOW_TASK_QUEUE });
  await eventually('the second sweep', async () => {
    const { events } = await run.fetchHistory();
    const sweeps = events?.filter((event) => event.activityTaskCompletedEventAttributes) ?? [];
    return sweeps.length === 2 || undefined;
  });
  await run.cancel();
  return end(scene, workflowId, 'fails');
}

export async function retryAfter(scene: Scene, workflowId: string, attention: string): Promise<void> {
  await scene.see.untilAttention(workflowId, attention);
  await scene.see.retry(workflowId);
}

/** An order of one piece that Ajio knows, where its line is open and has so many; a person who is asked with this word sends `retry`. */
export async function knownOrder(scene: Scene, tenant: Tenant, quantity = 1, attention?: string): Promise<string> {
  const number = `O-${tenant.slug}`;
  scene.stand.ajio.setState({ orders: { [number]: { lines: { [ajioItem(number, '1')]: { quantity } } } } });
  const workflowId = await order(scene, tenant);
  if (attention) await retryAfter(scene, workflowId, attention);
  return end(scene, workflowId);
}

/** An order whose run asks with this word and is then ended by a person. */
export async function endedOrder(
  scene: Scene,
  tenant: Tenant,
  attention: string,
  act: (run: WorkflowHandle) => Promise<unknown>,
  ending: 'completes' | 'fails' = 'fails',
): Promise<string> {
  const workflowId = await order(scene, tenant);
  await scene.see.untilAttention(workflowId, attention);
  await act(scene.stand.client.workflow.getHandle(workflowId));
  return end(scene, workflowId, ending);
}

/** Stock whose connection is gone for a while, as when a dump is played into MySQL. */
export async function stockWithoutConnection(scene: Scene, tenant: Tenant): Promise<string> {
  const { see, stand } = scene;
  const { db, cache } = stand.stores;
  const { connectionId } = tenant;
  const elsewhere = connectionId + 90_000;
  const move = async (from: number, to: number): Promise<void> => {
    await db.change('UPDATE connections SET id = ? WHERE id = ?', [to, from]);
    cache.forget(connectionId);
  };
  const workflowId = await stock(scene, tenant);
  await see.untilAttention(workflowId, 'ajio_rejected');
  await move(connectionId, elsewhere);
  await retryAfter(scene, workflowId, 'ajio_rejected');
  await see.untilAttention(workflowId, 'ajio_misconfigured');
  await move(elsewhere, connectionId);
  await retryAfter(scene, workflowId, 'ajio_misconfigured');
  return end(scene, workflowId);
}
