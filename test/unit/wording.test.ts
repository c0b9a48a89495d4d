import { orderDetails, pushSummary, syncDetails } from '../../src/workflows/wording';

it.each([
  [1, 0, 'Ajio · 1 line'],
  [20, 0, 'Ajio · 20 lines'],
  [20, 3, 'Ajio · 20 lines, 3 at zero'],
])('says of a push of %d lines, %d at zero: %s', (lineCount, zeroCount, words) => {
  expect(pushSummary('Ajio', { pushId: 'P', lineCount, zeroCount })).toBe(words);
});

it('shows where a sync stands as a table, with a remark below it', () => {
  const totals = { pushes: 2, accepted: 30, rejected: 1, unknown: 0 };
  const details = syncDetails('Ajio', totals);
  expect(details).toMatch(/^### Stock for Ajio\n\n\| calls .*\n\|---.*\n\| 2 \| 30 \| 1 \| 0 \|$/);
  expect(syncDetails('Ajio', totals, 'It rests.')).toBe(`${details}\n\nIt rests.`);
});

it('shows where an order stands', () => {
  expect(orderDetails('O-1', 'Cancelled')).toBe('### Order O-1\n\nCancelled.');
});
