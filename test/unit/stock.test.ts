import { compareVersions, messageIdOf, versionIdOf } from '../../src/contracts/stock';

const version = (publishedAtMs: number, messageId: string) => ({ publishedAtMs, messageId });

it('takes the later publication for newer, whatever the message id', () => {
  expect(compareVersions(version(2, 'a'), version(1, 'b'))).toBeGreaterThan(0);
  expect(compareVersions(version(1, 'b'), version(2, 'a'))).toBeLessThan(0);
});

it('orders equal times by message id', () => {
  expect(compareVersions(version(1, 'b'), version(1, 'a'))).toBeGreaterThan(0);
  expect(compareVersions(version(1, 'a'), version(1, 'b'))).toBeLessThan(0);
  expect(compareVersions(version(1, 'a'), version(1, 'a'))).toBe(0);
});

it.each([
  ['99', '100'],
  ['9'.repeat(9), `1${'0'.repeat(9)}`],
  ['evt-9', 'evt-10'],
  ['a9b', 'a10b'],
  ['evt', 'evt-1'],
  ['evt-1', 'evt-1-1'],
  ['1.9', '1.10'],
  ['2026-11-24/9', '2026-11-24/10'],
  ['x0099', 'x100'],
  ['9'.repeat(99), `1${'0'.repeat(99)}`],
  ['a', 'b'],
  ['B', 'a'],
  ['\uff5e', '😀'],
])('takes %j for older than %j', (older, newer) => {
  expect(compareVersions(version(1, newer), version(1, older))).toBeGreaterThan(0);
  expect(compareVersions(version(1, older), version(1, newer))).toBeLessThan(0);
});

it('tells apart what only zeros in front tell apart, after everything else', () => {
  expect(compareVersions(version(1, '7'), version(1, '07'))).not.toBe(0);
  expect(compareVersions(version(1, '07-10'), version(1, '7-9'))).toBeGreaterThan(0);
  expect(compareVersions(version(1, '7-10'), version(1, '07-9'))).toBeGreaterThan(0);
  expect(compareVersions(version(1, '00'), version(1, '0'))).not.toBe(0);
});

it('leaves ULIDs and UUIDs the order that they were made in', () => {
  expect(
    compareVersions(version(1, '01JDE9Z0000000000000000000'), version(1, '01JDE10000000000000000000Z')),
  ).toBeGreaterThan(0);
  const uuid = (start: string) => `${start}-7abc-8def-0123456789ab`;
  expect(compareVersions(version(1, uuid('0192f0a9-b000')), version(1, uuid('0192f0a1-0b00')))).toBeGreaterThan(0);
  expect(compareVersions(version(1, uuid('0192f09f-0000')), version(1, uuid('0192f010-f000')))).toBeGreaterThan(0);
});

it.each(['9', '007', 'evt-10', '01JDE9Z0000000000000000000', 'a b', '~', '~a', 'tab\tand 0', '00 0', '日本 😀 12'])(
  'keeps %j so that it can be shown again',
  (id) => {
    expect(messageIdOf(versionIdOf(id))).toBe(id);
    expect(messageIdOf(id)).toBe(id);
  },
);

it('keeps an id of a hundred characters in 302', () => {
  for (const id of ['1a'.repeat(50), '1 '.repeat(50), '\u0001'.repeat(100), '00x'.repeat(33), '9'.repeat(100)])
    expect(versionIdOf(id).length).toBeLessThanOrEqual(302);
});
