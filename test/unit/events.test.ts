import {
  inventoryEvent,
  inventoryEventLine,
  lenientInteger,
  lenientText,
  orderEvent,
  orderEventPayload,
  unfulfillableItem,
} from '../../src/contracts/events';
import { MAX_QUANTITY } from '../../src/contracts/stock';

describe('a number as the WMS sends it', () => {
  it.each([
    [294, 294],
    [294.0, 294],
    ['294', 294],
    ['294.0', 294],
    [' 7 ', 7],
    ['007', 7],
    ['-3', -3],
    [0, 0],
  ])('%j is %d', (given, read) => {
    expect(lenientInteger.parse(given)).toBe(read);
  });

  it.each([
    1.5,
    '1.5',
    Number.NaN,
    Infinity,
    2 ** 53,
    '9007199254740993',
    '',
    ' ',
    'seven',
    '1e3',
    '0x10',
    '1,000',
    null,
    true,
    [7],
    {},
  ])('%p is none', (given) => {
    expect(lenientInteger.safeParse(given).success).toBe(false);
  });
});

describe('an identifier as the WMS sends it', () => {
  it.each([
    ['002211', '002211'],
    [2211, '2211'],
    [2211.0, '2211'],
    ['in ner', 'in ner'],
    ['null', 'null'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('%j is read as %j', (given, read) => {
    expect(lenientText.parse(given)).toBe(read);
  });

  it.each([2 ** 53, 2221122000000000000, 1.5, Number.NaN])('%p may have lost digits and is refused', (given) => {
    expect(lenientText.safeParse(given).success).toBe(false);
  });

  it.each(['', '   ', 'x'.repeat(101), '\ud800', 'a\udfff', null, undefined, true, {}, ['x']])(
    '%j is none',
    (given) => {
      expect(lenientText.safeParse(given).success).toBe(false);
    },
  );
});

describe('a line of an inventory event', () => {
  const line = { productId: 'P', variantId: 'V', sku: 'S', locationInventory: 3.0, locationId: 'POB1' };

  it('takes floats, digits in a string, and a variant that is a number', () => {
    expect(inventoryEventLine.parse({ ...line, locationInventory: '7', variantId: 42 })).toMatchObject({
      locationInventory: 7,
      variantId: '42',
    });
  });

  it('reads the stock of its location and never the total', () => {
    expect(inventoryEventLine.parse({ ...line, inventory: '7' })).toEqual(line);
    expect(inventoryEventLine.safeParse({ ...line, locationInventory: undefined, inventory: 7 }).success).toBe(false);
  });

  it.each([-1, '-1', 0.5, Number.NaN, MAX_QUANTITY + 1, 1e300, null, 'many', undefined])(
    '%p is no quantity',
    (quantity) => {
      const parsed = inventoryEventLine.safeParse({ ...line, locationInventory: quantity });
      expect(parsed.error?.issues.map((issue) => issue.path)).toEqual([['locationInventory']]);
    },
  );

  it.each([0, 1, MAX_QUANTITY])('%d is a quantity', (quantity) => {
    expect(inventoryEventLine.parse({ ...line, locationInventory: quantity }).locationInventory).toBe(quantity);
  });

  it('leaves out what it does not know', () => {
    expect(inventoryEventLine.parse({ ...line, email: 'x', changeInStock: -1.0 })).toEqual(line);
  });
});

describe('an inventory event', () => {
  const event = {
    message_id: '202206091410017674',
    publishedAt: '2022-06-09 14:12:19',
    connectionId: 294.0,
    inventoryList: [{}],
  };

  it.each([294, 294.0, '294', '294.0'])('takes the connection id %p', (connectionId) => {
    expect(inventoryEvent.parse({ ...event, connectionId }).connectionId).toBe(294);
  });

  it.each([0, -1, 1.5, 'x', null])('refuses the connection id %p', (connectionId) => {
    expect(inventoryEvent.safeParse({ ...event, connectionId }).success).toBe(false);
  });

  it('names every field that is missing', () => {
    const paths = inventoryEvent.safeParse({}).error?.issues.map((issue) => issue.path.join('.'));
    expect(paths).toEqual(['message_id', 'publishedAt', 'connectionId', 'inventoryList']);
  });

  it('refuses a message id whose digits a float has lost', () => {
    expect(inventoryEvent.safeParse({ ...event, message_id: Number(event.message_id) }).success).toBe(false);
  });

  it('takes no line for a line that is nothing, and leaves bad lines to be read one by one', () => {
    expect(inventoryEvent.safeParse({ ...event, inventoryList: [] }).success).toBe(false);
    expect(inventoryEvent.safeParse({ ...event, inventoryList: [null, 7, 'x'] }).success).toBe(true);
    expect(inventoryEvent.safeParse({ ...event, inventoryList: Array(10_001).fill({}) }).success).toBe(false);
  });

  it('takes message ids that differ in a blank at the end for the same, as the database does', () => {
    expect(inventoryEvent.parse({ ...event, message_id: 'm1 ' }).message_id).toBe('m1');
  });
});

describe('an order event', () => {
  const payload = {
    externalChannelID: 'CH1',
    customerOrderNumber: 'O1',
    items: [{ status: 'UNFULFILLABLE' }, { status: 'SHIPPED' }],
  };

  it.each(['response_data', 'response_dataresponse_data'] as const)('finds its payload under %s', (field) => {
    const event = orderEvent.parse({ resource_type: 'order.unfulfillable', [field]: payload });
    expect(event).toEqual({ resourceType: 'order.unfulfillable', payloadField: field, payload });
  });

  it('keeps only the lines that are unfulfillable', () => {
    expect(orderEventPayload.parse(payload).items).toEqual([{ status: 'UNFULFILLABLE' }]);
  });

  it('does not read the customer', () => {
    const read = orderEventPayload.parse({
      ...payload,
      shippingAddress: { email: 'canary@example.com' },
      email: 'canary@example.com',
    });
    expect(JSON.stringify(read)).not.toContain('canary');
  });

  it.each([{ vendorOrderNumber: null }, { vendorOrderNumber: undefined }, {}])(
    'works without a vendor number: %j',
    (given) => {
      expect(orderEventPayload.parse({ ...payload, ...given }).vendorOrderNumber ?? null).toBeNull();
    },
  );

  it.each([{ customerOrderNumber: '' }, { externalChannelID: null }, { items: [] }, { items: 'x' }, { items: [{}] }])(
    'refuses %j',
    (given) => {
      expect(orderEventPayload.safeParse({ ...payload, ...given }).success).toBe(false);
    },
  );

  it('needs every identifier of a line and at least one piece', () => {
    const item = {
      lineItemSequenceNumber: 36675063,
      orderItemID: 'A-1',
      itemID: 'A',
      customerOrderItemID: 'S1-1',
      quantity: '1',
    };
    expect(unfulfillableItem.parse(item)).toEqual({ ...item, lineItemSequenceNumber: '36675063', quantity: 1 });
    for (const field of Object.keys(item))
      expect(
        unfulfillableItem.safeParse({ ...item, [field]: undefined }).error?.issues.map((issue) => issue.path),
      ).toEqual([[field]]);
    for (const quantity of [0, -1, '0', 1.5])
      expect(unfulfillableItem.safeParse({ ...item, quantity }).success).toBe(false);
  });
});
