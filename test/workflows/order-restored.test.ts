import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { confirmCancelled } from '../../src/workflows/messages';
import { ajioItem, lineNumber } from '../stand/events';
import { fetchHistory, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

const NO = { kind: 'status', status: 400, body: { message: 'Order window is over' } } as const;
const CLOSED = { kind: 'status', status: 400, body: { error: { message: 'Period is closed' } } } as const;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

const linesFrom = (orderNumber: string, lines: string[], quantity = 1) =>
  Object.fromEntries(lines.map((line) => [ajioItem(orderNumber, line), { quantity }]));

/** An order that waits for a person: Ajio has refused it, or has cancelled it and the WMS refuses. */
async function waiting(name: string, at: 'ajio' | 'eshopbox', lines = ['1'], quantity = 1) {
  const { stand, send, see, tenants } = scene;
  const tenant = await tenants.add(name);
  const orderNumber = `O-${name}`;
  stand.ajio.setState({
    orders: { [orderNumber]: { username: name, lines: linesFrom(orderNumber, lines, quantity) } },
  });
  if (at === 'ajio') stand.ajio.setFaults([{ ...NO, times: 1, on: { account: name, method: 'POST' } }]);
  else stand.eshopbox.setFaults([{ ...CLOSED, times: 1, on: { account: name } }]);
  const { workflowId } = await send.order(tenant, { orderNumber, lines });
  await see.untilAttention(workflowId, `${at}_rejected`);
  const effects = () =>
    lines.map((line) => [
      see.effectiveCancels(orderNumber, ajioItem(orderNumber, line)),
      see
        .wmsCancels(orderNumber)
        .filter((call) => call.status === 200 && call.lines.includes(lineNumber(orderNumber, line))).length,
    ]);
  return { tenant, orderNumber, workflowId, effects };
}

/** What a dump from before the order leaves of it. */
async function forget(orderNumber: string): Promise<void> {
  await scene.stand.stores.db.change('DELETE FROM order_lines WHERE orderNumber = ?', [orderNumber]);
  await scene.stand.stores.db.change('DELETE FROM orders WHERE orderNumber = ?', [orderNumber]);
}

/** What a dump from before the run leaves of the lines. */
const asBefore = (orderNumber: string, state: 'open' | 'refused') =>
  scene.stand.stores.db.change(
    'UPDATE order_lines SET marketplaceState = ?, updatedAt = updatedAt - INTERVAL 1 MINUTE WHERE orderNumber = ?',
    [state, orderNumber],
  );

test('an order whose row is gone is stored again by its run and cancelled', async () => {
  const { orderNumber, workflowId, effects } = await waiting('forgotten', 'ajio', ['1', '2']);
  await forget(orderNumber);
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  await scene.see.untilOrder(workflowId, 'done');
  expect(effects()).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

test('what the marketplace had cancelled is read back and not asked for again', async () => {
  const { orderNumber, workflowId, effects } = await waiting('half-forgotten', 'eshopbox');
  await forget(orderNumber);
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(scene.see.cancels(orderNumber)).toHaveLength(1);
  expect(scene.see.readBacks(orderNumber)).toHaveLength(1);
  expect(effects()).toEqual([[1, 1]]);
});

test('a run whose event came again in the meantime goes on with what that stored', async () => {
  const { tenant, orderNumber, workflowId, effects } = await waiting('sent-again', 'ajio');
  await forget(orderNumber);
  expect(await scene.send.order(tenant, { orderNumber })).toEqual({ workflowId, status: 'accepted' });
  await scene.see.retry(workflowId);
  await scene.see.untilOrder(workflowId, 'done');
  expect(effects()).toEqual([[1, 1]]);
});

test('what the marketplace had cancelled is read back also where the event came again before', async () => {
  const { tenant, orderNumber, workflowId, effects } = await waiting('sent-again-late', 'eshopbox', ['1'], 2);
  await forget(orderNumber);
  await scene.send.order(tenant, { orderNumber });
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(scene.see.cancels(orderNumber)).toHaveLength(1);
  expect(effects()).toEqual([[1, 1]]);
});

test.each([
  ['the event comes again before', 'given-up-after'],
  ['the event comes again afterwards', 'given-up-before'],
  ['the order is not there then', 'given-up-unknown'],
])(
  'a run that is given up after an older copy leaves what it has asked for to be read back: %s',
  async (when, name) => {
    const { tenant, orderNumber, workflowId, effects } = await waiting(name, 'eshopbox', ['1'], 2);
    const { db } = scene.stand.stores;
    if (when === 'the event comes again afterwards') await asBefore(orderNumber, 'open');
    else await forget(orderNumber);
    if (when === 'the event comes again before') {
      await scene.send.order(tenant, { orderNumber });
      await scene.stand.drainPokes();
    }
    await scene.see.giveUp(workflowId);
    await expect(scene.see.result(workflowId)).rejects.toThrow();
    if (when === 'the event comes again before') {
      const [row] = await db.select<{ id: string }>('SELECT id FROM orders WHERE workflowId = ?', [workflowId]);
      await scene.stand.dispatch.startOrder(row?.id ?? '');
    } else await scene.send.order(tenant, { orderNumber });
    await scene.see.untilOrder(workflowId, 'done');
    expect(scene.see.cancels(orderNumber)).toHaveLength(1);
    expect(effects()).toEqual([[1, 1]]);
  },
);

test.each(['open', 'refused'] as const)(
  'what a copy from the middle of the run shows as %s is read back, too',
  async (state) => {
    const { orderNumber, workflowId, effects } = await waiting(`middle-${state}`, 'eshopbox', ['1'], 2);
    await scene.stand.stores.db.change('UPDATE order_lines SET marketplaceState = ? WHERE orderNumber = ?', [
      state,
      orderNumber,
    ]);
    await scene.see.retry(workflowId);
    expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
    expect(scene.see.cancels(orderNumber)).toHaveLength(1);
    expect(effects()).toEqual([[1, 1]]);
  },
);

test('nothing is read back while another order asks for the same line: its piece could be taken for this one’s', async () => {
  const { tenant, orderNumber, workflowId } = await waiting('beside', 'eshopbox', ['1'], 3);
  const other = await scene.send.order(tenant, { orderNumber, pieces: 2 });
  await scene.see.untilOrder(other.workflowId, 'done');
  const { client, stores } = scene.stand;
  await asBefore(orderNumber, 'open');
  const setOther = 'UPDATE order_lines SET marketplaceState = ? WHERE orderNumber = ? AND firstPiece = 2';
  await stores.db.change(setOther, ['asked', orderNumber]);
  await scene.see.retry(workflowId);
  await eventually('it waits', async () =>
    textOf(await fetchHistory(client, workflowId)).includes('another order asks for the same line'),
  );
  expect(scene.see.readBacks(orderNumber)).toEqual([]);
  await stores.db.change(setOther, ['cancelled', orderNumber]);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(scene.see.cancels(orderNumber)).toHaveLength(2);
  expect(scene.see.effectiveCancels(orderNumber, ajioItem(orderNumber, '1'))).toBe(2);
});

test('an order whose run is over and that the copy does not know: by the steps of docs/operations.md it is cancelled once, in whatever mix', async () => {
  const { stand, send, see, tenants } = scene;
  const tenant = await tenants.add('over');
  const orderNumber = 'O-over';
  stand.ajio.setState({
    orders: { [orderNumber]: { username: 'over', lines: linesFrom(orderNumber, ['1', '2'], 2) } },
  });
  const first = await send.order(tenant, { orderNumber, lines: ['1'] });
  await see.untilOrder(first.workflowId, 'done');
  await stand.stopWorkers();
  await forget(orderNumber);
  const second = await send.order(tenant, { orderNumber, lines: ['1', '2'] });
  const operations = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
  const statement = /`(UPDATE order_lines SET [^`]+)`/.exec(operations)?.[1];
  await stand.stores.db.change(`${statement} AND orderNumber = ?`, [orderNumber]);
  await stand.startWorkers();
  await see.untilOrder(second.workflowId, 'done');
  for (const line of ['1', '2']) expect(see.effectiveCancels(orderNumber, ajioItem(orderNumber, line))).toBe(1);
});

test('a run whose lines went to another order in the meantime ends, and they are cancelled once', async () => {
  const { tenant, orderNumber, workflowId } = await waiting('other-mix', 'ajio', ['1']);
  await forget(orderNumber);
  scene.stand.ajio.setState({ orders: { [orderNumber]: { lines: linesFrom(orderNumber, ['1', '2']) } } });
  const second = await scene.send.order(tenant, { orderNumber, lines: ['1', '2'] });
  await scene.see.untilOrder(second.workflowId, 'done');
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ cancelled: [] });
  for (const line of ['1', '2']) expect(scene.see.effectiveCancels(orderNumber, ajioItem(orderNumber, line))).toBe(1);
});

test('a person can say what they saw of an order whose row is gone', async () => {
  const { orderNumber, workflowId } = await waiting('confirmed', 'ajio');
  await forget(orderNumber);
  await scene.stand.client.workflow.getHandle(workflowId).signal(confirmCancelled);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(scene.see.wmsCancels(orderNumber)).toHaveLength(1);
});

test('a line that is open again when the order would be done is cancelled first', async () => {
  const { orderNumber, workflowId } = await waiting('older', 'eshopbox');
  const { db, orders } = scene.stand.stores;
  const [row] = await db.select<{ id: string }>('SELECT id FROM orders WHERE workflowId = ?', [workflowId]);
  const id = row?.id ?? '';
  expect(await orders.finish(id, { status: 'done', outcome: 'cancelled', error: null })).toBe(false);
  // The copy is from before the marketplace answered: what is believed now is wrong for the WMS as well.
  await db.change("UPDATE order_lines SET marketplaceState = 'open' WHERE orderNumber = ?", [orderNumber]);
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(scene.see.effectiveCancels(orderNumber, ajioItem(orderNumber, '1'))).toBe(1);
  expect(scene.see.wmsCancels(orderNumber).filter(({ status }) => status === 200)).toHaveLength(1);
});

test('what an older copy shows as never asked for is read back, also where the line has a piece to spare', async () => {
  const { orderNumber, workflowId, effects } = await waiting('older-copy', 'eshopbox', ['1'], 2);
  await asBefore(orderNumber, 'open');
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(scene.see.cancels(orderNumber)).toHaveLength(1);
  expect(scene.see.readBacks(orderNumber)).toHaveLength(1);
  expect(effects()).toEqual([[1, 1]]);
});

test('a first request whose answer MySQL could not keep is read back also when MySQL comes back older', async () => {
  const { see, send, stand, tenants } = scene;
  const tenant = await tenants.add('failed-over');
  const orderNumber = 'O-failed-over';
  const item = ajioItem(orderNumber, '1');
  stand.ajio.setState({ orders: { [orderNumber]: { username: 'failed-over', lines: { [item]: { quantity: 2 } } } } });
  stand.ajio.setFaults([{ kind: 'hold', times: 1, on: { account: 'failed-over', method: 'POST' } }]);
  const { workflowId } = await send.order(tenant, { orderNumber });
  await eventually('it is asked for', () => see.cancels(orderNumber)[0]);
  await asBefore(orderNumber, 'open');
  const { db } = stand.stores;
  // As if its disk were full.
  await db.change(
    `CREATE TRIGGER refuse_lines BEFORE UPDATE ON order_lines FOR EACH ROW
     IF NEW.marketplaceState = 'cancelled' AND NEW.orderNumber = '${orderNumber}' THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021; END IF`,
  );
  stand.ajio.clearFaults();
  await eventually('its answer is lost', async () =>
    textOf(await fetchHistory(stand.client, workflowId)).includes('StoreUnavailable'),
  );
  await db.change('DROP TRIGGER refuse_lines');
  expect(await see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(see.cancels(orderNumber)).toHaveLength(1);
  expect(see.effectiveCancels(orderNumber, item)).toBe(1);
});

test('a row that MySQL refuses to write asks a person, and goes on when it is mended', async () => {
  const { orderNumber, workflowId, effects } = await waiting('refused', 'ajio');
  const { db } = scene.stand.stores;
  await db.change(
    `CREATE TRIGGER refuse_done BEFORE UPDATE ON orders FOR EACH ROW
     IF NEW.status = 'done' AND NEW.orderNumber = '${orderNumber}' THEN SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406; END IF`,
  );
  await scene.see.retry(workflowId);
  await scene.see.untilAttention(workflowId, 'ajio_internal_error');
  expect(await scene.see.details(workflowId)).toContain('cannot go on');
  await db.change('DROP TRIGGER refuse_done');
  await scene.see.retry(workflowId);
  expect(await scene.see.result(workflowId)).toMatchObject({ outcome: 'cancelled' });
  expect(effects()).toEqual([[1, 1]]);
});
