import { readingOf } from '../../src/activities/order-reading';
import type { ObservedOrderLine } from '../../src/contracts/order';
import type { StoredOrderLine } from '../../src/store/orders';

const ASKED_AT = Date.parse('2026-01-01T10:00:00Z');

const stored = (changes: Partial<StoredOrderLine> = {}): StoredOrderLine => ({
  lineItemSequenceNumber: '1',
  firstPiece: 1,
  orderItemId: 'I-1',
  itemId: 'SKU-1',
  marketplaceItemId: 'M-1',
  quantity: 1,
  cancelledBefore: 0,
  buyerCancelled: 0,
  buyerCancelledBefore: 0,
  sellerCancelled: 0,
  askedBeside: 0,
  marketplaceState: 'asked',
  marketplaceMessage: null,
  marketplaceCancelledAt: null,
  wmsState: 'open',
  wmsMessage: null,
  updatedAt: new Date(ASKED_AT),
  ...changes,
});
const shown = (changes: Partial<ObservedOrderLine> = {}): ObservedOrderLine => ({
  lineItemSequenceNumber: '1',
  state: 'open',
  channelWords: 'CONFIRMED',
  ...changes,
});
const read = (line: ObservedOrderLine, of: StoredOrderLine, afterMs: number) =>
  readingOf([line], [of], ASKED_AT + afterMs);

describe('a line that is open after a request without an answer', () => {
  it('may be asked for again at once where the later of two requests would be refused', () => {
    const reading = read(shown(), stored(), 10_000);
    expect(reading).toEqual({ settled: [shown()], open: ['1'], fewer: [], unknown: [] });
  });

  it.each([
    [0, 30_000],
    [10_000, 20_000],
    [29_999, 1],
    // The clock that noted it runs ahead of ours.
    [-60_000, 30_000],
  ])('with pieces to spare stays asked for, %d ms after the request', (afterMs, readAgainInMs) => {
    const reading = read(shown({ hasSpare: true }), stored(), afterMs);
    expect(reading).toEqual({ settled: [], open: [], fewer: [], unknown: [], readAgainInMs });
  });

  it('with pieces to spare may be asked for again when the request cannot arrive any more', () => {
    expect(read(shown({ hasSpare: true }), stored(), 30_000)).toMatchObject({
      open: ['1'],
      settled: [{ state: 'open' }],
    });
  });
});

it('waits for nothing when no request is without its answer', () => {
  const reading = read(shown({ hasSpare: true }), stored({ marketplaceState: 'refused' }), 0);
  expect(reading).toMatchObject({ open: ['1'] });
  expect(reading).not.toHaveProperty('readAgainInMs');
});

it('waits for nothing when the line is cancelled', () => {
  const reading = read(shown({ state: 'cancelled', hasSpare: true }), stored(), 0);
  expect(reading).toEqual({
    settled: [shown({ state: 'cancelled', hasSpare: true })],
    open: [],
    fewer: [],
    unknown: [],
  });
});

it('names what is not shown after a request without an answer, and what has been cancelled in part', () => {
  expect(read(shown({ state: 'missing' }), stored(), 0)).toMatchObject({ open: [], unknown: ['1'] });
  for (const part of [{ buyerCancelled: 1 }, { sellerCancelled: 1 }]) {
    expect(read(shown(part), stored({ marketplaceState: 'refused' }), 0)).toMatchObject({ open: ['1'], fewer: ['1'] });
    expect(read(shown(part), stored({ marketplaceState: 'refused', ...part }), 0)).toMatchObject({ fewer: [] });
  }
});
