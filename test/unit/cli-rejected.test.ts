import { oneLine, table } from '../../src/cli/output';
import { createGroups, reasonOf } from '../../src/cli/rejected-groups';
import type { RejectedLevel } from '../../src/store/rejected-levels';

const level = (listing: string, error: string | null, changes: Partial<RejectedLevel> = {}): RejectedLevel => ({
  listing,
  locationId: '',
  desiredQuantity: 1,
  acknowledgedQuantity: null,
  sinceMs: 1_000,
  error,
  ...changes,
});

describe('refused lines', () => {
  it.each([
    ['P100/V200', 'Product P100/V200 not found', 'Product … not found'],
    ['P100/V200', 'no P100 with V200', 'no … with …'],
    ['A%2FB', 'A/B is unknown', '… is unknown'],
    ['P1/7', 'limit is 7', 'limit is 7'],
    ['%E0%A4%A', 'broken', 'broken'],
    ['P1', null, 'no reason was told'],
    ['P1', ' ', 'no reason was told'],
  ])('%s refused with %j is "%s"', (listing, error, reason) => expect(reasonOf({ listing, error })).toBe(reason));

  it('are grouped by reason, the largest group first, with samples and what is at zero', () => {
    const groups = createGroups();
    groups.add(level('SKU-0', 'price is missing', { sinceMs: 5 }));
    for (let n = 1; n <= 5; n += 1)
      groups.add(level(`SKU-${n}`, `SKU-${n} not found`, { desiredQuantity: n % 2, sinceMs: 100 - n }));
    expect(groups.all()).toMatchObject([
      { reason: '… not found', lines: 5, zeros: 2, sinceMs: 95, samples: [{}, {}, { listing: 'SKU-3' }] },
      { reason: 'price is missing', lines: 1, zeros: 0, sinceMs: 5 },
    ]);
  });
});

describe('words of others', () => {
  it('stay on one line and move no cursor', () => {
    expect(oneLine('a\r\n\u001b[31mred\u2028end')).toBe('a [31mred end');
    expect(oneLine('0123456789', 5)).toBe('0123…');
    expect(table(['a'], [['x\ny\u001b[2J']])).toEqual(['a', 'x y [2J']);
  });
});
