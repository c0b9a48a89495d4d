import { csvImportWorkflowId } from '../../src/contracts/ids';
import { ACCOUNT_SLUG, CHANNEL, CONNECTION_ID } from '../../src/contracts/search-attributes';
import type { SweepWorkflow } from '../../src/workflows';
import { fileServers } from '../connectors/file-servers';
import { fetchHistory, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

const { serve, close } = fileServers();
let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(async () => {
  close();
  await scene.stop();
});

const fileOf = (tenant: Tenant, rows: number, badRows: number): string =>
  [
    'sku,quantity,reason',
    ...Array.from(
      { length: rows },
      (_, index) => `${tenant.productId}/V${index},${index < badRows ? 'many' : index % 9},counted`,
    ),
  ].join('\n');

const askFor = (tenant: Tenant, url: string, connectionId = tenant.connectionId) =>
  scene.stand.stores.inventorySyncs.create({
    connectionId,
    accountSlug: tenant.slug,
    keyId: 'key',
    url,
    customerAccountId: null,
  });

async function importFrom(tenant: Tenant, url: string) {
  const { id } = await askFor(tenant, url);
  await scene.stand.dispatch.startImport(id);
  return { id, result: await resultOf(id) };
}

const resultOf = (syncId: string): Promise<unknown> => scene.see.result(csvImportWorkflowId(syncId));
const syncOf = (syncId: string) => scene.stand.stores.inventorySyncs.find(syncId);
const submissionsOf = (tenant: Tenant) =>
  scene.stand.stores.db.select<{ id: string }>('SELECT id FROM submissions WHERE connectionId = ?', [
    tenant.connectionId,
  ]);

describe('a file that can be had', () => {
  test('is stored row by row, delivered, and told by its run', async () => {
    const { see, stand } = scene;
    const tenant = await scene.tenants.add('import-stored');
    const { url } = await serve((_request, response) =>
      response.end(
        `#sku,quantity,action,reason\n=cmd|' /C calc'!A0/V1,3,replace,stock take\n${tenant.productId}/V2,4,,\n,5,,\n`,
      ),
    );
    const { id, result } = await importFrom(tenant, `${url}/path-geheim?token=geheim`);
    const sync = await syncOf(id);
    const submissionId = sync?.submissionId ?? '';
    expect(result).toEqual({ status: 'stored', submissionId, rows: 3, badRows: 1 });
    expect(sync).toMatchObject({ state: 'stored', error: null });
    expect(
      await stand.stores.db.select('SELECT rowNumber, code, reason FROM submission_rows ORDER BY rowNumber'),
    ).toEqual([
      { rowNumber: 1, code: "=cmd|' /C calc'!A0/V1", reason: 'stock take' },
      { rowNumber: 2, code: `${tenant.productId}/V2`, reason: '' },
      { rowNumber: 3, code: '', reason: '' },
    ]);
    const [submission] = await stand.stores.db.select('SELECT source, messageId FROM submissions WHERE id = ?', [
      submissionId,
    ]);
    expect(submission).toEqual({ source: 'csv', messageId: id });
    await eventually('delivered', () => (see.shownStock(tenant).V2 === 4 ? true : undefined));

    const workflowId = csvImportWorkflowId(id);
    const { typedSearchAttributes, status } = await see.started(workflowId);
    expect(status.name).toBe('COMPLETED');
    expect([CONNECTION_ID, CHANNEL, ACCOUNT_SLUG].map((key) => typedSearchAttributes.get(key))).toEqual([
      String(tenant.connectionId),
      'ajio',
      tenant.slug,
    ]);
    expect(await see.outcome(workflowId)).toBe('stored');
    expect(await see.details(workflowId)).toContain(`Submission ${submissionId}: 3 rows, 1 of them at fault.`);
    expect(textOf(await fetchHistory(stand.client, workflowId))).not.toContain('geheim');
  });

  test('is stored for a paused connection, and so is one of which every row is at fault', async () => {
    const tenant = await scene.tenants.add('import-paused');
    await scene.tenants.setStatus(tenant, 'paused');
    const { url } = await serve((_request, response) => response.end(fileOf(tenant, 2, 2)));
    const { id, result } = await importFrom(tenant, url);
    expect(result).toMatchObject({ status: 'stored', rows: 2, badRows: 2 });
    const sync = await syncOf(id);
    expect(await scene.stand.stores.submissions.find(sync?.submissionId ?? '', tenant.slug)).toMatchObject({
      status: 'error',
      error: 'error in 2 out of 2 rows',
    });
  });

  test('is asked for again while its server fails', async () => {
    const tenant = await scene.tenants.add('import-again');
    const { url, calls } = await serve((_request, response) => {
      if (calls.length < 3) response.writeHead(503).end('busy');
      else response.end(fileOf(tenant, 1, 0));
    });
    expect((await importFrom(tenant, url)).result).toMatchObject({ status: 'stored', rows: 1 });
    expect(calls).toHaveLength(3);
  });

  test('costs no more history with 3,000 rows than with 30', async () => {
    const tenant = await scene.tenants.add('import-large');
    const { url } = await serve((request, response) => response.end(fileOf(tenant, Number(request.url?.slice(1)), 30)));
    const lengths: number[] = [];
    for (const rows of [3_000, 60]) {
      const { id, result } = await importFrom(tenant, `${url}/${rows}`);
      expect(result).toMatchObject({ status: 'stored', rows, badRows: 30 });
      const history = await fetchHistory(scene.stand.client, csvImportWorkflowId(id));
      // A task of the workflow that a slow machine has to repeat says nothing of the file.
      lengths.push(history.events.filter(({ eventType }) => !/WORKFLOW_TASK/.test(String(eventType))).length);
      expect(textOf(history).length).toBeLessThan(30_000);
    }
    expect(lengths[0]).toBe(lengths[1]);
  });

  test('is fetched once however often it is asked to be started', async () => {
    const tenant = await scene.tenants.add('import-once');
    const { url, calls } = await serve((_request, response) => response.end(fileOf(tenant, 1, 0)));
    const { id } = await askFor(tenant, url);
    await Promise.all([1, 2, 3].map(() => scene.stand.dispatch.startImport(id)));
    await resultOf(id);
    const { runId } = await scene.see.started(csvImportWorkflowId(id));
    await scene.stand.dispatch.startImport(id);
    expect((await scene.see.started(csvImportWorkflowId(id))).runId).toBe(runId);
    expect(calls).toHaveLength(1);
    expect(await submissionsOf(tenant)).toHaveLength(1);
  });

  test('is fetched by another run when its row, put back from an older copy, waits again', async () => {
    const tenant = await scene.tenants.add('import-put-back');
    const { url, calls } = await serve((_request, response) => response.end(fileOf(tenant, 1, 0)));
    const { id } = await importFrom(tenant, url);
    const before = "UPDATE inventory_syncs SET state = 'waiting', submissionId = NULL WHERE id = ?";
    await scene.stand.stores.db.change(before, [id]);
    await scene.stand.dispatch.startImport(id);
    expect(await resultOf(id)).toMatchObject({ status: 'stored' });
    expect(calls).toHaveLength(2);
    expect(await syncOf(id)).toMatchObject({ state: 'stored' });
    expect(await submissionsOf(tenant)).toHaveLength(1);
  });

  test('is fetched by another run when the first one was terminated', async () => {
    const tenant = await scene.tenants.add('import-terminated');
    const { url, calls } = await serve((_request, response) => {
      if (calls.length > 1) response.end(fileOf(tenant, 1, 0));
    });
    const { id } = await askFor(tenant, url);
    await scene.stand.dispatch.startImport(id);
    await eventually('the first download', () => (calls.length === 1 ? true : undefined));
    await scene.stand.client.workflow.getHandle(csvImportWorkflowId(id)).terminate();
    await scene.stand.dispatch.startImport(id);
    expect(await resultOf(id)).toMatchObject({ status: 'stored' });
  });

  test('is fetched by the sweep when nobody started it', async () => {
    const tenant = await scene.tenants.add('import-swept');
    const { url } = await serve((_request, response) => response.end(fileOf(tenant, 1, 0)));
    const { id } = await askFor(tenant, url);
    const db = scene.stand.stores.db;
    // However long this takes, the file counts as fresh.
    await db.change('UPDATE inventory_syncs SET updatedAt = updatedAt + INTERVAL 1 HOUR WHERE id = ?', [id]);
    const sweep = () =>
      scene.stand.client.workflow.execute<typeof SweepWorkflow>('SweepWorkflow', {
        args: [{ once: true }],
        workflowId: 'sweep',
        taskQueue: 'stockbridge',
      });
    expect(await sweep()).toMatchObject({ startedImports: 0, failedCount: 0, failed: [] });
    await db.change('UPDATE inventory_syncs SET updatedAt = updatedAt - INTERVAL 2 HOUR WHERE id = ?', [id]);
    expect(await sweep()).toMatchObject({ startedImports: 1, failedCount: 0, failed: [] });
    expect(await resultOf(id)).toMatchObject({ status: 'stored' });
  });
});

describe('a file that cannot be had', () => {
  test.each([
    ['a 404', 404, 'geheim', '127.0.0.1 answered 404 (Not Found) instead of a file', 1],
    ['another file', 200, 'geheim;1\n', 'the first line has to name the columns, and sku and quantity are missing', 1],
    [
      'failures without end',
      503,
      'geheim',
      'the file could not be fetched: 127.0.0.1 answered 503 (Service Unavailable)',
      3,
    ],
  ])('because of %s is refused with the reason, and the run completes', async (what, status, body, error, attempts) => {
    const tenant = await scene.tenants.add(`import-refused-${what.replaceAll(' ', '-')}`);
    const { url, calls } = await serve((_request, response) => response.writeHead(status).end(body));
    const { id, result } = await importFrom(tenant, `${url}/?token=geheim`);
    expect(result).toEqual({ status: 'refused', submissionId: null, rows: 0, badRows: 0 });
    expect(await syncOf(id)).toMatchObject({ state: 'refused', error, submissionId: null });
    expect(calls).toHaveLength(attempts);
    expect(await scene.see.outcome(csvImportWorkflowId(id))).toBe('refused');
    expect(textOf(await fetchHistory(scene.stand.client, csvImportWorkflowId(id)))).not.toContain('geheim');
    expect(scene.stand.failures.map(({ message }) => message).join()).not.toContain('geheim');
  });

  test('because the connection is gone is refused', async () => {
    const tenant = await scene.tenants.add('import-gone');
    const { id } = await askFor(tenant, 'https://files.example.com/', 999_999);
    await scene.stand.dispatch.startImport(id);
    expect(await resultOf(id)).toMatchObject({ status: 'refused' });
    expect(await syncOf(id)).toMatchObject({ error: 'there is no connection 999999' });
  });

  test('because the connection takes no stock is refused', async () => {
    const tenant = await scene.tenants.add('import-wms');
    const { id } = await askFor(tenant, 'https://files.example.com/', tenant.wmsConnectionId);
    await scene.stand.dispatch.startImport(id);
    expect(await resultOf(id)).toMatchObject({ status: 'refused' });
    expect(await syncOf(id)).toMatchObject({ error: 'Eshopbox takes no stock' });
  });
});

describe('an abort', () => {
  test('before the file is fetched leaves it where it is', async () => {
    const tenant = await scene.tenants.add('import-aborted');
    const { url, calls } = await serve((_request, response) => response.end(fileOf(tenant, 1, 0)));
    const { id } = await askFor(tenant, url);
    await scene.stand.stores.inventorySyncs.abort(id, 'changed my mind');
    await scene.stand.dispatch.startImport(id);
    expect(await resultOf(id)).toMatchObject({ status: 'aborted', submissionId: null });
    expect(await syncOf(id)).toMatchObject({ state: 'aborted', error: 'changed my mind' });
    expect(calls).toEqual([]);
  });

  test('while the file is fetched stores nothing', async () => {
    const tenant = await scene.tenants.add('import-aborted-meanwhile');
    const { url } = await serve(async (_request, response) => {
      const [first, ...rest] = fileOf(tenant, 100, 0).split('V50');
      response.write(first);
      await scene.stand.stores.inventorySyncs.abort(id, null);
      response.end(['', ...rest].join('V50'));
    });
    const { id } = await askFor(tenant, url);
    await scene.stand.dispatch.startImport(id);
    expect(await resultOf(id)).toMatchObject({ status: 'aborted', submissionId: null });
    expect(await submissionsOf(tenant)).toEqual([]);
  });
});
