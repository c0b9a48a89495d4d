import { parse } from 'csv-parse/sync';
import type { WmsItem } from '../../src/connectors/ports';
import { shipheroConnector } from '../../src/connectors/shiphero';
import type { Connection } from '../../src/contracts/connection';
import { listingOf } from '../../src/contracts/ids';
import type { StockLine } from '../../src/contracts/stock';
import { rowsOf } from '../../src/twins/shiphero-csv';
import { WAREHOUSE } from '../twins/shiphero-calls';
import { failureOfCall } from './connector-failure';
import { NOW_MS, present } from './connector-under-test';
import { describeConnector } from './describe-connector';
import { SHIPHERO_ACCOUNT, shipheroConnection, shipheroLines, shipheroSuite } from './shiphero-samples';

describeConnector(shipheroSuite);

const nothingIsSent = { send: () => Promise.reject(new Error('nothing is sent')), close: async () => {} };
const opened = (changes: Partial<Connection> = {}) =>
  shipheroConnector.open(shipheroConnection(changes), { http: nothingIsSent, endpoints: {}, now: () => NOW_MS });
const writerWith = (settings: object = {}) =>
  present(opened({ settings: { warehouseId: WAREHOUSE, ...settings } }).jobInventoryWriter);
const line = (code: string, quantity = 1): StockLine => ({ listing: listingOf(code), quantity });

describe('a file of ShipHero', () => {
  it('is what the source document shows', () => {
    expect(writerWith().fileOf([line('45933041', 10), line('46401204', 0)])).toEqual({
      mediaType: 'text/csv; charset=utf-8',
      text: [
        'sku,quantity,action,reason',
        '45933041,10,replace,Stockbridge stock sync',
        '46401204,0,replace,Stockbridge stock sync',
        '',
      ].join('\n'),
    });
  });

  it.each<[string, object, string]>([
    [
      'a bin',
      { dynamicSlotting: true, location: 'A-1,2' },
      'sku,quantity,action,reason,location\nS1,0,replace,Recount,"A-1,2"\n',
    ],
    ['no bin', { dynamicSlotting: true }, 'sku,quantity,action,reason,location\nS1,0,replace,Recount,\n'],
  ])('has the column for %s on an account with dynamic slotting', (_name, settings, text) => {
    expect(writerWith({ reason: 'Recount', ...settings }).fileOf(shipheroLines(1)).text).toBe(text);
  });

  it('calls its first column as the connection says', () => {
    const { text } = writerWith({ skuColumn: '#sku' }).fileOf(shipheroLines(1));
    expect(text).toBe('#sku,quantity,action,reason\nS1,0,replace,Stockbridge stock sync\n');
  });

  it('has 3,000 lines at most, its header among them', async () => {
    const { text } = writerWith().fileOf(shipheroLines(2_999));
    expect(text.trimEnd().split('\n')).toHaveLength(3_000);
    const failure = await failureOfCall((async () => writerWith().fileOf(shipheroLines(3_000)))());
    expect(failure.message).toBe('3000 lines in one call, ShipHero takes 2999');
  });

  // What a spreadsheet takes for a formula is a SKU like any other.
  const ODD = ['A,1', 'say "7"', 'two\nlines', 'a\rb', ' blank ', '=1+1', '-7', '@x', '007', '#1', 'ü€😀', 'A/B%2F'];

  it('gives back every SKU exactly as it is, also to a reader that trims', () => {
    const { text } = writerWith().fileOf(ODD.map((code) => line(code)));
    const column = (rows: unknown[][]) => rows.slice(1).map(([sku]) => sku);
    expect(column(parse(text))).toEqual(ODD);
    expect(rowsOf(text, 3_000)).toMatchObject({
      ok: true,
      rows: ODD.map((sku, index) => ({ row: index + 1, sku, fault: null })),
    });
  });

  it('is not made of a listing of another channel', async () => {
    const lines = [{ listing: listingOf('P1', 'V1'), quantity: 1 }];
    expect((await failureOfCall((async () => writerWith().fileOf(lines))())).type).toBe('InvariantBroken');
  });
});

