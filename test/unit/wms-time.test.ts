import { readWmsTime } from '../../src/starter/wms-time';

const iso = (text: string, zone = 'Asia/Kolkata') => {
  const read = readWmsTime(text, zone);
  return 'fault' in read ? undefined : read.momentsMs.map((ms) => new Date(ms).toISOString()).join(' or ');
};
const faultOf = (text: string, zone = 'Asia/Kolkata') => {
  const read = readWmsTime(text, zone);
  return 'fault' in read ? read.fault : undefined;
};

it.each([
  ['2022-06-09 14:12:19', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09 14:12:19.250', '2022-06-09T08:42:19.250Z'],
  [' 2022-06-09 14:12:19 ', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09T14:12:19', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09 14:12:19.0', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09 14:12:19.123456', '2022-06-09T08:42:19.123Z'],
  ['2022-06-09 14:12:19,123', '2022-06-09T08:42:19.123Z'],
  ['2022-06-09T14:12:19.999999999', '2022-06-09T08:42:19.999Z'],
  ['2022-06-09T14:12', '2022-06-09T08:42:00.000Z'],
  ['Thu Jun  9 14:12:19 2022', '2022-06-09T08:42:19.000Z'],
])('reads %j in the zone of the connection', (text, expected) => {
  expect(iso(text)).toBe(expected);
  expect(readWmsTime(text, 'Asia/Kolkata')).toMatchObject({ isLocal: true });
});

it.each([
  ['2022-06-09T14:12:19Z', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09t14:12:19z', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09T14:12Z', '2022-06-09T14:12:00.000Z'],
  ['2022-06-09T14:12:19+02:00', '2022-06-09T12:12:19.000Z'],
  ['2022-06-09T14:12:19+0000', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09T14:12:19.5-05:00', '2022-06-09T19:12:19.500Z'],
  ['2022-06-09T14:12:19.123456789Z', '2022-06-09T14:12:19.123Z'],
  ['2022-06-09T14:12:19.123456789+05:30[Asia/Kolkata]', '2022-06-09T08:42:19.123Z'],
  ['2022-06-09T14:12:19Z[UTC]', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09T14:12:19[Europe/Berlin]', '2022-06-09T12:12:19.000Z'],
  ['2022-06-09 14:12:19.123456+00:00', '2022-06-09T14:12:19.123Z'],
  ['2022-06-09 14:12:19+05', '2022-06-09T09:12:19.000Z'],
  ['2022-06-09 14:12:19Z', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09 14:12:19 Z', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09 14:12:19 UTC', '2022-06-09T14:12:19.000Z'],
  ['2022-06-09 14:12:19 +0530', '2022-06-09T08:42:19.000Z'],
  ['2022-06-09 14:12:19.5 +0530 IST', '2022-06-09T08:42:19.500Z'],
  ['2022-06-09 14:12:19 IST', '2022-06-09T08:42:19.000Z'],
  ['Thu Jun 09 14:12:19 UTC 2022', '2022-06-09T14:12:19.000Z'],
  ['Thu Jun 09 14:12:19 IST 2022', '2022-06-09T08:42:19.000Z'],
  ['Thu Jun 09 14:12:19 GMT+05:30 2022', '2022-06-09T08:42:19.000Z'],
  ['Thu Jun 09 14:12:19 PDT 2022', '2022-06-09T21:12:19.000Z'],
  ['Thu Jun 09 2022 14:12:19 GMT+0530 (India Standard Time)', '2022-06-09T08:42:19.000Z'],
  ['Thu Jun 09 2022 14:12:19 GMT+0200 (Mitteleuropäische Sommerzeit)', '2022-06-09T12:12:19.000Z'],
  ['Thu, 09 Jun 2022 14:12:19 GMT', '2022-06-09T14:12:19.000Z'],
  ['1654764139123', '2022-06-09T08:42:19.123Z'],
])('believes the zone that stands in %j', (text, expected) => {
  expect(iso(text)).toBe(expected);
  expect(readWmsTime(text, 'Asia/Kolkata')).toMatchObject({ isLocal: false });
});

it('reads what this program prints itself', () => {
  const now = new Date(1_654_764_139_000);
  for (const text of [now.toISOString(), now.toString(), now.toUTCString(), String(now.getTime())])
    expect(iso(text)).toBe(now.toISOString());
});

it('knows summer time', () => {
  expect(iso('2024-03-30 12:00:00', 'Europe/Berlin')).toBe('2024-03-30T11:00:00.000Z');
  expect(iso('2024-03-31 12:00:00', 'Europe/Berlin')).toBe('2024-03-31T10:00:00.000Z');
});

it('gives an hour that summer time skips one meaning, and one that it repeats both', () => {
  expect(iso('2024-03-31 02:30:00', 'Europe/Berlin')).toBe('2024-03-31T01:30:00.000Z');
  expect(iso('2024-10-27 02:30:00', 'Europe/Berlin')).toBe('2024-10-27T00:30:00.000Z or 2024-10-27T01:30:00.000Z');
  expect(iso('2024-11-03 01:50:00', 'America/New_York')).toBe('2024-11-03T05:50:00.000Z or 2024-11-03T06:50:00.000Z');
});

it('takes the name of the zone for what tells the two apart', () => {
  expect(iso('Sun Nov 03 01:50:00 EDT 2024', 'America/New_York')).toBe('2024-11-03T05:50:00.000Z');
  expect(iso('Sun Nov 03 01:50:00 EST 2024', 'America/New_York')).toBe('2024-11-03T06:50:00.000Z');
});

it.each([
  '',
  'yesterday',
  '2022-13-01 00:00:00',
  '2022-02-30 00:00:00',
  '2022-02-30T00:00:00Z',
  '2022-06-09 25:00:00',
  '2022-06-09 14:60:00',
  '2022-06-09 14:12:19+25:00',
  '2022-06-09T14:12:19[Nowhere/Land]',
  'Wed Feb 30 14:12:19 UTC 2022',
  'Fri Jun 09 14:12:19 UTC 2022',
  '09/06/2022 14:12:19',
  '1654764139',
  'null',
  'NaN',
])('%j is no time', (text) => {
  expect(iso(text)).toBeUndefined();
});

it('says what is wrong', () => {
  expect(faultOf('2022-06-09')).toContain('a date without a time');
  expect(faultOf('2022-02-30 00:00:00')).toContain('the calendar has no such day');
  expect(faultOf('Thu Jun 09 14:12:19 XYZ 2022')).toContain('its time zone is not known');
  expect(faultOf('Thu Jun 09 14:12:19 IST 2022', 'UTC')).toContain('its time zone is not known');
  expect(faultOf('soon')).toBe('is no time like 2022-06-09 14:12:19');
});

it.each(['14:12:19', '14:12', '2022', '2022-06', '2022-06-09', '20220609', '2022-W23-4'])(
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
