import { z } from 'zod';
import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import { fetchHistory } from '../stand/histories';
import { addIncreff } from '../stand/increff';
import { type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
  // The limit has a test of its own; here it would only make the others slow.
});
afterEach(() => {
  stand.increff.clearFaults();
  stand.increff.clearLog();
  stand.increff.setState({ poison: [], knownSkus: null, respellCodes: false, omittedLists: 'none' });
});
afterAll(() => stand.stop());

const body = z.object({ products: z.array(z.object({ channelSkuCode: z.string(), quantity: z.number() })) });
const stockOf = (prefix: string, count: number, quantity: (index: number) => number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, quantity(index)]));

test('3,000 changed listings are exactly 10 calls, zero stock first, at no more history a call than 300', async () => {
  const small = await addIncreff(stand, 2_001, 'increff-oms');
  await small.send(stockOf('S', 300, (index) => index % 9));
  await small.settled();
  const large = await addIncreff(stand, 2_002, 'increff-oms');
  stand.increff.clearLog();
  await large.send(stockOf('L', 3_000, (index) => (index % 12 === 0 ? 0 : 5)));
  await large.settled();
  const calls = large.calls().map((entry) => body.parse(entry.body).products);
  expect(calls.map((products) => products.length)).toEqual(Array.from({ length: 10 }, () => 300));
  expect(calls[0]?.filter(({ quantity }) => quantity === 0)).toHaveLength(250);
  const run = (id: number) => stand.client.workflow.getHandle(inventorySyncWorkflowId(id));
  await Promise.all([run(2_001).result(), run(2_002).result()]);
  const [few, many] = await Promise.all(
    [2_001, 2_002].map((id) => fetchHistory(stand.client, inventorySyncWorkflowId(id))),
  );
  expect((many?.events.length ?? Number.NaN) / 10).toBeLessThanOrEqual(few?.events.length ?? 0);
});

test('one bad line among 300 is found by halving, refused with the channel’s words, and the others are delivered', async () => {
  const connection = await addIncreff(stand, 2_003, 'increff-oms');
  stand.increff.setState({ poison: ['H137'] });
  const submissionId = await connection.send(stockOf('H', 300, (index) => index));
  await connection.settled();
  expect(connection.calls().length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(300)) + 1);
  const lines = await eventually('all lines decided', async () => {
    const decided = await connection.lines(submissionId);
    return decided.every(({ status }) => status !== 'pending') ? decided : undefined;
  });
  expect(lines.filter(({ status }) => status === 'success')).toHaveLength(299);
  expect(lines.filter(({ status }) => status !== 'success')).toMatchObject([{ listing: 'H137', status: 'error' }]);
  expect(lines.find(({ status }) => status === 'error')?.error).not.toBe('');
});

test('a SKU in a failure list is refused, one in neither list is unknown and goes again with its current value', async () => {
  const connection = await addIncreff(stand, 2_004, 'increff-assure');
  stand.increff.setState({ knownSkus: ['A', 'B'] });
  stand.increff.setFaults([
    { on: { path: '/usp' }, kind: 'omit-lines', lines: ['10000900/1000901/0/B', '10000900/1000901//B'] },
  ]);
  const submissionId = await connection.send({ A: 1, B: 2, C: 3 });
  await eventually('B is unknown', async () => {
    const [level] = await stand.stores.levels.find(2_004, 'B');
    return level?.state === 'dirty' && level.sentAtMs !== null ? true : undefined;
  });
  await connection.send({ B: 7 });
  stand.increff.clearFaults();
  await connection.settled();
  expect((await connection.lines(submissionId)).map(({ listing, status }) => `${listing} ${status}`)).toEqual([
    'A success',
    'B superseded',
    'C error',
  ]);
  const [level] = await stand.stores.levels.find(2_004, 'B');
  expect(level).toMatchObject({ state: 'clean', acknowledgedQuantity: 7 });
});

test('an answer that spells the code another way is not believed, as with 302 for ITEM302 in the source', async () => {
  const connection = await addIncreff(stand, 2_005, 'increff-oms');
  stand.increff.setState({ respellCodes: true });
  await connection.send({ ITEM302: 40 });
  const level = await eventually('the answer was read', async () => {
    const [found] = await stand.stores.levels.find(2_005, 'ITEM302');
    return found?.sentAtMs && found.state === 'dirty' ? found : undefined;
  });
  expect(level).toMatchObject({ state: 'dirty', acknowledgedAtMs: null, sentQuantity: 40 });
  stand.increff.setState({ respellCodes: false });
  await connection.settled();
  const [settled] = await stand.stores.levels.find(2_005, 'ITEM302');
  expect(settled).toMatchObject({ state: 'clean', acknowledgedQuantity: 40 });
});

test('a request that is refused whatever it holds is given up soon, and asks for a person', async () => {
  const connection = await addIncreff(stand, 2_006, 'increff-oms');
  stand.increff.setFaults([
    {
      on: { path: '/usp' },
      kind: 'status',
      status: 400,
      body: { code: 'BAD_DATA', message: 'Client is blocked', description: '' },
    },
  ]);
  await connection.send(stockOf('G', 64, (index) => index));
  await connection.settled();
  expect(connection.calls().length).toBeLessThanOrEqual(40);
  const details = await eventually('asks', async () => {
    const description = await stand.client.workflow.getHandle(inventorySyncWorkflowId(2_006)).describe();
    return JSON.stringify(description.searchAttributes).includes('increff-oms_rejected') ? true : undefined;
  });
  expect(details).toBe(true);
});
