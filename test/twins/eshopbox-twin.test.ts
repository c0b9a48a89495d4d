import { type EshopboxTwin, startEshopboxTwin } from '../../src/twins/eshopbox-twin';
import { call, wmsCancelOf } from './calls';

const account = (accountSlug: string) => ({
  accountSlug,
  clientId: `${accountSlug}-client`,
  clientSecret: `${accountSlug}-client-word`,
  refreshToken: `${accountSlug}-refresh-word`,
});

let twin: EshopboxTwin;
let token: string;

beforeAll(async () => {
  twin = await startEshopboxTwin({ accounts: [account('demo'), account('other')], tokenTtlMs: 90_500 });
});
afterAll(() => twin.stop());
beforeEach(() => {
  twin.reset();
  token = twin.issueToken('demo');
});

const login = (body: unknown) => call('POST', `${twin.url}/auth/api/v1/generateToken`, { body });
const loginBody = {
  grant_type: 'refresh_token',
  client_id: 'demo-client',
  client_secret: 'demo-client-word',
  refresh_token: 'demo-refresh-word',
};
const cancel = (body: unknown, options: { slug?: string; authorization?: string } = {}) =>
  call('POST', `${twin.url}/${options.slug ?? 'demo'}/api/cancel-order`, {
    body,
    headers: { authorization: options.authorization ?? `Bearer ${token}` },
  });

describe('login', () => {
  it('hands out a token for the account of the credentials', async () => {
    const got = await login(loginBody);
    expect(got).toMatchObject({
      status: 200,
      json: { access_token: expect.any(String), expires_in: 90, token_type: 'Bearer' },
    });
    const authorization = `Bearer ${JSON.parse(got.text).access_token}`;
    expect((await cancel(wmsCancelOf('O', '1'), { authorization })).status).toBe(200);
    expect(twin.state().logins).toEqual({ demo: 1 });
    expect(JSON.stringify(twin.log())).not.toContain('word');
  });

  it.each([
    ['client_id', 'other-client'],
    ['client_secret', 'wrong'],
    ['refresh_token', 'wrong'],
  ])('refuses a wrong %s', async (field, value) => {
    expect(await login({ ...loginBody, [field]: value })).toMatchObject({
      status: 401,
      json: { message: 'Invalid credentials' },
    });
    expect(twin.state().violations.badLogin).toBe(1);
  });

  it('refuses as code 412 when told so, at the login and for a dead token', async () => {
    twin.setState({ authFailureAs: '412' });
    const answer = { status: 412, json: { error: { code: 412, message: '401:Unauthorized', errors: [] } } };
    expect(await login({ ...loginBody, refresh_token: 'wrong' })).toMatchObject(answer);
    twin.expireTokens();
    expect(await cancel(wmsCancelOf('O', '1'))).toMatchObject(answer);
  });

  it('names what is wrong with the body', async () => {
    expect(await login({ ...loginBody, grant_type: 'password' })).toMatchObject({
      status: 400,
      json: { error: { code: 'INVALID_REQUEST', errors: [{ field: 'grant_type' }] } },
    });
  });
});

