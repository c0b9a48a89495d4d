import type { Verdict } from '../../src/contracts/stock';
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
  const [push] = (await stores.pushes.plan(connectionId, 100, 1)).pushes;
  const start = await stores.pushes.beginAttempt(push?.pushId ?? '');
  if (!start.open) throw new Error('a planned push is closed');
  const said = start.lines.map(({ listing }): Verdict => {
    const verdict = verdicts[listing] ?? 'accepted';
    return verdict === 'accepted' ? { listing, verdict } : { listing, verdict, message: `${verdict} ${listing}` };
  });
  return stores.pushes.settle(push?.pushId ?? '', start.attempt, start.lines, said, Date.now());
}

it('sends lines again at once that were not applied because of others, and counts them apart', async () => {
  expect(await settled({ A: 'unsent', B: 'rejected', C: 'unsent' })).toEqual({
    ...{ accepted: 0, rejected: 1, unknown: 0, unsent: 2 },
    sampleMessage: 'rejected B',
  });
  expect((await levelOf(stores, 'B', connectionId))?.state).toBe('rejected');
  expect(await levelOf(stores, 'A', connectionId)).toMatchObject({ state: 'dirty', acknowledgedQuantity: null });
  const { pushes, nextDueInMs } = await stores.pushes.plan(connectionId, 100, 9);
  expect(pushes).toMatchObject([{ lineCount: 2 }]);
  expect(nextDueInMs).toBeNull();
});

it('does not send them again at once where no line is rejected, so that it cannot go on for ever', async () => {
  await settled({ A: 'unsent', B: 'unsent' });
  const { pushes, nextDueInMs } = await stores.pushes.plan(connectionId, 100, 9);
  expect(pushes).toEqual([]);
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
