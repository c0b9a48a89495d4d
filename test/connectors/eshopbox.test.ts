import { eshopboxConnector } from '../../src/connectors/eshopbox';
import { type EshopboxTwin, startEshopboxTwin } from '../../src/twins/eshopbox-twin';
import { failureOfCall } from './connector-failure';
import { type ConnectorUnderTest, NOW_MS, openerFor, twinHttp } from './connector-under-test';
import { describeConnector } from './describe-connector';
import { sampleCancel, sampleConnection, sampleLine } from './samples';

const suite: ConnectorUnderTest<EshopboxTwin> = {
  connector: eshopboxConnector,
  startTwin: () => startEshopboxTwin(),
  endpoints: ({ url }) => ({ ESHOPBOX_BASE_URL: `${url}/{accountSlug}`, ESHOPBOX_AUTH_URL: `${url}/auth/` }),
  connection: (twin) =>
    sampleConnection({
      id: 12,
      channel: 'eshopbox',
      credentials: { client_id: 'demo-client', client_secret: 'demo-secret', refresh_token: 'demo-refresh' },
      accessToken: twin.issueToken('demo'),
    }),
  wrongCredentials: { client_id: 'their-client', client_secret: 'no-secret-of-theirs', refresh_token: 'their-refresh' },
  badSettings: [
    [{ reason: '' }, 'reason'],
    [{ alreadyCancelledCodes: 'X' }, 'alreadyCancelledCodes'],
    [{ authUrl: 'nowhere' }, 'authUrl'],
    [{ timeZone: 'Mars/Base' }, 'timeZone'],
  ],
  cancel: { request: sampleCancel, isRepeatable: true },
};

describeConnector(suite);

