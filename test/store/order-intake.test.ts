import type { NewOrder } from '../../src/store/order-intake';
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

/** An order that names these lines, each with its pieces. */
function order(quantities: Record<string, number>): NewOrder {
  const idOf = (name: string) => `unfulfillable-order/raymond/CH1/${orderNumber}/${name}`;
  return {
    workflowId: idOf(Object.keys(quantities).join('-')),
    accountSlug: 'raymond',
    connectionId: 295,
    wmsConnectionId: 296,
    externalChannelId: 'CH1',
    orderNumber,
    vendorOrderNumber: null,
    lines: Object.entries(quantities).map(([number, quantity]) => ({
      lineItemSequenceNumber: number,
      orderItemId: `I-${number}`,
      itemId: `SKU-${number}`,
      marketplaceItemId: `M-${number}`,
      quantity,
    })),
    workflowIdOfMore: (pieces) =>
      idOf(pieces.map((line) => `${line.lineItemSequenceNumber}@${line.firstPiece}`).join('-')),
  };
}

const store = (quantities: Record<string, number>) => stores.orders.store(order(quantities));
const done = async (orderId: string) => {
  const lines = (await stores.orders.find(orderId))?.lines ?? [];
  await stores.orders.settle(orderId, {
    outcome: 'cancelled',
    cancelled: lines.map((line) => line.lineItemSequenceNumber),
  });
};
const failed = (orderId: string) =>
  stores.orders.finish(orderId, { status: 'failed', outcome: 'gave_up', error: null });
const piecesOf = async (orderId: string) =>
  ((await stores.orders.find(orderId))?.lines ?? []).map((line) => [
    line.lineItemSequenceNumber,
    line.firstPiece,
    line.quantity,
  ]);

describe('an order names every run that still has to cancel one of its lines', () => {
  it('when it brings another line, and when it brings fewer', async () => {
    const first = await store({ 1: 1, 2: 1 });
    await stores.orders.markStarted(first.orderId);
    const more = await store({ 1: 1, 2: 1, 3: 1 });
    expect(more).toMatchObject({ status: 'accepted', unfinished: [more.orderId, first.orderId] });
    expect(await store({ 2: 1 })).toEqual({ ...first, status: 'duplicate', unfinished: [first.orderId] });
    await done(first.orderId);
    expect(await store({ 1: 1 })).toMatchObject({ status: 'duplicate', unfinished: [] });
    expect(await store({ 2: 1, 3: 1 })).toMatchObject({ status: 'duplicate', unfinished: [more.orderId] });
  });

  it('and is a new try for a line whose run failed, where its own lines are cancelled', async () => {
    const first = await store({ 1: 1, 2: 1 });
    const second = await store({ 2: 1, 3: 1 });
    await done(second.orderId);
    await failed(first.orderId);
    expect(await store({ 2: 1, 3: 1 })).toEqual({
      orderId: first.orderId,
      workflowId: first.workflowId,
      status: 'accepted',
      unfinished: [first.orderId],
    });
    expect(await stores.orders.find(first.orderId)).toMatchObject({ status: 'stored', outcome: null });
  });

  it('and leaves alone an order whose lines have all gone to another one', async () => {
    const first = await store({ 1: 1, 2: 1 });
    await failed(first.orderId);
    const more = await store({ 1: 1, 2: 1, 3: 1 });
    expect(await store({ 1: 1, 2: 1 })).toEqual({ ...more, status: 'duplicate', unfinished: [more.orderId] });
    expect(await stores.orders.find(first.orderId)).toMatchObject({ status: 'failed', lines: [] });
    await failed(more.orderId);
    const again = await store({ 1: 1, 2: 1 });
    expect(again).toMatchObject({ orderId: first.orderId, status: 'accepted' });
    expect(await piecesOf(first.orderId)).toEqual([
      ['1', 1, 1],
      ['2', 1, 1],
    ]);
  });
});

