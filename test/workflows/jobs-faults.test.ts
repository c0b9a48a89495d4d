import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { eventually } from '../stand/waiting';

let scene: Scene;
let nextId = 3_101;
const add = (settings: object = {}) => addShiphero(scene.stand, nextId++, settings);
const runOf = ({ id }: { id: number }) => inventorySyncWorkflowId(id);
const stockOf = (count: number, quantity = 4) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`S${index}`, quantity]));
const violations = () => Object.entries(scene.stand.shiphero.state().violations).filter(([, count]) => count > 0);
const operations = () => scene.stand.shiphero.state().operations;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());
beforeEach(async () => {
  scene.stand.shiphero.reset();
  // What was learned of an account that the reset has changed.
  await scene.stand.stores.db.change('DELETE FROM credits', []);
});

test('a job that never ends is stopped at its deadline: what it applied counts, the rest goes out again', async () => {
  const hero = await add({ syncDeadlineSeconds: 10 });
  const { shiphero } = scene.stand;
  shiphero.setFaults([{ kind: 'stuck', afterRows: 5, times: 1, on: { operation: 'inventory_sync' } }]);
  const submissionId = await hero.send(stockOf(20));
  await scene.see.untilAttention(runOf(hero), 'shiphero_stuck');
  expect(hero.syncs()).toMatchObject([{ status: 'aborted', error: 'Did not end in time', successCount: 5 }]);
  const statuses = (await hero.lines(submissionId)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 'success')).toHaveLength(5);
  await scene.see.retry(runOf(hero));
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(20));
  expect(hero.syncs().map(({ status, items }) => [status, items.length])).toEqual([
    ['aborted', 20],
    ['success', 15],
  ]);
  expect(violations()).toEqual([]);
  await scene.see.result(runOf(hero));
  expect(await scene.see.attention(runOf(hero))).toBeUndefined();
});

