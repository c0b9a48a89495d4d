import { setTimeout as delay } from 'node:timers/promises';
import type { OrderLine } from '../../src/contracts/order';
import type { NewOrder } from '../../src/store/order-intake';
import type { OrderSide } from '../../src/store/orders';
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

const order = (...numbers: number[]): NewOrder => ({
  workflowId: `unfulfillable-order/raymond/CH1/${orderNumber}/${numbers.join('-')}`,
  accountSlug: 'raymond',
  connectionId: 295,
  wmsConnectionId: 296,
  externalChannelId: 'CH1',
  orderNumber,
  vendorOrderNumber: null,
  lines: numbers.map(line),
  workflowIdOfMore: () => `unfulfillable-order/raymond/CH1/${orderNumber}/more`,
});

const read = async (orderId: string) => (await stores.orders.find(orderId))?.lines ?? [];
const linesOf = async (orderId: string) => (await read(orderId)).map((one) => one.lineItemSequenceNumber);

/** Notes that all lines are asked for, as an attempt does that reads them now. */
async function ask(orderId: string, side: OrderSide): Promise<Date> {
  const askedAt = await stores.orders.markAsked(orderId, side, await read(orderId));
  if (typeof askedAt === 'string') throw new Error('nobody else writes these lines');
  return askedAt;
}

it('works on an order that was given up from the moment that its run, which a person has reset, asks for it', async () => {
  const { orderId } = await stores.orders.store(order(1));
  await stores.orders.finish(orderId, { status: 'failed', outcome: 'gave_up', error: 'given up' });
  await ask(orderId, 'marketplace');
  expect(await stores.orders.find(orderId)).toMatchObject({ status: 'started', outcome: null });
  const wider = await stores.orders.store(order(1, 2));
  expect(await linesOf(wider.orderId)).toEqual(['2']);
});

it('stores an order once, however often and however parallel it comes', async () => {
  const results = await Promise.all(Array.from({ length: 10 }, () => stores.orders.store(order(2, 1))));
  expect(results.filter((result) => result.status === 'accepted')).toHaveLength(1);
  expect(new Set(results.map((result) => result.orderId)).size).toBe(1);
  for (const { orderId, unfinished } of results) expect(unfinished).toEqual([orderId]);
  const { workflowIdOfMore, ...stored } = order(2, 1);
  expect(await stores.orders.find(results[0]?.orderId ?? '')).toMatchObject({
    ...stored,
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
    unfinished: [first.orderId],
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
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'duplicate', unfinished: [orderId] });
  await stores.orders.finish(orderId, { status: 'failed', outcome: 'gave_up', error: 'x'.repeat(900) });
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'accepted', orderId });
  expect(await stores.orders.find(orderId)).toMatchObject({ status: 'stored', outcome: null });
  await stores.orders.settle(orderId, { outcome: 'cancelled', cancelled: ['1'] });
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'duplicate', unfinished: [] });
});

it('leaves what came again to its next run when the end of the last one is written late', async () => {
  const { orderId } = await stores.orders.store(order(1));
  const startedAt = await stores.orders.markStarted(orderId);
  const asFailed = { status: 'failed', outcome: 'gave_up', error: 'given up', startedAt } as const;
  expect(await stores.orders.finish(orderId, asFailed)).toBe(true);
  // Within the same millisecond the two could not be told apart.
  const earlier = new Date(startedAt.getTime() - 1);
  expect(await stores.orders.store(order(1))).toMatchObject({ status: 'accepted', orderId });
  expect(await stores.orders.finish(orderId, { ...asFailed, startedAt: earlier })).toBe(false);
  expect(await stores.orders.find(orderId)).toMatchObject({ status: 'stored' });
});

