import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { SHIPHERO_LOGIN } from '../stand/stand';
import { eventually } from '../stand/waiting';

let scene: Scene;
let nextId = 3_501;
const add = (settings: object = {}) => addShiphero(scene.stand, nextId++, settings);
const runOf = ({ id }: { id: number }) => inventorySyncWorkflowId(id);
const stockOf = (count: number, quantity = 4) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`S${index}`, quantity]));
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());
beforeEach(async () => {
  scene.stand.shiphero.reset();
  // What was learned of an account that the reset has changed.
  await scene.stand.stores.db.change('DELETE FROM credits', []);
});

test('a row that is called error_not_found ends as an error with its reason, and no file is sent again', async () => {
  const hero = await add();
  scene.stand.shiphero.setState({
    knownSkus: ['S0'],
    statusWords: { error: 'error_partial' },
    rowWords: { error: 'error_not_found' },
  });
  const submissionId = await hero.send(stockOf(2));
  await hero.settled();
  expect(await hero.lines(submissionId)).toMatchObject([
    { listing: 'S0', status: 'success' },
    { listing: 'S1', status: 'error', error: 'SKU does not exist in this warehouse' },
  ]);
  expect(await scene.see.result(runOf(hero))).toMatchObject({ accepted: 1, rejected: 1, unknown: 0 });
  expect(hero.syncs()).toHaveLength(1);
});

test('a sync that is called error_unknown has ended: it says so, what was applied counts, the rest goes out again', async () => {
  const hero = await add();
  const { shiphero } = scene.stand;
  shiphero.setState({ endsEarlyAfter: 2, statusWords: { error: 'error_unknown' } });
  const submissionId = await hero.send(stockOf(5));
  await scene.see.untilAttention(runOf(hero), 'shiphero_unavailable');
  expect(await scene.see.details(runOf(hero))).toContain('error_unknown');
  expect((await hero.lines(submissionId)).map(({ status }) => status)).toEqual([
    ...['success', 'success'],
    ...['pending', 'pending', 'pending'],
  ]);
  shiphero.setState({ endsEarlyAfter: null });
  await scene.see.retry(runOf(hero));
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(5));
  expect(hero.syncs().map(({ items }) => items.length)).toEqual([5, 3]);
  await scene.see.result(runOf(hero));
  expect(await scene.see.attention(runOf(hero))).toBeUndefined();
});

test('a sync in a word that nobody has published goes on until its deadline, and the word is told', async () => {
  const hero = await add({ syncDeadlineSeconds: 10 });
  const { shiphero } = scene.stand;
  shiphero.setState({ statusWords: { processing: 'chewing' } });
  // Aborting is refused, so that the word is the last that is heard.
  shiphero.setFaults([
    { kind: 'stuck', afterRows: 1, times: 1, on: { operation: 'inventory_sync' } },
    {
      kind: 'status',
      status: 200,
      body: { errors: [{ code: 4, message: 'cannot be aborted' }], data: { inventory_sync_abort: null } },
      on: { operation: 'inventory_sync_abort' },
    },
  ]);
  await hero.send(stockOf(3));
  await scene.see.untilAttention(runOf(hero), 'shiphero_stuck');
  expect(await scene.see.details(runOf(hero))).toContain('chewing');
  await scene.see.retry(runOf(hero));
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(3));
});

test('a row in a word that nobody has published goes out again, and a person is told the word', async () => {
  const hero = await add();
  const { shiphero } = scene.stand;
  shiphero.setState({ knownSkus: ['S0', 'S2'], rowWords: { error: 'eaten' } });
  await hero.send(stockOf(3));
  await scene.see.untilAttention(runOf(hero), 'shiphero_contract_violated');
  expect(await scene.see.details(runOf(hero))).toContain('ShipHero calls the row eaten');
  expect(hero.shown()).toEqual({ S0: 4, S2: 4 });
  shiphero.setState({ knownSkus: null });
  await eventually('it has gone out again', () => hero.shown().S1);
  await hero.settled();
});

test('credits are counted as the account has them, also where less was paid than might have been', async () => {
  const hero = await add();
  const { shiphero, stores } = scene.stand;
  const { username } = SHIPHERO_LOGIN;
  shiphero.setState({
    knownSkus: ['S0'],
    chargesReturned: true,
    mutationCost: 0,
    quota: { maxAvailable: 4_004, incrementRate: 1 },
    creditsRemaining: { [username]: 2_000 },
  });
  await hero.send(stockOf(5));
  await hero.settled();
  await scene.see.result(runOf(hero));
  const counted = async () => {
    const [account] = await stores.db.select<{ credits: number }>(
      `SELECT creditsLeft + (UNIX_TIMESTAMP(NOW(3)) * 1000 - countedAtMs) * perSecond / 1000 AS credits FROM credits`,
      [],
    );
    return account?.credits ?? Number.NaN;
  };
  const ours = await counted();
  const theirs = shiphero.state().creditsRemaining[username] ?? 0;
  expect(ours).toBeLessThanOrEqual(theirs + 1);
  // Reserved were 20 for start and stop and 251 for a page; a credit a second comes back while nobody looks.
  expect(theirs - ours).toBeLessThan(100);
  expect(shiphero.state().violations).toMatchObject({ throttled: 0, badBody: 0 });
});
