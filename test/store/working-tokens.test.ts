import { createWorkingTokenStore } from '../../src/store/working-tokens';
import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

it('knows which tokens were taken, in whatever order several processes note it', async () => {
  const { workingTokens } = stores;
  const pool = stores.openPool();
  const other = createWorkingTokenStore(pool);
  expect(await workingTokens.has(294, 1)).toBe(false);
  await Promise.all([workingTokens.note(294, 2), other.note(294, 1), workingTokens.note(295, 7)]);
  await other.note(294, 1);
  const known = [1, 2, 3].map((generation) => other.has(294, generation));
  expect(await Promise.all(known)).toEqual([true, true, false]);
  await pool.close();
});

it('writes once for each token', async () => {
  const { workingTokens } = stores;
  await workingTokens.note(300, 4);
  await stores.db.change('DELETE FROM working_tokens WHERE connectionId = 300', []);
  await workingTokens.note(300, 4);
  expect(await workingTokens.has(300, 4)).toBe(false);
  await workingTokens.note(300, 5);
  expect(await workingTokens.has(300, 5)).toBe(true);
});