describe('cancel', () => {
  it('records every line of the order', async () => {
    expect((await cancel(wmsCancelOf('O', '1', '2'))).json).toEqual({
      status: 'SUCCESS',
      result: {
        customerOrderNumber: 'O',
        items: ['1', '2'].map((lineItemSequenceNumber) => ({
          lineItemSequenceNumber,
          itemID: 'I1',
          orderItemID: 'O-1',
          quantity: '1',
          status: 'CANCELLED',
        })),
      },
    });
    expect(twin.state().cancelled.demo?.O?.['2']).toEqual({
      quantity: 1,
      itemID: 'I1',
      orderItemID: 'O-1',
      externalChannelID: 'CH1',
      cancellationTime: '2024-05-06 06:05:00',
      reason: 'Other',
      remark: 'Other',
      effectiveCancels: 1,
      attempts: 1,
    });
    expect(twin.log().at(-1)).toMatchObject({ account: 'demo', applied: [{ key: '1' }, { key: '2', order: 'O' }] });
  });

  it('refuses a repeated cancel as a whole', async () => {
    await cancel(wmsCancelOf('O', '1'));
    expect(await cancel(wmsCancelOf('O', '1', '2'))).toMatchObject({
      status: 400,
      json: { error: { code: 'ORDER_ALREADY_CANCELLED', errors: [{ lineItemSequenceNumber: '1' }] } },
    });
    const lines = twin.state().cancelled.demo?.O;
    expect(Object.keys(lines ?? {})).toEqual(['1']);
    expect(lines?.['1']).toMatchObject({ effectiveCancels: 1, attempts: 2 });
  });

  it('accepts a repeated cancel without a second effect when told so', async () => {
    twin.setState({ repeatedCancel: 'accept' });
    await cancel(wmsCancelOf('O', '1'));
    expect(await cancel(wmsCancelOf('O', '1'))).toMatchObject({ status: 200, json: { status: 'SUCCESS' } });
    expect(twin.state().cancelled.demo?.O?.['1']).toMatchObject({ effectiveCancels: 1, attempts: 2 });
    expect(twin.log().at(-1)?.applied).toEqual([]);
  });

  it.each([
    ['no reason', { reason: undefined }, 'reason'],
    ['a time with a T', { cancellationTime: '2024-05-06T06:05:00' }, 'cancellationTime'],
    ['a day that does not exist', { cancellationTime: '2024-02-30 06:05:00' }, 'cancellationTime'],
    ['no items', { items: [] }, 'items'],
    [
      'no line number',
      { items: [{ ...wmsCancelOf('O', '1').items[0], lineItemSequenceNumber: undefined }] },
      'items.0.lineItemSequenceNumber',
    ],
    ['quantity 0', { items: [{ ...wmsCancelOf('O', '1').items[0], quantity: '0' }] }, 'items.0.quantity'],
    ['quantity 1.5', { items: [{ ...wmsCancelOf('O', '1').items[0], quantity: 1.5 }] }, 'items.0.quantity'],
    ['a field too many', { email: 'someone@example.com' }, ''],
  ])('refuses %s and names the field', async (_what, change, field) => {
    expect(await cancel({ ...wmsCancelOf('O', '1'), ...change })).toMatchObject({
      status: 400,
      json: { error: { code: 'INVALID_REQUEST', errors: [{ field }] } },
    });
    expect(twin.state()).toMatchObject({ cancelled: {}, violations: { badBody: 1 } });
  });

  it('refuses a line that stands twice', async () => {
    expect((await cancel(wmsCancelOf('O', '1', '1'))).status).toBe(400);
    expect(twin.state().violations.duplicateLine).toBe(1);
  });

  it('takes a quantity as a number', async () => {
    const body = wmsCancelOf('O', '1');
    const items = body.items.map((item) => ({ ...item, quantity: 3 }));
    expect((await cancel({ ...body, items })).status).toBe(200);
    expect(twin.state().cancelled.demo?.O?.['1']?.quantity).toBe(3);
  });

  it('refuses no token, a dead one and another account’s', async () => {
    expect(await cancel(wmsCancelOf('O', '1'), { authorization: '' })).toMatchObject({
      status: 401,
      json: { message: 'Expired token' },
    });
    expect(await cancel(wmsCancelOf('O', '1'), { slug: 'other' })).toMatchObject({
      status: 403,
      json: { error: { code: 'FORBIDDEN' } },
    });
    twin.expireTokens();
    expect((await cancel(wmsCancelOf('O', '1'))).status).toBe(401);
    expect(twin.state()).toMatchObject({
      cancelled: {},
      violations: { missingToken: 1, foreignToken: 1, deadToken: 1 },
    });
  });

  it('answers an unknown account or route with 404 as plain text', async () => {
    for (const got of [
      await cancel(wmsCancelOf('O', '1'), { slug: 'nobody' }),
      await call('GET', `${twin.url}/demo`),
    ]) {
      expect(got).toMatchObject({ status: 404, text: 'Not Found' });
      expect(got.headers['content-type']).toContain('text/plain');
    }
  });

  it('says FAILED with HTTP 200 when told so, and cancels nothing', async () => {
    twin.setState({ statusFailed: true });
    expect(await cancel(wmsCancelOf('O', '1'))).toMatchObject({ status: 200, json: { status: 'FAILED' } });
    expect(twin.state().cancelled).toEqual({});
  });
});
