import { parseWmsTime } from '../../src/starter/wms-time';

const iso = (text: string, zone = 'Asia/Kolkata') => {
  const ms = parseWmsTime(text, zone);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

it.each([
  ['2022-06-09 14:12:19', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09 14:12:19.250', '2022-06-09T08:42:19.250Z'],
  [' 2022-06-09 14:12:19 ', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09T14:12:19', '2022-06-09T08:42:19.000Z'],
])('reads %j in the zone of the connection', (text, expected) => {
  expect(iso(text)).toBe(expected);
});

it.each([
  ['2022-06-09T14:12:19Z', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09T14:12:19+02:00', '2022-06-09T12:12:19.000Z'],
  ['2022-06-09T14:12:19.5-05:00', '2022-06-09T19:12:19.500Z'],
])('believes the zone that stands in %j', (text, expected) => {
  expect(iso(text)).toBe(expected);
});

it('knows summer time', () => {
  expect(iso('2024-03-30 12:00:00', 'Europe/Berlin')).toBe('2024-03-30T11:00:00.000Z');
  expect(iso('2024-03-31 12:00:00', 'Europe/Berlin')).toBe('2024-03-31T10:00:00.000Z');
});

it('gives an hour that summer time skips or repeats one meaning', () => {
  expect(iso('2024-03-31 02:30:00', 'Europe/Berlin')).toBe('2024-03-31T01:30:00.000Z');
  expect(iso('2024-10-27 02:30:00', 'Europe/Berlin')).toMatch(/^2024-10-27T0[01]:30:00.000Z$/);
});

it.each([
  '',
  'yesterday',
  '2022-13-01 00:00:00',
  '2022-02-30 00:00:00',
  '2022-06-09 25:00:00',
  '09/06/2022 14:12:19',
  '1654764139',
  'null',
])('%j is no time', (text) => {
  expect(iso(text)).toBeUndefined();
});

it.each(['14:12:19', '14:12', '2022', '2022-06', '20220609', '2022-W23-4'])(
  '%j is no moment, so nothing is made up for what is missing',
  (text) => {
    expect(iso(text)).toBeUndefined();
  },
);

it.each(['0000-01-01 00:00:00', '1969-12-31 23:00:00', '9999-12-31 23:59:59', '+275760-09-13T00:00:00Z'])(
  '%j is out of range',
  (text) => {
    expect(iso(text)).toBeUndefined();
  },
);
