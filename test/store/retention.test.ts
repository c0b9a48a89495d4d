import { deleteExpired } from '../../src/store/retention';
import { leaveAll } from './lanes';
import { draft, linesOf, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const CUTOFF = new Date(Date.now() - 35 * 86_400_000);
const FILE = { mediaType: 'text/csv', text: 'sku,quantity\n' };
const AGED = ['submissions', 'pushes', 'orders', 'order_lines', 'parked_events', 'inventory_syncs'];

async function makeOld(table: string, id?: string): Promise<void> {
  const old = new Date(CUTOFF.getTime() - 1_000);
  await stores.db.change(
    `UPDATE ${table} SET updatedAt = ? ${id === undefined ? '' : 'WHERE id = ?'}`,
    id === undefined ? [old] : [old, id],
  );
}

async function counts(): Promise<Record<string, number>> {
  const tables = [
    ...AGED,
    'submission_lines',
    'submission_rows',
    'push_lines',
    'push_jobs',
    'push_job_lines',
    'stock_levels',
    'gateway_keys',
    'connections',
  ];
  const rows = await Promise.all(
    tables.map((table) => stores.db.select<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`)),
  );
  return Object.fromEntries(tables.map((table, index) => [table, rows[index]?.[0]?.n ?? 0]));
}

/** A file that somebody asked for. */
async function ask(connectionId: number): Promise<string> {
  const wish = {
    connectionId,
    accountSlug: 's',
    keyId: 'k',
    url: 'https://files.example.com/',
    customerAccountId: null,
  };
  return (await stores.inventorySyncs.create(wish)).id;
}

/** Something of every kind, delivered and done if `done`. */
async function history(connectionId: number, done: boolean): Promise<void> {
  const fileRows = [1, 2].map((row) => ({ row, code: 'a', reason: '' }));
  const [result] = await stores.store(draft(linesOf(['a', 1], ['b', 2]), { connectionId, source: 'csv', fileRows }));
  await stores.inventorySyncs.recordStored(await ask(connectionId), result?.submissionId ?? '');
  const pushes = await leaveAll(stores.pushes, { connectionId });
  if (done) {
    for (const { pushId, ...start } of pushes) {
      const times = { sentAtMs: 0, expiresAtMs: 0 };
      // Left as it is when a process dies between the verdicts and the end of the job.
      await stores.jobs.open({ pushId, attempt: start.attempt, connectionId, ...times }, FILE, start.lines);
      const verdicts = start.lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
      await stores.pushes.settle(pushId, start.attempt, start.lines, verdicts, Date.now());
    }
    await stores.submissions.finishDone(connectionId);
  }
  const { orderId } = await stores.orders.store({
    workflowId: `order-${connectionId}`,
    accountSlug: 'raymond',
    connectionId,
    wmsConnectionId: 296,
    externalChannelId: 'CH1',
    orderNumber: 'O-1',
    vendorOrderNumber: null,
    lines: [{ lineItemSequenceNumber: '1', orderItemId: 'I', itemId: 'S', marketplaceItemId: 'M', quantity: 1 }],
    workflowIdOfMore: () => `order-${connectionId}-more`,
  });
  if (done) await stores.orders.settle(orderId, { outcome: 'cancelled', cancelled: ['1'] });
}

it('keeps what is young and what is open, and forgets the rest with its lines, but never the state', async () => {
  await stores.connections.insert({
    channel: 'ajio',
    accountSlug: 's',
    externalChannelId: null,
    externalWarehouseId: null,
    locationId: null,
    credentials: {},
    settings: {},
  });
  await stores.keys.create({ accountSlug: 's', name: 'k', connectionId: null });
  await stores.parked.park({
    accountSlug: 's',
    kind: 'order',
    identity: 'i',
    status: 'ignored',
    reason: 'r',
    message: 'm',
    body: {},
  });
  await stores.parked.park({
    accountSlug: 's',
    kind: 'order',
    identity: 'waits for a person',
    status: 'parked',
    reason: 'r',
    message: 'm',
    body: {},
  });
  await history(1, true);
  await history(2, false);
  await ask(1);
  await stores.inventorySyncs.recordRefused(await ask(1), 'gone');
  await stores.inventorySyncs.abort(await ask(1), null);
  const before = await counts();
  await deleteExpired(stores.db, CUTOFF, 1_000);
  expect(await counts()).toEqual(before);

  for (const table of AGED) await makeOld(table);
  await deleteExpired(stores.db, CUTOFF, 1_000);
  expect(await counts()).toEqual({
    submissions: 1,
    submission_lines: 2,
    pushes: 1,
    push_lines: 0,
    push_jobs: 0,
    push_job_lines: 0,
    orders: 1,
    order_lines: 1,
    parked_events: 1,
    // Those of the open submission and of the file that waits.
    inventory_syncs: 2,
    submission_rows: 2,
    stock_levels: 4,
    gateway_keys: 1,
    connections: 1,
  });
});

it('deletes a bounded number of rows of each table at a time, and lines before their heads', async () => {
  for (let connectionId = 10; connectionId < 15; connectionId++) await history(connectionId, true);
  for (const table of AGED) await makeOld(table);
  const first = await deleteExpired(stores.db, CUTOFF, 4);
  expect(Math.max(...Object.values(first))).toBeLessThanOrEqual(4);
  expect(first).toMatchObject({ submission_lines: 4, push_lines: 4 });
  let rounds = 0;
  for (let deleted = first; Object.values(deleted).some((count) => count > 0); rounds++)
    deleted = await deleteExpired(stores.db, CUTOFF, 4);
  expect(rounds).toBeGreaterThan(2);
  expect(await counts()).toMatchObject({ submissions: 1, submission_rows: 2, push_lines: 0, pushes: 1, orders: 1 });
  expect(
    await stores.db.select(
      'SELECT 1 FROM submission_lines sl LEFT JOIN submissions s ON s.id = sl.submissionId WHERE s.id IS NULL',
    ),
  ).toEqual([]);
});
