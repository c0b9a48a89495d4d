import { compareVersions } from '../../src/contracts/stock';

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

it('orders message ids as the database does: by code point, digits as text', () => {
  expect(compareVersions(version(1, '9'), version(1, '10'))).toBeGreaterThan(0);
  expect(compareVersions(version(1, 'a'), version(1, 'B'))).toBeGreaterThan(0);
  expect(compareVersions(version(1, '😀'), version(1, '\uff5e'))).toBeGreaterThan(0);
});
