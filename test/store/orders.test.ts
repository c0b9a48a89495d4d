import { setTimeout as delay } from 'node:timers/promises';
import type { OrderLine } from '../../src/contracts/order';
import type { NewOrder } from '../../src/store/orders';
import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
let orderNumber: string;
let orders = 0;

beforeAll(async () => {
  stores = await openTestStores();
});
beforeEach(() => {
  orders += 1;
  orderNumber = `O-${orders}`;
});
afterAll(() => stores.close());

const line = (number: number): OrderLine => ({
  lineItemSequenceNumber: String(number),
  orderItemId: `I-${number}`,
  itemId: `SKU-${number}`,
  marketplaceItemId: `M-${number}`,
  quantity: number,
});

/** The line as it is read before it was asked for. */
const untouched = (number: number) => ({
  ...line(number),
  marketplaceState: 'open' as const,
  marketplaceMessage: null,
  wmsState: 'open' as const,
  wmsMessage: null,
});

const order = (...numbers: number[]): NewOrder => ({
  workflowId: `unfulfillable-order/raymond/CH1/${orderNumber}/${numbers.join('-')}`,
  accountSlug: 'raymond',
  connectionId: 295,
  wmsConnectionId: 296,
  externalChannelId: 'CH1',
  orderNumber,
  vendorOrderNumber: null,
  lines: numbers.map(line),
});

const linesOf = async (orderId: string) =>
  (await stores.orders.find(orderId))?.lines.map((one) => one.lineItemSequenceNumber);

it('stores an order once, however often and however parallel it comes', async () => {
  const results = await Promise.all(Array.from({ length: 10 }, () => stores.orders.store(order(2, 1))));
  expect(results.filter((result) => result.status === 'accepted')).toHaveLength(1);
  expect(new Set(results.map((result) => result.orderId)).size).toBe(1);
  expect(results.some((result) => result.isDone)).toBe(false);
  expect(await stores.orders.find(results[0]?.orderId ?? '')).toMatchObject({
    ...order(2, 1),
    status: 'stored',
    outcome: null,
    lines: [
      { ...line(1), marketplaceState: 'open', wmsState: 'open' },
      { ...line(2), marketplaceState: 'open', wmsState: 'open' },
    ],
  });
});

it('gives a line to one run only, whatever mix of lines the events name', async () => {
  const first = await stores.orders.store(order(1, 2));
  const overlapping = await stores.orders.store(order(2, 3));
  expect(overlapping.status).toBe('accepted');
  expect(await linesOf(first.orderId)).toEqual(['1', '2']);
  expect(await linesOf(overlapping.orderId)).toEqual(['3']);
  const nothingNew = await stores.orders.store(order(1));
  expect(nothingNew).toEqual({
    orderId: first.orderId,
    workflowId: order(1, 2).workflowId,
    status: 'duplicate',
    isDone: true,
  });
  expect(await stores.db.select('SELECT id FROM orders WHERE workflowId = ?', [order(1).workflowId])).toEqual([]);
});

it('gives overlapping lines to one run only when the events come together', async () => {
  await Promise.all([order(1, 2), order(2, 3), order(3, 1), order(1, 2, 3)].map((one) => stores.orders.store(one)));
  const rows = await stores.db.select<{ lines: number; owners: number }>(
    'SELECT COUNT(*) AS `lines`, COUNT(o.id) AS owners FROM order_lines ol LEFT JOIN orders o ON o.id = ol.orderId WHERE ol.orderNumber = ?',
    [orderNumber],
  );
  expect(rows).toEqual([{ lines: 3, owners: 3 }]);
});

it('is a duplicate while it is open and after it is done, and a new try after it failed', async () => {
  const { orderId } = await stores.orders.store(order(1));
  await stores.orders.markStarted(orderId);
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'duplicate', isDone: false });
  await stores.orders.finish(orderId, { status: 'failed', outcome: 'gave_up', error: 'x'.repeat(900) });
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'accepted', orderId });
  expect(await stores.orders.find(orderId)).toMatchObject({ status: 'stored', outcome: null });
  await stores.orders.finish(orderId, { status: 'done', outcome: 'cancelled', error: null });
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'duplicate', isDone: true });
});

it('hands the lines of a failed run to the next event that names them, with what the marketplace has accepted', async () => {
  const failed = await stores.orders.store(order(1, 2));
  await stores.orders.recordVerdicts(failed.orderId, 'marketplace', [
    { lineItemSequenceNumber: '1', verdict: 'cancelled' },
  ]);
  await stores.orders.finish(failed.orderId, { status: 'failed', outcome: 'gave_up', error: null });
  const next = await stores.orders.store(order(1, 3));
  expect((await stores.orders.find(next.orderId))?.lines).toMatchObject([
    { lineItemSequenceNumber: '1', marketplaceState: 'cancelled' },
    { lineItemSequenceNumber: '3', marketplaceState: 'open' },
  ]);
  expect(await linesOf(failed.orderId)).toEqual(['2']);
});

