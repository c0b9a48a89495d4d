import {
  accountIdOf,
  connectionIdOf,
  isSyncId,
  newRequestId,
  ROW_CURSORS,
  SYNC_CURSORS,
  timeOf,
  userIdOf,
  warehouseIdOf,
} from '../../src/starter/inventory-sync/ids';
import { seededRandom } from '../../src/twins/faults';

const ID = '5d9624b054de070001fd3132';

it('makes ids of warehouses, accounts and users as the protocol does', () => {
  expect(warehouseIdOf(4350)).toBe('V2FyZWhvdXNlOjQzNTA=');
  expect(accountIdOf('3805')).toBe('QWNjb3VudDozODA1');
  expect(userIdOf('912')).toBe('VXNlcjo5MTI=');
});

it('reads a warehouse by its id, with or without padding, and by its plain number', () => {
  expect(['V2FyZWhvdXNlOjQzNTA=', 'V2FyZWhvdXNlOjQzNTA', '4350'].map(connectionIdOf)).toEqual([4350, 4350, 4350]);
});

it.each(['', ' 4350', '-1', '1.5', '1e3', '9'.repeat(16), 'V2FyZdfhens73hsA=', accountIdOf('3805'), '__proto__'])(
  'reads no warehouse from %j',
  (text) => {
    expect(connectionIdOf(text)).toBeUndefined();
  },
);

it('knows the form of a sync’s id', () => {
  expect([ID, `${ID} `, ID.toUpperCase(), ID.slice(1), `${ID}a`, ''].map(isSyncId)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

it('names every request anew', () => {
  expect(newRequestId()).toMatch(/^[0-9a-f]{24}$/);
  expect(newRequestId()).not.toBe(newRequestId());
});

it('tells times in whole seconds with an offset', () => {
  expect(timeOf(Date.UTC(2019, 9, 3, 16, 41, 20, 999))).toBe('2019-10-03T16:41:20+00:00');
});

it('reads back the cursors that it makes', () => {
  const place = { id: ID, createdAtMs: 1_700_000_000_123 };
  expect(SYNC_CURSORS.read(SYNC_CURSORS.make(place))).toEqual(place);
  expect(ROW_CURSORS.read(ROW_CURSORS.make(3000))).toBe(3000);
});

it('reads no cursor that another list made, nor one that is none', () => {
  const random = seededRandom(7);
  const noise = () => Buffer.from(Array.from({ length: 30 }, () => Math.floor(random() * 256))).toString('base64');
  const texts = ['', '0', 'row:1', '💣', ...Array.from({ length: 200 }, noise)];
  for (const text of texts) {
    expect(ROW_CURSORS.read(text)).toBeUndefined();
    expect(SYNC_CURSORS.read(text)).toBeUndefined();
  }
  expect(ROW_CURSORS.read(SYNC_CURSORS.make({ id: ID, createdAtMs: 1 }))).toBeUndefined();
  expect(SYNC_CURSORS.read(ROW_CURSORS.make(1))).toBeUndefined();
  const beyond = Buffer.from(`sync:999999999999999:${ID}`).toString('base64');
  expect(SYNC_CURSORS.read(beyond)).toBeUndefined();
});
