import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCsvImportActivities } from '../../src/activities/csv-import';
import { createFileDownload } from '../../src/connectors/http/file-download';
import { connectorFor } from '../../src/connectors/registry';
import { csvImportWorkflowId } from '../../src/contracts/ids';
import type { CsvImportResult } from '../../src/contracts/inventory-sync';
import { storeSubmissions } from '../../src/store/intake';
import type { InventorySyncStore } from '../../src/store/inventory-syncs';
import { countRows } from '../../src/store/submission-rows';
import { withdrawSubmission } from '../../src/store/withdrawal';
import { fileServers, MB } from '../connectors/file-servers';
import { buildPrograms, patient, startProgram } from '../integration/programs';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';

const { serve, close } = fileServers();
let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterAll(async () => {
  close();
  await stand.stop();
});

const CSV = 'sku,quantity\nP/1,1\nP/2,many\nP/3,3\n';
const create = (url: string) =>
  stand.stores.inventorySyncs.create({
    connectionId: STOCK_CONNECTION,
    accountSlug: 'spykar',
    keyId: 'key',
    url,
    customerAccountId: null,
  });
const submissionsOf = (syncId: string) =>
  stand.stores.db.select<{ id: string; status: string }>('SELECT id, status FROM submissions WHERE messageId = ?', [
    syncId,
  ]);

/** Runs the activity once, as a worker would, with some of its records replaced. */
async function importCsv(syncId: string, replaced: Partial<InventorySyncStore> = {}): Promise<CsvImportResult> {
  const { stores } = stand;
  const { importCsv: run } = createCsvImportActivities({
    ...stores,
    inventorySyncs: { ...stores.inventorySyncs, ...replaced },
    connectorFor,
    download: createFileDownload({ allowedHosts: ['127.0.0.1'], allowHttp: true, maxBytes: 5 * MB }),
    async store(draft) {
      const [result] = await storeSubmissions(stores.db, [draft]);
      if (!result) throw new Error('the submission was not stored');
      return result;
    },
    withdraw: (submissionId) => withdrawSubmission(stores.db, submissionId),
    countRows: (submissionId) => countRows(stores.db, submissionId),
  });
  return new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') }).run(run, { syncId });
}

test('an attempt that was lost after it had stored the rows is repeated without storing them twice', async () => {
  const { url, calls } = await serve((_request, response) => response.end(CSV));
  const { id, createdAtMs } = await create(url);
  const lost = async () => {
    throw new Error('killed');
  };
  await expect(importCsv(id, { recordStored: lost })).rejects.toThrow('killed');
  const [stored, ...others] = await submissionsOf(id);
  expect(others).toEqual([]);
  const again = { status: 'stored', submissionId: stored?.id, rows: 3, badRows: 1 };
  expect(await importCsv(id)).toEqual(again);
  expect(await submissionsOf(id)).toHaveLength(1);
  // A third one, whose answer was lost as well, asks nobody any more.
  expect(await importCsv(id)).toEqual(again);
  expect(calls).toHaveLength(2);
  const [line] = await stand.stores.submissions.lines(stored?.id ?? '', { afterRow: 0, limit: 1 });
  expect(line?.version).toEqual({ publishedAtMs: createdAtMs, messageId: id });
});

test('an abort at the last moment takes the stored rows back', async () => {
  const { url } = await serve((_request, response) => response.end(CSV.replaceAll('P/', 'Late/')));
  const { id } = await create(url);
  const { inventorySyncs, levels } = stand.stores;
  const result = await importCsv(id, {
    async recordStored(syncId, submissionId) {
      await inventorySyncs.abort(syncId, 'too late?');
      return inventorySyncs.recordStored(syncId, submissionId);
    },
  });
  const [submission] = await submissionsOf(id);
  expect(result).toEqual({ status: 'aborted', submissionId: submission?.id, rows: 3, badRows: 1 });
  const lines = await stand.stores.submissions.lines(submission?.id ?? '', { afterRow: 0, limit: 10 });
  expect(lines.map(({ status }) => status)).toEqual(['aborted', 'error', 'aborted']);
  expect(submission?.status).not.toBe('pending');
  expect(await levels.find(STOCK_CONNECTION, 'Late/1')).toEqual([]);
});

test('a worker that is killed in the middle of a download is followed by another one', async () => {
  const importing = { IMPORT_ALLOWED_HOSTS: '127.0.0.1', IMPORT_ALLOW_HTTP: 'true' };
  await buildPrograms();
  const { url, calls } = await serve((_request, response) => {
    if (calls.length === 1) response.write('sku,quantity\n');
    else response.end(CSV);
  });
  const { id } = await create(url);
  await stand.dispatch.startImport(id);
  const first = startProgram('worker.js', stand, importing);
  await eventually('the first download', () => (calls.length === 1 ? true : undefined));
  first.child.kill('SIGKILL');
  await first.ended;
  // Never taken for dead, which would be a third download.
  const second = startProgram('worker.js', stand, { ...importing, ...patient() });
  try {
    const result = await stand.client.workflow.getHandle(csvImportWorkflowId(id)).result();
    expect(result).toMatchObject({ status: 'stored', rows: 3, badRows: 1 });
    expect(calls).toHaveLength(2);
    expect(await submissionsOf(id)).toHaveLength(1);
  } finally {
    second.child.kill('SIGKILL');
    await second.ended;
  }
});
