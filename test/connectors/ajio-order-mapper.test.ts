import { observedLinesOf, orderUpdateOf } from '../../src/connectors/ajio/order-mapper';
import { ordersAnswer } from '../../src/connectors/ajio/schemas';
import type { OrderLine } from '../../src/contracts/order';

const ORDER = 'DEMO-1';
const LINE: OrderLine = {
  lineItemSequenceNumber: '1',
  orderItemId: 'ORD-1',
  itemId: 'ITEM-1',
  marketplaceItemId: 'DEMO-1.1-1',
  quantity: 1,
};

const context = {
  connection: { id: 1, channel: 'ajio', tokenGeneration: 1 },
  what: 'Ajio, reading an order',
  isWrite: false,
  secrets: [],
  now: () => 0,
} as const;

/** What is read of these lines, each of one piece or as said, when Ajio shows this of their one line. */
function readOf(
  shown: { quantity: number; cancelled?: number; customerCancelled?: number },
  lines: readonly Partial<OrderLine>[],
): string[] {
  const { quantity, cancelled = 0, customerCancelled = 0 } = shown;
  const line = {
    order_item_id: LINE.marketplaceItemId,
    quantity: String(quantity),
    seller_cancelled_qty: String(cancelled),
    customer_cancelled_qty: String(customerCancelled),
  };
  const answer = ordersAnswer.parse([{ order_id: ORDER, status: 'CONFIRMED', order_lines: [line] }]);
  const wanted = lines.map((one, index) => ({ ...LINE, lineItemSequenceNumber: `${index}`, ...one }));
  return observedLinesOf(ORDER, wanted, answer, context).map(
    ({ state, buyerCancelled, sellerCancelled }) =>
      `${state} ${buyerCancelled ?? 'as before'}${sellerCancelled ? `, ${sellerCancelled} for us` : ''}`,
  );
}

describe('what is cancelled already', () => {
  it.each([
    ['all of it', { quantity: 2, customerCancelled: 2 }, [{ quantity: 2 }], ['cancelled 2']],
    ['a part: the rest is open', { quantity: 2, customerCancelled: 1 }, [{ quantity: 2 }], ['open 1']],
    [
      'a part, and the rest was cancelled by a request',
      { quantity: 2, customerCancelled: 1, cancelled: 1 },
      [{ quantity: 2, buyerCancelled: 1 }],
      ['cancelled as before'],
    ],
    [
      'a part that was known before',
      { quantity: 3, customerCancelled: 1 },
      [{ quantity: 3, buyerCancelled: 1 }],
      ['open as before'],
    ],
    ['other pieces: ours are open', { quantity: 3, customerCancelled: 2 }, [{ quantity: 1 }], ['open as before']],
    ['one of two lines of the WMS', { quantity: 2, customerCancelled: 1 }, [{}, {}], ['cancelled 1', 'open as before']],
    [
      'what an earlier request wanted: that counts for nothing now',
      { quantity: 2, customerCancelled: 1 },
      [{ buyerCancelledBefore: 1 }],
      ['open as before'],
    ],
    [
      'a piece, and another request cancelled one',
      { quantity: 3, customerCancelled: 1, cancelled: 1 },
      [{ quantity: 2, cancelledBefore: 1 }],
      ['open 1'],
    ],
    [
      'a piece, and the seller one by hand: the third is open',
      { quantity: 3, customerCancelled: 1, cancelled: 1 },
      [{ quantity: 3 }],
      ['open 1, 1 for us'],
    ],
  ])('%s', (_what, shown, lines, read) => {
    expect(readOf(shown, lines)).toEqual(read);
  });

  it.each([
    ['a part: the rest is open', { quantity: 4, cancelled: 1 }, [{ quantity: 3 }], ['open as before, 1 for us']],
    [
      'one more than was known',
      { quantity: 4, cancelled: 2 },
      [{ quantity: 3, sellerCancelled: 1 }],
      ['open as before, 2 for us'],
    ],
    ['as many as were known', { quantity: 4, cancelled: 1 }, [{ quantity: 3, sellerCancelled: 1 }], ['open as before']],
    ['the rest of it', { quantity: 4, cancelled: 3 }, [{ quantity: 3, sellerCancelled: 1 }], ['cancelled as before']],
    ['one of two lines of the WMS', { quantity: 3, cancelled: 1 }, [{}, {}], ['cancelled as before', 'open as before']],
    [
      'a part beyond what other requests wanted',
      { quantity: 9, cancelled: 3 },
      [{ quantity: 2, cancelledBefore: 2 }],
      ['open as before, 1 for us'],
    ],
  ])('for us: %s', (_what, shown, lines, read) => {
    expect(readOf(shown, lines)).toEqual(read);
  });

  it('is not asked for again', () => {
    const update = orderUpdateOf(ORDER, [{ ...LINE, quantity: 4, buyerCancelled: 1, sellerCancelled: 1 }]);
    expect(update.order_lines).toMatchObject([{ cancelled_quantity: 2 }]);
  });
});
