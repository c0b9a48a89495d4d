import {
  channelTaskQueue,
  connectionIdOf,
  inventorySyncWorkflowId,
  listingOf,
  listingParts,
  orderIdentityOf,
  orderWorkflowId,
} from '../../src/contracts/ids';
import { randomTexts } from './random-text';

describe('the id of an inventory sync', () => {
  it('is readable and has an inverse', () => {
    expect(inventorySyncWorkflowId(294)).toBe('inventory-sync/294');
    expect(connectionIdOf('inventory-sync/294')).toBe(294);
  });

  it.each([
    'inventory-sync/',
    'inventory-sync/0',
    'inventory-sync/-1',
    'inventory-sync/1.5',
    'inventory-sync/x',
    'sweep',
    '',
  ])('%j is no such id', (id) => {
    expect(connectionIdOf(id)).toBeUndefined();
  });
});

describe('the id of an order run', () => {
  it('keeps a part with a slash, a percent sign or a blank as one part', () => {
    const order = { accountSlug: 'ray mond', externalChannelId: 'CH/1', orderNumber: '50%/A B', linesHash: 'abc' };
    const id = orderWorkflowId(order);
    expect(id).toBe('unfulfillable-order/ray%20mond/CH%2F1/50%25%2FA%20B/abc');
    expect(orderIdentityOf(id)).toEqual(order);
  });

  it('has an inverse for any text', () => {
    const texts = randomTexts(1, 400);
    for (let index = 0; index + 3 < texts.length; index += 4) {
      const [accountSlug = '', externalChannelId = '', orderNumber = '', linesHash = ''] = texts.slice(
        index,
        index + 4,
      );
      const order = { accountSlug, externalChannelId, orderNumber, linesHash };
      expect(orderIdentityOf(orderWorkflowId(order))).toEqual(order);
    }
  });

  it.each([
    'unfulfillable-order/a/b/c',
    'unfulfillable-order/a/b/c/d/e',
    'unfulfillable-order/a//c/d',
    'inventory-sync/1',
  ])('%j is no such id', (id) => {
    expect(orderIdentityOf(id)).toBeUndefined();
  });
});

describe('a listing', () => {
  it('keeps leading zeros, case and inner blanks, and tells a product from a variant', () => {
    expect(listingOf('JEAF', '002211')).toBe('JEAF/002211');
    expect(listingOf('jeaf')).not.toBe(listingOf('JEAF'));
    expect(listingOf('a/b', 'c')).not.toBe(listingOf('a', 'b/c'));
    expect(listingOf('a b')).toBe('a b');
  });

  it('never ends in a blank, because the database takes such texts for equal', () => {
    expect(listingOf('SKU ')).toBe('SKU%20');
    expect(listingOf('SKU ', 'V')).toBe('SKU%20/V');
    expect(listingOf('a\tb\u0000')).toBe('a%09b%00');
  });

  it('has an inverse, and is different for different parts, whatever they hold', () => {
    const parts = randomTexts(2, 1_000);
    const seen = new Map<string, string>();
    for (let index = 0; index + 1 < parts.length; index++) {
      const [product = '', variant = ''] = parts.slice(index, index + 2);
      const listing = listingOf(product, variant);
      expect(listingParts(listing)).toEqual([product, variant]);
      expect(listing).not.toMatch(/\s$|\p{Cc}/u);
      const pair = JSON.stringify([product, variant]);
      expect(seen.get(listing) ?? pair).toBe(pair);
      seen.set(listing, pair);
    }
  });

  it.each(['\ud800', 'a\udc00b', 'end\ud83d'])('refuses the half character in %j', (text) => {
    expect(() => listingOf('P', text)).toThrow(RangeError);
  });

  it('refuses what becomes longer than the column that holds it', () => {
    expect(listingOf('x'.repeat(100), 'y'.repeat(100))).toHaveLength(201);
    expect(() => listingOf('/'.repeat(100))).toThrow(RangeError);
  });
});

it('gives every channel a queue of its own', () => {
  expect(channelTaskQueue('ajio')).toBe('channel-ajio');
  expect(channelTaskQueue('eshopbox')).not.toBe(channelTaskQueue('ajio'));
});