describe('Eshopbox', () => {
  const http = twinHttp();
  let twin: EshopboxTwin;
  beforeAll(async () => {
    twin = await suite.startTwin();
  });
  beforeEach(() => twin.reset());
  afterAll(async () => {
    await twin.stop();
    await http.close();
  });
  const cancel = (settings: object = {}, request = sampleCancel, accountSlug = 'demo') => {
    const { capabilities, call } = openerFor(suite, http)(twin, { settings, accountSlug });
    return capabilities.orderCanceller?.cancelOrder(request, call) ?? Promise.reject(new Error('no canceller'));
  };
  const issueToken = () => {
    const { capabilities, call } = openerFor(suite, http)(twin);
    return capabilities.tokenIssuer?.issueToken(call) ?? Promise.reject(new Error('no issuer'));
  };

  it('sends the event’s own fields, texts and the time of the decision in the account’s zone', async () => {
    await cancel();
    await cancel(
      { reason: 'Out of stock', remark: 'Short', timeZone: 'UTC' },
      { ...sampleCancel, order: { ...sampleCancel.order, orderNumber: 'DEMO-2' } },
    );
    const [first, second] = twin.log();
    expect(first).toMatchObject({ path: '/demo/api/cancel-order', status: 200 });
    expect(first?.body).toEqual({
      reason: 'Other',
      externalChannelID: 'CH2261',
      cancellationTime: '2025-03-01 01:30:00',
      customerOrderNumber: 'DEMO-15056',
      items: sampleCancel.lines.map((line) => ({
        itemID: line.itemId,
        quantity: String(line.quantity),
        orderItemID: line.orderItemId,
        lineItemSequenceNumber: line.lineItemSequenceNumber,
        remark: 'Other',
      })),
    });
    expect(second?.body).toMatchObject({ reason: 'Out of stock', cancellationTime: '2025-02-28 20:00:00' });
    expect(Object.values(twin.state().violations).some((count) => count > 0)).toBe(false);
  });

  it('is a rejection when a 200 does not say SUCCESS, in Eshopbox’s words', async () => {
    twin.setState({ statusFailed: true });
    const failure = await failureOfCall(cancel());
    expect(failure).toMatchObject({
      type: 'ChannelRejected',
      mayStillApply: false,
      details: { channelWords: 'Order cannot be cancelled', status: 200 },
    });
  });

  it('is a rejection when lines are refused, with the reasons', async () => {
    twin.setFaults([{ kind: 'fail-lines', lines: ['36675062'], message: 'Already packed' }]);
    const failure = await failureOfCall(cancel());
    expect(failure).toMatchObject({ type: 'ChannelRejected' });
    expect(failure.details.channelWords).toBe('LINES_REJECTED: Some lines cannot be cancelled; Already packed');
  });

  it('knows nothing of a line that was only sent beside one that is cancelled already', async () => {
    await cancel({}, { ...sampleCancel, lines: [sampleLine(1)] });
    expect(await cancel()).toMatchObject([{ verdict: 'cancelled' }, { verdict: 'unknown' }]);
    expect(await cancel({}, { ...sampleCancel, lines: [sampleLine(2)] })).toMatchObject([{ verdict: 'cancelled' }]);
  });

  it('takes an error that names no line for all lines', async () => {
    twin.setFaults([
      { kind: 'status', status: 409, body: { error: { code: 'GONE_BEFORE', message: 'x', errors: [] } } },
    ]);
    expect(await cancel({ alreadyCancelledCodes: ['GONE_BEFORE'] })).toMatchObject([
      { verdict: 'cancelled' },
      { verdict: 'cancelled' },
    ]);
    expect((await failureOfCall(cancel())).type).toBe('ChannelRejected');
  });

  it('does not take a failing server’s error for a cancellation', async () => {
    const body = { error: { code: 'ORDER_ALREADY_CANCELLED', message: 'x' } };
    twin.setFaults([{ kind: 'status', status: 502, body }]);
    expect((await failureOfCall(cancel())).type).toBe('ChannelUnavailable');
  });

  it('finds the refused token behind code 412, and only that', async () => {
    twin.setState({ authFailureAs: '412' });
    twin.expireTokens();
    const { capabilities, call } = openerFor(suite, http)(twin, {
      accessToken: 'dead-token',
      credentials: suite.wrongCredentials,
    });
    const refused = await failureOfCall(
      capabilities.orderCanceller?.cancelOrder(sampleCancel, call) ?? Promise.resolve(),
    );
    const login = await failureOfCall(capabilities.tokenIssuer?.issueToken(call) ?? Promise.resolve());
    expect([refused.type, login.type]).toEqual(['ChannelAuthFailed', 'ChannelAuthFailed']);
    expect(refused.details).toMatchObject({ tokenGeneration: 3, connectionId: 12, channel: 'eshopbox' });

    twin.setFaults([{ kind: 'status', status: 412, body: { error: { code: 412, message: '422:Bad order' } } }]);
    expect((await failureOfCall(cancel())).type).toBe('ChannelRejected');
    twin.setFaults([{ kind: 'status', status: 400, body: { error: { code: 'X', message: '401: in a text' } } }]);
    expect((await failureOfCall(cancel())).type).toBe('ChannelRejected');
  });

  it('keeps to the account’s own host, whose token it is', async () => {
    twin.setState({
      accounts: [
        { accountSlug: 'demo', clientId: 'a', clientSecret: 'b', refreshToken: 'c' },
        { accountSlug: 'other', clientId: 'd', clientSecret: 'e', refreshToken: 'f' },
      ],
    });
    expect((await failureOfCall(cancel({}, sampleCancel, 'other'))).type).toBe('ChannelRejected');
    expect(twin.log()[0]).toMatchObject({ path: '/other/api/cancel-order', status: 403 });
  });

  it('trusts expires_in', async () => {
    expect((await issueToken()).expiresAtMs).toBe(NOW_MS + 3_600_000);
    twin.setFaults([{ kind: 'odd-life', expiresIn: '3600.0' }]);
    expect((await issueToken()).expiresAtMs).toBe(NOW_MS + 3_600_000);
  });

  it('uses a token whose life is not told, or makes no sense, until it is refused', async () => {
    const lives = [undefined, null, 0, -1, '', 'never', '-1', 1e30, 1_764_000_000_000, true, [], { s: 1 }, 60, '239'];
    for (const expiresIn of lives) {
      twin.setFaults([{ kind: 'odd-life', ...(expiresIn === undefined ? {} : { expiresIn }) }]);
      expect(await issueToken()).toEqual({ accessToken: expect.any(String), expiresAtMs: null });
    }
  });

  it.each(['lower', 'title', 'padded'] as const)('is known by its status in %s spelling', async (as) => {
    twin.setFaults([{ kind: 'respell-status', as }]);
    expect(await cancel()).toMatchObject([{ verdict: 'cancelled' }, { verdict: 'cancelled' }]);
  });

  it('takes a token endpoint’s 400 for refused credentials', async () => {
    twin.setFaults([{ kind: 'status', status: 400, body: { error: 'invalid_grant' } }]);
    expect((await failureOfCall(issueToken())).type).toBe('ChannelAuthFailed');
  });
});