describe('pieces that a later event adds to a line', () => {
  it('are an order of their own, whatever became of the first ones', async () => {
    const first = await store({ 1: 1 });
    const open = await store({ 1: 2 });
    expect(open.status).toBe('accepted');
    await done(first.orderId);
    const third = await store({ 1: 3 });
    expect(third).toMatchObject({
      status: 'accepted',
      unfinished: expect.arrayContaining([open.orderId, third.orderId]),
    });
    expect(await Promise.all([first, open, third].map(({ orderId }) => piecesOf(orderId)))).toEqual([
      [['1', 1, 1]],
      [['1', 2, 1]],
      [['1', 3, 1]],
    ]);
    expect(new Set([first, open, third].map(({ workflowId }) => workflowId)).size).toBe(3);
  });

  it('are all that their order has: first pieces of a failed order stay there', async () => {
    const first = await store({ 1: 1, 2: 1 });
    const second = await store({ 1: 1, 3: 1 });
    await done(second.orderId);
    await failed(first.orderId);
    const more = await store({ 1: 2, 3: 1 });
    expect(more.unfinished.toSorted()).toEqual([first.orderId, more.orderId].toSorted());
    expect(await piecesOf(more.orderId)).toEqual([['1', 2, 1]]);
    expect(await piecesOf(first.orderId)).toEqual([
      ['1', 1, 1],
      ['2', 1, 1],
    ]);
  });

  it('are stored once, however often and however parallel they come, and fewer pieces than known are none', async () => {
    await store({ 1: 1, 2: 4 });
    const results = await Promise.all([2, 3, 3, 2, 3, 1].map((quantity) => store({ 1: quantity, 2: 2 })));
    expect(results.some(({ status }) => status === 'accepted')).toBe(true);
    const [total] = await stores.db.select<{ pieces: number; last: number }>(
      'SELECT SUM(quantity) AS pieces, MAX(firstPiece - 1 + quantity) AS last FROM order_lines WHERE orderNumber = ? AND lineItemSequenceNumber = ?',
      [orderNumber, '1'],
    );
    expect(total).toEqual({ pieces: 3, last: 3 });
    expect(await store({ 1: 3, 2: 4 })).toMatchObject({ status: 'duplicate' });
  });

  it('come together with a line that is new', async () => {
    const first = await store({ 1: 1 });
    await done(first.orderId);
    const both = await store({ 1: 2, 5: 1 });
    expect(both.status).toBe('accepted');
    expect(both.unfinished).toHaveLength(2);
    expect((await Promise.all(both.unfinished.map(piecesOf))).flat()).toEqual(
      expect.arrayContaining([
        ['5', 1, 1],
        ['1', 2, 1],
      ]),
    );
  });

  it('are tried again when their run failed', async () => {
    const first = await store({ 1: 1 });
    await done(first.orderId);
    const second = await store({ 1: 2 });
    await failed(second.orderId);
    expect(await store({ 1: 2 })).toEqual(second);
    expect(await piecesOf(second.orderId)).toEqual([['1', 2, 1]]);
  });

  it('are read back with what was cancelled before them, of the same line or of another one that the marketplace calls the same', async () => {
    const first = await store({ 1: 2 });
    const second = await store({ 1: 3 });
    const other = order({ 7: 1 });
    const third = await stores.orders.store({
      ...other,
      lines: other.lines.map((line) => ({ ...line, marketplaceItemId: 'M-1' })),
    });
    const piecesBefore = async (orderId: string) => (await stores.orders.find(orderId))?.lines[0]?.cancelledBefore;
    expect([
      await piecesBefore(first.orderId),
      await piecesBefore(second.orderId),
      await piecesBefore(third.orderId),
    ]).toEqual([0, 2, 0]);
    await stores.orders.confirm(second.orderId, { side: 'marketplace', cancelled: true });
    expect([
      await piecesBefore(first.orderId),
      await piecesBefore(second.orderId),
      await piecesBefore(third.orderId),
    ]).toEqual([1, 2, 1]);
  });

  it('are read back without what the buyer cancelled of those before them', async () => {
    const first = await store({ 1: 3 });
    const second = await store({ 1: 5 });
    const asRead = (await stores.orders.find(first.orderId))?.lines ?? [];
    const shown = { lineItemSequenceNumber: '1', state: 'cancelled', channelWords: 'CONFIRMED' } as const;
    await stores.orders.recordObserved(first.orderId, [{ ...shown, buyerCancelled: 2 }], asRead);
    // What is known stays when a later reading says nothing of it.
    await stores.orders.recordObserved(first.orderId, [shown], (await stores.orders.find(first.orderId))?.lines ?? []);
    expect((await stores.orders.find(first.orderId))?.lines).toMatchObject([{ quantity: 3, buyerCancelled: 2 }]);
    expect((await stores.orders.find(second.orderId))?.lines).toMatchObject([
      { quantity: 2, buyerCancelled: 0, cancelledBefore: 1, buyerCancelledBefore: 2 },
    ]);
  });

  it('are read back without what the marketplace cancelled in part for another line of the same item', async () => {
    const first = await store({ 1: 3 });
    const other = await store({ 2: 2 });
    const sameItem = 'UPDATE order_lines SET marketplaceItemId = ? WHERE orderId IN (?)';
    await stores.db.change(sameItem, ['one-item', [first.orderId, other.orderId]]);
    const asRead = (await stores.orders.find(first.orderId))?.lines ?? [];
    const shown = {
      lineItemSequenceNumber: '1',
      state: 'open',
      channelWords: 'CONFIRMED',
      sellerCancelled: 1,
    } as const;
    await stores.orders.recordObserved(first.orderId, [shown], asRead);
    expect((await stores.orders.find(first.orderId))?.lines).toMatchObject([
      { sellerCancelled: 1, cancelledBefore: 0 },
    ]);
    expect((await stores.orders.find(other.orderId))?.lines).toMatchObject([{ cancelledBefore: 1 }]);
    // In one order with the other line it is counted with the lines themselves.
    await stores.db.change('UPDATE order_lines SET orderId = ? WHERE orderId = ?', [other.orderId, first.orderId]);
    expect((await stores.orders.find(other.orderId))?.lines).toMatchObject([
      { sellerCancelled: 1, cancelledBefore: 0 },
      { sellerCancelled: 0, cancelledBefore: 0 },
    ]);
    await stores.db.change("UPDATE order_lines SET orderId = ? WHERE orderId = ? AND lineItemSequenceNumber = '1'", [
      first.orderId,
      other.orderId,
    ]);
    await stores.orders.confirm(first.orderId, { side: 'marketplace', cancelled: true });
    expect((await stores.orders.find(other.orderId))?.lines).toMatchObject([{ cancelledBefore: 3 }]);
  });
});

it('is done only when every line is cancelled on both sides, and a run that knew nothing of a line leaves it for the next event', async () => {
  const { orderId } = await store({ 1: 1, 2: 1 });
  const result = { status: 'done', outcome: 'cancelled', error: null } as const;
  expect(await stores.orders.finish(orderId, result)).toBe(false);
  await stores.orders.confirm(orderId, { side: 'marketplace', cancelled: true });
  expect(await stores.orders.finish(orderId, result)).toBe(false);
  expect(await stores.orders.find(orderId)).toMatchObject({ status: 'stored', outcome: null });
  await stores.orders.settle(orderId, { outcome: 'cancelled', cancelled: ['1'] });
  expect(await stores.orders.find(orderId)).toMatchObject({ status: 'failed' });
  expect(await store({ 2: 1 })).toMatchObject({ status: 'accepted' });
  await stores.orders.confirm(orderId, { side: 'wms', cancelled: true });
  expect(await stores.orders.finish(orderId, result)).toBe(true);
});
