import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { type EshopboxTwin, startEshopboxTwin } from '../../src/twins/eshopbox-twin';
import { call, cancelOf, stockLine } from './calls';

let twin: AjioTwin;
let wms: EshopboxTwin;
let apiKey: string;

beforeAll(async () => {
  twin = await startAjioTwin();
  wms = await startEshopboxTwin();
});
afterAll(() => Promise.all([twin.stop(), wms.stop()]));
beforeEach(() => {
  twin.reset();
  wms.reset();
  apiKey = twin.issueToken('demo-seller');
});

const push = () =>
  call('POST', `${twin.url}/updateInventory`, {
    body: { inventoryList: [stockLine('P', 'V')] },
    headers: { apiKey },
  });
const order = (lines: Record<string, number>) =>
  call('POST', `${twin.url}/ds/eshopbox/orders`, { body: cancelOf('O', lines), headers: { apiKey } });

describe('faults that change an honest answer', () => {
  it('respell-status: every status in another spelling, nothing else', async () => {
    twin.setFaults([{ kind: 'respell-status', as: 'title' }]);
    expect(await push()).toMatchObject({ json: { status: 'Success', failedProductList: [] } });
    expect(await order({ L: 1 })).toMatchObject({ json: { success: [{ order_id: 'O', order_status: 'Cancel' }] } });
    twin.setFaults([{ kind: 'respell-status', as: 'lower' }]);
    const { json } = await call('GET', `${twin.url}/ds/eshopbox/orders?orderIds=O`, { headers: { apiKey } });
    expect(json).toMatchObject([{ order_id: 'O', status: 'cancelled', order_lines: [{ status: 'cancelled' }] }]);
  });

  it('odd-life: a token with another life, or none', async () => {
    const logIn = async () => {
      const body = { grant_type: 'refresh_token', client_id: 'demo-client', client_secret: 'demo-secret' };
      return call('POST', `${wms.url}/auth/api/v1/generateToken`, { body: { ...body, refresh_token: 'demo-refresh' } });
    };
    wms.setFaults([
      { kind: 'odd-life', expiresIn: '-1', times: 1 },
      { kind: 'odd-life', after: 1 },
    ]);
    expect(await logIn()).toMatchObject({ json: { access_token: expect.any(String), expires_in: '-1' } });
    expect((await logIn()).json).not.toHaveProperty('expires_in');
  });

  it('buyer-cancels: what is open of a line is the buyer’s, the seller’s cancel is refused', async () => {
    twin.setFaults([{ kind: 'buyer-cancels', lines: ['L1'], times: 1 }]);
    const answer = await order({ L1: 2, L2: 1 });
    const message = 'Order line already cancelled by the customer';
    expect(answer.json).toMatchObject({ failed_items: [{ error_message: message }], success: [{ order_id: 'O' }] });
    const read = await call('GET', `${twin.url}/ds/eshopbox/orders?orderIds=O`, { headers: { apiKey } });
    expect(read.json).toMatchObject([
      {
        status: 'CONFIRMED',
        order_lines: [
          { order_item_id: 'L1', seller_cancelled_qty: '0', customer_cancelled_qty: '2', status: 'CONFIRMED' },
          { order_item_id: 'L2', seller_cancelled_qty: '1', customer_cancelled_qty: '0', status: 'CANCELLED' },
        ],
      },
    ]);
    expect(await order({ L1: 2 })).toMatchObject({ json: { failed_items: [{ error_message: message }], success: [] } });
  });

  it('takes-fewer: a part of what is asked for is cancelled, and the answer says how much', async () => {
    twin.setFaults([{ kind: 'takes-fewer', lines: ['L1'], times: 1 }]);
    const lines = (first: string) => [
      { order_item_id: 'L1', cancelled_quantity: first },
      { order_item_id: 'L2', cancelled_quantity: '2' },
    ];
    expect(await order({ L1: 3, L2: 2 })).toMatchObject({ json: { success: [{ order_lines: lines('1') }] } });
    expect(await order({ L1: 2 })).toMatchObject({ json: { success: [{ order_lines: lines('2').slice(0, 1) }] } });
  });
});
