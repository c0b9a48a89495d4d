import type { Verdict } from '../../src/contracts/stock';
import { leave } from './lanes';
import { draft, levelOf, linesOf, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

let connectionId = 7_000;
/** Sends the lines once and settles them with the verdicts; returns how the push went. */
async function settled(verdicts: Record<string, Verdict['verdict']>) {
  connectionId += 1;
  const wanted = Object.keys(verdicts).map((listing, index) => [listing, index] as const);
  await stores.store(draft(linesOf(...wanted), { connectionId }));
  const start = await leave(stores.pushes, { connectionId, batchSize: 100 });
  if (!start) throw new Error('nothing is due');
  const said = start.lines.map(({ listing }): Verdict => {
    const verdict = verdicts[listing] ?? 'accepted';
    return verdict === 'accepted' ? { listing, verdict } : { listing, verdict, message: `${verdict} ${listing}` };
  });
  return stores.pushes.settle(start.pushId, start.attempt, start.lines, said, Date.now());
}

it('sends lines again at once that were not applied because of others, and counts them apart', async () => {
  expect(await settled({ A: 'unsent', B: 'rejected', C: 'unsent' })).toEqual({
    ...{ accepted: 0, rejected: 1, unknown: 0, unsent: 2 },
    sampleMessage: 'rejected B',
  });
  expect((await levelOf(stores, 'B', connectionId))?.state).toBe('rejected');
  expect(await levelOf(stores, 'A', connectionId)).toMatchObject({ state: 'dirty', acknowledgedQuantity: null });
  expect((await leave(stores.pushes, { connectionId }))?.lines).toHaveLength(2);
});

it('does not send them again at once where no line is rejected, so that it cannot go on for ever', async () => {
  await settled({ A: 'unsent', B: 'unsent' });
  expect(await leave(stores.pushes, { connectionId })).toBeUndefined();
  const { nextDueInMs } = await stores.pushes.findDue({ connectionId, batchSize: 100 }, 1);
  expect(nextDueInMs).toBeGreaterThan(0);
});

it('keeps the submission’s lines pending until they are decided', async () => {
  await settled({ A: 'unsent', B: 'rejected' });
  const lines = await stores.db.select<{ listing: string; status: string }>(
    'SELECT listing, status FROM submission_lines WHERE connectionId = ? ORDER BY listing',
    [connectionId],
  );
  expect(lines).toEqual([
    { listing: 'A', status: 'pending' },
    { listing: 'B', status: 'error' },
  ]);
});