describe('what was asked and answered', () => {
  it('survives the process that asked', async () => {
    const { orderId } = await stores.orders.store(order(1, 2));
    await stores.orders.markAsked(orderId, 'marketplace', [untouched(1), untouched(2)]);
    const states = async () =>
      (await stores.orders.find(orderId))?.lines.map((one) => [one.marketplaceState, one.wmsState]);
    expect(await states()).toEqual([
      ['asked', 'open'],
      ['asked', 'open'],
    ]);
    await stores.orders.markAnswered(orderId, 'marketplace');
    expect(await states()).toEqual([
      ['open', 'open'],
      ['open', 'open'],
    ]);
  });

  it('is not asked again, nor undone, by an attempt that stood still since it read the lines', async () => {
    const { orderId } = await stores.orders.store(order(1, 2));
    const asRead = [untouched(1), untouched(2)];
    expect(await stores.orders.markAsked(orderId, 'wms', asRead)).toBe(true);
    await stores.orders.recordVerdicts(orderId, 'wms', [{ lineItemSequenceNumber: '1', verdict: 'cancelled' }]);
    expect(await stores.orders.markAsked(orderId, 'wms', asRead)).toBe(false);
    await stores.orders.markAnswered(orderId, 'wms');
    await stores.orders.recordVerdicts(orderId, 'wms', [
      { lineItemSequenceNumber: '1', verdict: 'refused', message: 'an old answer' },
    ]);
    expect((await stores.orders.find(orderId))?.lines).toMatchObject([
      { wmsState: 'cancelled', wmsMessage: null },
      { wmsState: 'open' },
    ]);
  });

  it('keeps the verdict on each line, and silence as a question that is still open', async () => {
    const { orderId } = await stores.orders.store(order(1, 2, 3));
    await stores.orders.markAsked(orderId, 'marketplace', [untouched(1), untouched(2), untouched(3)]);
    await stores.orders.recordVerdicts(orderId, 'marketplace', [
      { lineItemSequenceNumber: '1', verdict: 'cancelled' },
      { lineItemSequenceNumber: '2', verdict: 'refused', message: 'Order already dispatched' },
      { lineItemSequenceNumber: '3', verdict: 'unknown', message: 'not mentioned' },
    ]);
    expect((await stores.orders.find(orderId))?.lines).toMatchObject([
      { marketplaceState: 'cancelled', marketplaceMessage: null, wmsState: 'open' },
      { marketplaceState: 'refused', marketplaceMessage: 'Order already dispatched', wmsState: 'open' },
      { marketplaceState: 'asked', marketplaceMessage: 'not mentioned', wmsState: 'open' },
    ]);
    await stores.orders.recordVerdicts(orderId, 'wms', [{ lineItemSequenceNumber: '1', verdict: 'cancelled' }]);
    expect((await stores.orders.find(orderId))?.lines[0]).toMatchObject({
      marketplaceState: 'cancelled',
      wmsState: 'cancelled',
    });
  });

  it('believes what is read back', async () => {
    const { orderId } = await stores.orders.store(order(1, 2, 3, 4));
    await stores.orders.recordObserved(orderId, [
      { lineItemSequenceNumber: '1', state: 'cancelled', channelWords: 'CANCELLED' },
      { lineItemSequenceNumber: '2', state: 'open', channelWords: 'CONFIRMED' },
      { lineItemSequenceNumber: '3', state: 'shipped', channelWords: 'DISPATCHED' },
      { lineItemSequenceNumber: '4', state: 'missing', channelWords: 'unknown' },
    ]);
    expect(
      (await stores.orders.find(orderId))?.lines.map((one) => [one.marketplaceState, one.marketplaceMessage]),
    ).toEqual([
      ['cancelled', null],
      ['open', null],
      ['refused', 'the channel shows it as DISPATCHED'],
      ['refused', 'the channel shows it as unknown'],
    ]);
  });
});

it('finds the orders that were stored and never started', async () => {
  const { orderId } = await stores.orders.store(order(1));
  const started = await stores.orders.store(order(2));
  await stores.orders.markStarted(started.orderId);
  await delay(5);
  expect(await stores.orders.findUnstarted(60_000, 10)).not.toContain(orderId);
  const found = await stores.orders.findUnstarted(0, 100);
  expect(found).toContain(orderId);
  expect(found).not.toContain(started.orderId);
});

it('does not know an order that is not there', async () => {
  expect(await stores.orders.find('nonsense')).toBeUndefined();
});