it('hands the lines of a failed run to the next event that names them, with what the marketplace has accepted', async () => {
  const failed = await stores.orders.store(order(1, 2));
  await stores.orders.recordVerdicts(
    failed.orderId,
    'marketplace',
    [{ lineItemSequenceNumber: '1', verdict: 'cancelled' }],
    await ask(failed.orderId, 'marketplace'),
  );
  await stores.orders.finish(failed.orderId, { status: 'failed', outcome: 'gave_up', error: null });
  const next = await stores.orders.store(order(1, 3));
  expect((await stores.orders.find(next.orderId))?.lines).toMatchObject([
    { lineItemSequenceNumber: '1', marketplaceState: 'cancelled' },
    { lineItemSequenceNumber: '3', marketplaceState: 'open' },
  ]);
  expect(await linesOf(failed.orderId)).toEqual(['2']);
});

describe('what was asked and answered', () => {
  const states = async (orderId: string, side: OrderSide) =>
    (await read(orderId)).map((one) => (side === 'wms' ? one.wmsState : one.marketplaceState));

  it('survives the process that asked', async () => {
    const { orderId } = await stores.orders.store(order(1, 2));
    const askedAt = await ask(orderId, 'marketplace');
    expect(await states(orderId, 'marketplace')).toEqual(['asked', 'asked']);
    expect(await states(orderId, 'wms')).toEqual(['open', 'open']);
    await stores.orders.markAnswered(orderId, 'marketplace', askedAt);
    expect(await states(orderId, 'marketplace')).toEqual(['open', 'open']);
  });

  it('keeps the verdict on each line, and silence as a question that is still open', async () => {
    const { orderId } = await stores.orders.store(order(1, 2, 3));
    const askedAt = await ask(orderId, 'marketplace');
    const verdicts = [
      { lineItemSequenceNumber: '1', verdict: 'cancelled' },
      { lineItemSequenceNumber: '2', verdict: 'refused', message: 'Order already dispatched' },
      { lineItemSequenceNumber: '3', verdict: 'unknown', message: 'not mentioned' },
    ] as const;
    await stores.orders.recordVerdicts(orderId, 'marketplace', verdicts, askedAt);
    expect(await read(orderId)).toMatchObject([
      { marketplaceState: 'cancelled', marketplaceMessage: null, wmsState: 'open' },
      { marketplaceState: 'refused', marketplaceMessage: 'Order already dispatched', wmsState: 'open' },
      { marketplaceState: 'asked', marketplaceMessage: 'not mentioned', wmsState: 'open' },
    ]);
    const inWms = await ask(orderId, 'wms');
    await stores.orders.recordVerdicts(orderId, 'wms', verdicts.slice(0, 1), inWms);
    expect((await read(orderId))[0]).toMatchObject({ marketplaceState: 'cancelled', wmsState: 'cancelled' });
  });

  it('believes what is read back', async () => {
    const { orderId } = await stores.orders.store(order(1, 2, 3, 4));
    const observed = [
      { lineItemSequenceNumber: '1', state: 'cancelled', channelWords: 'CANCELLED' },
      { lineItemSequenceNumber: '2', state: 'open', channelWords: 'CONFIRMED' },
      { lineItemSequenceNumber: '3', state: 'shipped', channelWords: 'DISPATCHED' },
      { lineItemSequenceNumber: '4', state: 'missing', channelWords: 'unknown' },
    ] as const;
    await stores.orders.recordObserved(orderId, observed, await read(orderId));
    expect((await read(orderId)).map((one) => [one.marketplaceState, one.marketplaceMessage])).toEqual([
      ['cancelled', null],
      ['open', null],
      ['refused', 'read back: DISPATCHED'],
      ['refused', 'read back: unknown'],
    ]);
  });

  it('takes a line that was asked for and is not shown for neither cancelled nor refused', async () => {
    const { orderId } = await stores.orders.store(order(1, 2));
    const askedAt = await ask(orderId, 'marketplace');
    await stores.orders.recordVerdicts(
      orderId,
      'marketplace',
      [{ lineItemSequenceNumber: '2', verdict: 'refused', message: 'Line not found' }],
      askedAt,
    );
    const missing = { state: 'missing', channelWords: 'not there' } as const;
    const observed = ['1', '2'].map((lineItemSequenceNumber) => ({ lineItemSequenceNumber, ...missing }));
    await stores.orders.recordObserved(orderId, observed, await read(orderId));
    expect((await read(orderId)).map((one) => [one.marketplaceState, one.marketplaceMessage])).toEqual([
      ['asked', 'read back: not there'],
      ['refused', 'Line not found; read back: not there'],
    ]);
  });
});

