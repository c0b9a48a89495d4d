import { orderDetails, pushSummary, syncDetails } from '../../src/workflows/wording';

it('says of a push whose stock it is and whether only zero stock goes', () => {
  expect(pushSummary('Ajio', false)).toBe('Ajio · what is most urgent');
  expect(pushSummary('Ajio', true)).toBe('Ajio · zero stock');
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