test('a job that somebody aborts over there: applied rows are delivered, the others go out again', async () => {
  const hero = await add();
  // So slowly that it is still in the middle when it is aborted.
  scene.stand.shiphero.setState({ rowsPerSecond: 2 });
  await hero.send(stockOf(40));
  const sync = await eventually('half of it is applied', () =>
    hero.syncs().find(({ successCount }) => successCount > 5),
  );
  const query = `mutation { inventory_sync_abort(data: {sync_id: "${sync.id}", reason: "by hand"}) { request_id } }`;
  const token = scene.stand.shiphero.issueToken('test-hero');
  await fetch(`${scene.stand.shiphero.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  scene.stand.shiphero.setState({ rowsPerSecond: 1_000 });
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(40));
  const [aborted, second] = hero.syncs();
  expect(aborted?.status).toBe('aborted');
  expect(second?.items).toHaveLength(40 - (aborted?.successCount ?? 0));
});

test('a job whose start was not answered is found by its file, and there is no second one', async () => {
  const hero = await add();
  scene.stand.shiphero.setFaults([{ kind: 'reset-after-applying', times: 1, on: { operation: 'inventory_sync' } }]);
  await hero.send(stockOf(10));
  await hero.settled();
  expect(hero.syncs()).toHaveLength(1);
  expect(operations()).toMatchObject({ inventory_sync: 1, inventory_sync_statuses: 1 });
});

test('a job whose start never arrived loses its file, and another one is started', async () => {
  const hero = await add();
  scene.stand.shiphero.setFaults([{ kind: 'reset', times: 1, on: { operation: 'inventory_sync' } }]);
  await hero.send(stockOf(10));
  await hero.settled();
  expect(hero.syncs()).toHaveLength(1);
  // A job is stored as ended after its lines are.
  await scene.see.result(runOf(hero));
  const files = await scene.stand.stores.db.select<{ file: string | null; state: string }>(
    'SELECT file, state FROM push_jobs WHERE connectionId = ? ORDER BY attempt',
    [hero.id],
  );
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(file).toEqual({ file: null, state: 'ended' });
});

test('news for a listing waits for the job that names it', async () => {
  const hero = await add();
  scene.stand.shiphero.setState({ rowsPerSecond: 10 });
  await hero.send(stockOf(20, 4));
  await eventually('it runs', () => hero.syncs().find(({ successCount }) => successCount > 2));
  await hero.send(stockOf(20, 9));
  scene.stand.shiphero.setState({ rowsPerSecond: 200 });
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(20, 9));
  expect(hero.syncs()).toHaveLength(2);
  expect(violations()).toEqual([]);
});

test('a restarted worker goes on with the job that is under way', async () => {
  const hero = await add();
  scene.stand.shiphero.setState({ rowsPerSecond: 10 });
  await hero.send(stockOf(40));
  await eventually('it runs', () => hero.syncs().find(({ successCount }) => successCount > 2));
  await scene.stand.stopWorkers();
  await scene.stand.startWorkers();
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(40));
  expect(hero.syncs()).toHaveLength(1);
});

test('a token that dies while a job runs is refreshed once', async () => {
  const hero = await add();
  scene.stand.shiphero.setState({ rowsPerSecond: 20 });
  scene.stand.shiphero.setFaults([{ kind: 'expire-token', times: 1, on: { operation: 'inventory_sync_status' } }]);
  await hero.send(stockOf(20));
  await hero.settled();
  const { refreshes } = scene.stand.shiphero.state();
  expect(refreshes).toEqual({ 'test-hero': 1 });
  expect(hero.syncs()).toHaveLength(1);
});

test('an answer that cannot be read is asked for again; its job keeps its lines', async () => {
  const hero = await add();
  scene.stand.shiphero.setFaults([{ kind: 'garbage', times: 1, on: { operation: 'inventory_sync_status' } }]);
  await hero.send(stockOf(20));
  await scene.see.untilAttention(runOf(hero), 'shiphero_contract_violated');
  await scene.see.retry(runOf(hero));
  await hero.settled();
  expect(hero.syncs()).toHaveLength(1);
  expect(hero.shown()).toEqual(stockOf(20));
});

test('many rows at fault are read page by page; status words that nobody knows do no harm', async () => {
  const hero = await add({ itemsPageSize: 20 });
  scene.stand.shiphero.setState({ knownSkus: ['S0', 'S1'], statusWords: { processing: 'chewing', pending: 'hungry' } });
  const submissionId = await hero.send(stockOf(70));
  await hero.settled();
  const lines = await hero.lines(submissionId);
  expect(lines.filter(({ status }) => status === 'success').map(({ listing }) => listing)).toEqual(['S0', 'S1']);
  expect(lines.filter(({ error }) => error === 'SKU does not exist in this warehouse')).toHaveLength(68);
});

test('ten jobs at once on one account, more than its credits suffice for: all are done and none was refused for that', async () => {
  scene.stand.shiphero.setState({
    // Far below its maximum, where an account gains nothing while what was reserved is on its way.
    quota: { maxAvailable: 4_000, incrementRate: 20 },
    creditsRemaining: { 'test-hero': 60 },
  });
  const heroes = [];
  for (let index = 0; index < 10; index++) heroes.push(await add());
  await Promise.all(heroes.map((hero) => hero.send(stockOf(5))));
  for (const hero of heroes) await hero.settled();
  for (const hero of heroes) expect(hero.shown()).toEqual(stockOf(5));
  expect(violations()).toEqual([]);
});

test('credits that others spent make it wait as long as it is told, and nothing is lost', async () => {
  const hero = await add();
  await hero.send(stockOf(5, 1));
  await hero.settled();
  scene.stand.shiphero.setState({
    creditsRemaining: { 'test-hero': 0 },
    quota: { maxAvailable: 100, incrementRate: 5 },
  });
  await hero.send(stockOf(5, 2));
  await hero.settled();
  expect(hero.shown()).toEqual(stockOf(5, 2));
  expect(scene.stand.shiphero.state().violations.throttled).toBeLessThanOrEqual(2);
});