describe('an attempt that stood still', () => {
  it('does not ask again for what another one has asked for since it read the lines', async () => {
    const { orderId } = await stores.orders.store(order(1, 2));
    const asRead = await read(orderId);
    const askedAt = await ask(orderId, 'wms');
    expect(await stores.orders.markAsked(orderId, 'wms', asRead)).toBe('overtaken');
    await stores.orders.markAnswered(orderId, 'wms', askedAt);
    // They are open again, as it had read them, and were asked for all the same.
    expect(await stores.orders.markAsked(orderId, 'wms', asRead)).toBe('overtaken');
  });

  it('does not take back the note of another one, nor replaces its answer, except by a cancellation', async () => {
    const { orderId } = await stores.orders.store(order(1, 2, 3));
    const early = await ask(orderId, 'marketplace');
    const later = await ask(orderId, 'marketplace');
    await stores.orders.markAnswered(orderId, 'marketplace', early);
    const old = { verdict: 'refused', message: 'an old answer' } as const;
    await stores.orders.recordVerdicts(
      orderId,
      'marketplace',
      [
        { lineItemSequenceNumber: '1', ...old },
        { lineItemSequenceNumber: '2', verdict: 'cancelled' },
      ],
      early,
    );
    expect(await read(orderId)).toMatchObject([
      { marketplaceState: 'asked', marketplaceMessage: null },
      { marketplaceState: 'cancelled' },
      { marketplaceState: 'asked' },
    ]);
    await stores.orders.recordVerdicts(orderId, 'marketplace', [{ lineItemSequenceNumber: '2', ...old }], later);
    expect((await read(orderId))[1]).toMatchObject({ marketplaceState: 'cancelled', marketplaceMessage: null });
  });

  it('does not show as open what another one has asked for since, though what it saw cancelled is', async () => {
    const { orderId } = await stores.orders.store(order(1, 2, 3));
    const asRead = await read(orderId);
    const askedAt = await ask(orderId, 'marketplace');
    const cancelled = { lineItemSequenceNumber: '3', verdict: 'cancelled' } as const;
    await stores.orders.recordVerdicts(orderId, 'marketplace', [cancelled], askedAt);
    const observed = [
      { lineItemSequenceNumber: '1', state: 'open', channelWords: 'CONFIRMED' },
      { lineItemSequenceNumber: '2', state: 'cancelled', channelWords: 'CANCELLED' },
      { lineItemSequenceNumber: '3', state: 'open', channelWords: 'CONFIRMED' },
    ] as const;
    await stores.orders.recordObserved(orderId, observed, asRead);
    expect((await read(orderId)).map((one) => one.marketplaceState)).toEqual(['asked', 'cancelled', 'cancelled']);
  });
});

it('finds the orders that rest in a status, page by page', async () => {
  const { orderId } = await stores.orders.store(order(1));
  const started = await stores.orders.store(order(2));
  await stores.orders.markStarted(started.orderId);
  await delay(5);
  const idsOf = async (...args: Parameters<typeof stores.orders.findResting>) =>
    (await stores.orders.findResting(...args)).map(({ id }) => id);
  expect(await idsOf('stored', 60_000, 10)).not.toContain(orderId);
  const found = await idsOf('stored', 0, 100);
  expect(found).toContain(orderId);
  expect(found).not.toContain(started.orderId);
  expect(await idsOf('started', 0, 100)).toContain(started.orderId);
  expect(await idsOf('stored', 0, 100, orderId)).not.toContain(orderId);
  const pages: string[] = [];
  for (let after = ''; ; ) {
    const [id] = await idsOf('stored', 0, 1, after);
    if (id === undefined) break;
    pages.push(id);
    after = id;
  }
  expect(pages).toEqual(found);
});

it('does not know an order that is not there', async () => {
  expect(await stores.orders.find('nonsense')).toBeUndefined();
});
