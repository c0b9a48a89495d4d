import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { call, stockLine } from './calls';

let twin: AjioTwin;
beforeAll(async () => {
  twin = await startAjioTwin();
});
beforeEach(() => twin.reset());
afterAll(() => twin.stop());

const push = (inventoryList: unknown[], header = 'apiKey') =>
  call('POST', `${twin.url}/updateInventory`, {
    body: { inventoryList },
    headers: { [header]: twin.issueToken('demo-seller') },
  });

it('refuses all lines for the sake of those at fault, naming them, when told so', async () => {
  twin.setState({ refusesWhole: true, knownProducts: ['P/V1', 'P/V3'] });
  expect(await push([stockLine('P', 'V1'), stockLine('P', 'V2'), stockLine('P', 'V3', -1)])).toMatchObject({
    status: 400,
    json: {
      status: 'FAILED',
      failedProductList: [
        { productId: 'P', variantId: 'V2', message: 'Product not found' },
        { productId: 'P', variantId: 'V3', message: 'Invalid inventory' },
      ],
    },
  });
  expect(twin.state().stock['demo-seller']).toBeUndefined();
  expect((await push([stockLine('P', 'V1', 4)])).json).toEqual({ status: 'SUCCESS', failedProductList: [] });
  expect(twin.state()).toMatchObject({ stock: { 'demo-seller': { 'P/V1': 4 } }, refusesWhole: true });
});

it('refuses a request that holds a poisonous line and names nobody', async () => {
  twin.setState({ poison: ['P/BUNDLE'] });
  const refused = await push([stockLine('P', 'V1'), stockLine('P', 'BUNDLE')]);
  expect(refused).toMatchObject({ status: 400, json: { status: 'FAILED', failedProductList: [] } });
  expect(twin.state()).toMatchObject({ stock: {}, poison: ['P/BUNDLE'] });
  expect((await push([stockLine('P', 'V1')])).status).toBe(200);
});

it('takes its token in the header that is set, and in no other', async () => {
  twin.setState({ tokenHeader: 'Authorization' });
  expect((await push([stockLine('P', 'V1')])).status).toBe(401);
  expect((await push([stockLine('P', 'V1')], 'authorization')).status).toBe(200);
  expect(twin.state().tokenHeader).toBe('authorization');
});

it('takes quantities as text and as numbers', async () => {
  await push([
    { productId: 'P', variantId: 'V1', inventory: '7' },
    { productId: 'P', variantId: 'V2', inventory: 8 },
  ]);
  expect(twin.state().stock).toEqual({ 'demo-seller': { 'P/V1': 7, 'P/V2': 8 } });
});
