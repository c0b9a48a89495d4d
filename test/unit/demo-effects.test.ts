import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkEffects, orderSample, type Seen, stockSample, type TwinEntry } from '../../src/local/demo-effects';

const sample = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, '../../samples', `${name}-event.json`), 'utf8'));
const samples = {
  stock: stockSample.parse(sample('inventory')),
  order: orderSample.parse(sample('unfulfillable')),
};

const entry = (path: string, second: number, body: unknown, what: string, key: string): TwinEntry => ({
  seq: second,
  at: `2026-01-01T00:00:0${second}.000Z`,
  method: 'POST',
  path,
  status: 200,
  body,
  applied: [{ what, key, quantity: 1 }],
  durationMs: 5,
});

const productId = 'JEAFMSRHYSUHZGFH';
const variants = ['F12133123', '002211', '2221122000000000'];
const login = entry('/authToken', 1, { username: 'u', password: '***' }, 'login', 'u');
const update = entry(
  '/updateInventory',
  2,
  { inventoryList: variants.map((variantId) => ({ inventory: '3', productId, variantId })) },
  'stock',
  `${productId}/002211`,
);
const cancel = entry(
  '/ds/eshopbox/orders',
  3,
  {
    order_id: 'AJIORAYWB15056',
    order_lines: [{ cancelled_quantity: 1, confirmed_quantity: 0, order_item_id: 'S248706067.1-1' }],
    status: 'Cancel',
  },
  'cancel',
  'S248706067.1-1',
);
const wmsBody = {
  reason: 'Other',
  externalChannelID: 'CH2261',
  cancellationTime: '2026-01-01 05:30:03',
  customerOrderNumber: 'AJIORAYWB15056',
  items: [
    {
      itemID: '44AP43HLA6G',
      quantity: '1',
      orderItemID: 'AJIORAYWB15056-37736167',
      lineItemSequenceNumber: '36675063',
      remark: 'Other',
    },
  ],
};
const wmsCancel = entry('/raymond/api/cancel-order', 4, wmsBody, 'cancel', '36675063');
const lines = variants.map((variantId) => ({ listing: `${productId}/${variantId}`, status: 'success', error: null }));
const complete: Seen = {
  ajio: [login, update, cancel],
  eshopbox: [wmsCancel],
  submission: { status: 'success', lines },
};

const failing = (changes: Partial<Seen>): string[] =>
  checkEffects({ ...complete, ...changes }, samples)
    .filter(({ holds }) => !holds)
    .map(({ name }) => name);

describe('what the demo counts as complete', () => {
  it('is each effect exactly once', () => expect(failing({})).toEqual([]));

  it.each<[string, Partial<Seen>, RegExp]>([
    ['a second stock update', { ajio: [login, update, update, cancel] }, /one stock update at Ajio \(2 seen\)/],
    ['no stock update', { ajio: [login, cancel] }, /one stock update at Ajio \(0 seen\)/],
    ['a refused stock update', { ajio: [{ ...update, status: 500 }, cancel] }, /one stock update/],
    [
      'the total of all locations instead of the own one',
      { ajio: [{ ...update, body: { inventoryList: [{ inventory: '7', productId, variantId: '002211' }] } }, cancel] },
      /3 stock lines/,
    ],
    ['a second cancellation', { ajio: [update, cancel, cancel] }, /one cancellation at Ajio \(2 seen\)/],
    ['a cancellation without effect', { ajio: [update, { ...cancel, applied: [] }] }, /one cancellation at Ajio/],
    [
      'a cancellation of another line',
      { ajio: [update, { ...cancel, body: { order_id: 'AJIORAYWB15056', order_lines: [], status: 'Cancel' } }] },
      /carries the event's lines/,
    ],
    [
      'Eshopbox before Ajio',
      { eshopbox: [{ ...wmsCancel, at: '2026-01-01T00:00:02.000Z' }] },
      /after Ajio has accepted/,
    ],
    ['Eshopbox twice', { eshopbox: [wmsCancel, wmsCancel] }, /one cancellation at Eshopbox \(2 seen\)/],
    [
      'another reason in Eshopbox',
      { eshopbox: [{ ...wmsCancel, body: { ...wmsBody, reason: 'Because' } }] },
      /carries the event's fields/,
    ],
    ['a call that nobody expects', { ajio: [update, cancel, { ...login, applied: [] }] }, /no call but these/],
    [
      'a submission that is not done',
      { submission: { status: 'processing', lines } },
      /ends with success \(processing\)/,
    ],
    [
      'a line without verdict',
      { submission: { status: 'success', lines: lines.slice(1) } },
      /a verdict for every line/,
    ],
  ])('is not %s', (_what, changes, name) => {
    expect(failing(changes).join('\n')).toMatch(name);
  });
});