describe('ShipHero', () => {
  it('says what its requests cost at most, and how long a job may take', () => {
    expect(writerWith()).toMatchObject({
      batchSize: 2_999,
      deadlineMs: 1_800_000,
      credits: { start: 10, stop: 10, read: 1, find: 51, page: 251 },
    });
    // Let in before the header was counted.
    expect(writerWith({ batchSize: 3_000 }).batchSize).toBe(2_999);
    const given = writerWith({ batchSize: 10, itemsPageSize: 5, syncDeadlineSeconds: 10 });
    expect(given).toMatchObject({ batchSize: 10, deadlineMs: 10_000, credits: { page: 6 } });
  });

  it('reads and writes no stock at once', () => {
    expect(opened()).not.toHaveProperty('inventoryReader');
    expect(opened()).not.toHaveProperty('inventoryWriter');
  });

  it.each<[object, string]>([
    [{}, 'username'],
    [{ username: 'u' }, 'password'],
    [{ password: 'p' }, 'username'],
    [{ username: ' ', password: 'p' }, 'username'],
    [{ refreshToken: '' }, 'refreshToken'],
  ])('names what is missing in the credentials %j', async (credentials, field) => {
    const failure = await failureOfCall((async () => opened({ credentials }))());
    expect(failure).toMatchObject({ type: 'InputInvalid', message: expect.stringContaining(`inputFields.${field}:`) });
  });

  describe('shares the gate of an account', () => {
    const base = { SHIPHERO_BASE_URL: 'https://a.test' };
    const gateOf = (credentials: object, settings: object = {}, endpoints: Record<string, string> = base) =>
      shipheroConnector.gate(
        shipheroConnection({ credentials, settings: { warehouseId: 'w', ...settings } }),
        endpoints,
      );
    const { key, requestsPerMinute } = gateOf(SHIPHERO_ACCOUNT);

    it('whatever else differs', () => {
      expect(key).toMatch(/^shiphero\/[0-9a-f]{64}$/);
      expect(requestsPerMinute).toBe(1_400);
      expect(gateOf({ ...SHIPHERO_ACCOUNT, password: 'new', refreshToken: 'r' }, { warehouseId: 'other' }).key).toBe(
        key,
      );
      expect(gateOf(SHIPHERO_ACCOUNT, { baseUrl: 'https://a.test/below' }, {}).key).toBe(key);
    });

    it('but not that of another account or host', () => {
      const keys = [
        key,
        gateOf({ ...SHIPHERO_ACCOUNT, username: 'other' }).key,
        gateOf({ refreshToken: 'r-1' }).key,
        gateOf({ refreshToken: 'r-2' }).key,
        gateOf(SHIPHERO_ACCOUNT, {}, { SHIPHERO_BASE_URL: 'https://b.test' }).key,
        gateOf(SHIPHERO_ACCOUNT, {}, {}).key,
      ];
      expect(new Set(keys).size).toBe(keys.length);
    });
  });

  describe('names a listing', () => {
    const item: WmsItem = { productId: 'P/1', variantId: '0022', sku: 'SKU 1', sellerSku: 'S%1' };
    const listingFor = (settings: object, given: WmsItem = item) =>
      shipheroConnector.listingFor(given, shipheroConnection({ settings }));

    it.each([
      [{}, 'SKU 1'],
      [{ listingFrom: 'sku' }, 'SKU 1'],
      [{ listingFrom: 'sellerSku' }, 'S%251'],
      [{ listingFrom: 'variantId' }, '0022'],
      [{ listingFrom: 'productId' }, 'P%2F1'],
    ])('by the settings %j', (settings, listing) => {
      expect(listingFor(settings)).toBe(listing);
    });

    it('by a code alone, whichever field codes come from', () => {
      const connection = shipheroConnection({ settings: { listingFrom: 'productId' } });
      expect(shipheroConnector.listingForCode('P/1', connection)).toBe('P%2F1');
    });

    it('but not of an item without the field', () => {
      expect(() => listingFor({ listingFrom: 'sellerSku' }, { sku: 'SKU 1' })).toThrow(/^sellerSku is missing$/);
    });
  });
});
