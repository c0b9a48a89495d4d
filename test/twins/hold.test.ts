import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { call } from './calls';

let twin: AjioTwin;
beforeEach(async () => {
  twin = await startAjioTwin({ accounts: [{ username: 'seller', password: 'word' }] });
});
afterEach(() => twin.stop());

const push = (inventory: number) =>
  call('POST', `${twin.url}/updateInventory`, {
    body: { inventoryList: [{ productId: 'P', variantId: 'V', inventory }] },
    headers: { apikey: twin.issueToken('seller') },
  });
const shown = () => twin.state().stock.seller?.['P/V'];
const arrived = async (count: number) => {
  while (twin.log().length < count) await new Promise((resolve) => setImmediate(resolve));
};

test('a hold ends when so many requests stand in it, and what else hits them decides their answers', async () => {
  twin.setFaults([
    { kind: 'hold', until: 2 },
    { kind: 'status', status: 503, times: 1 },
  ]);
  const first = push(1);
  await arrived(1);
  expect(twin.log().map(({ status }) => status)).toEqual([null]);
  const second = push(2);
  expect([(await first).status, (await second).status]).toEqual([503, 200]);
  expect(await push(3)).toMatchObject({ status: 200 });
  expect(shown()).toBe(3);
});

test('a hold ends when faults are taken away', async () => {
  twin.setFaults([{ kind: 'hold' }]);
  const held = push(1);
  await arrived(1);
  expect(await call('GET', `${twin.url}/__twin/health`)).toMatchObject({ status: 200 });
  expect(shown()).toBeUndefined();
  twin.clearFaults();
  expect((await held).status).toBe(200);
  expect(shown()).toBe(1);
});

test('a hold does not hold up a stop, and nothing is applied by it', async () => {
  twin.setFaults([{ kind: 'hold' }]);
  const held = push(1).catch(() => 'cut');
  await arrived(1);
  await twin.stop();
  expect(await held).toBe('cut');
  expect(shown()).toBeUndefined();
});
