import type { Connection } from '../../src/contracts/connection';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { USER } from '../twins/shiphero-calls';
import { everythingIn, failureOfCall } from './connector-failure';
import { NOW_MS, openerFor, present, twinHttp } from './connector-under-test';
import { SHIPHERO_ACCOUNT, shipheroSuite } from './shiphero-samples';

const http = twinHttp();
let twin: ShipheroTwin;
beforeAll(async () => {
  twin = await startShipheroTwin();
});
beforeEach(() => twin.reset());
afterAll(() => Promise.all([twin.stop(), http.close()]));

const issue = async (changes: Partial<Connection> = {}) => {
  const { capabilities, call } = openerFor(shipheroSuite, http)(twin, changes);
  return present(capabilities.tokenIssuer).issueToken(call);
};
/** A refresh token that the twin takes. */
const liveRefreshToken = async (): Promise<string> => {
  const { refreshToken } = await issue({ accessToken: null });
  twin.clearLog();
  return present(refreshToken);
};
const stored = (refreshToken: string) => ({ accessToken: JSON.stringify({ accessToken: 'old', refreshToken }) });
const calls = () => twin.log().map(({ path, status }) => `${path} ${status}`);

describe('a token of ShipHero', () => {
  it('comes from the login where nothing else is known, with the token that refreshes it', async () => {
    const issued = await issue({ accessToken: null });
    expect(calls()).toEqual(['/auth/token 200']);
    expect(twin.state().logins).toEqual({ [USER]: 1 });
    expect(issued.expiresAtMs).toBe(NOW_MS + 2_419_200_000);
    expect(issued.refreshToken).toEqual(expect.any(String));
  });

  it.each(['refreshToken', 'refresh_token'])(
    'is refreshed with what is stored as %s, without a login',
    async (field) => {
      const refreshToken = await liveRefreshToken();
      const accessToken = JSON.stringify({ accessToken: 'old', [field]: refreshToken });
      const issued = await issue({ accessToken });
      expect(calls()).toEqual(['/auth/refresh 200']);
      expect(issued).toMatchObject({ refreshToken, expiresAtMs: NOW_MS + 2_419_200_000 });
      const { capabilities, call } = openerFor(shipheroSuite, http)(twin, { accessToken: JSON.stringify(issued) });
      expect(await present(capabilities.creditReader).readCredits(call)).toMatchObject({ max: 4_004 });
    },
  );

  it('is refreshed with the credentials’ own refresh token, without a password', async () => {
    const refreshToken = await liveRefreshToken();
    expect((await issue({ accessToken: null, credentials: { refreshToken } })).refreshToken).toBe(refreshToken);
    expect(calls()).toEqual(['/auth/refresh 200']);
  });

  it('is refreshed with the newer refresh token that an answer brings', async () => {
    const body = { access_token: 'a-2', refresh_token: 'r-2', expires_in: 600 };
    twin.setFaults([{ kind: 'status', status: 200, body }]);
    expect(await issue(stored('r-1'))).toEqual({
      accessToken: 'a-2',
      refreshToken: 'r-2',
      expiresAtMs: NOW_MS + 600_000,
    });
  });

  it('keeps its refresh token when an answer brings none', async () => {
    twin.setFaults([{ kind: 'status', status: 200, body: { access_token: 'a-2', expires_in: 60 } }]);
    expect(await issue(stored('r-1'))).toMatchObject({ accessToken: 'a-2', refreshToken: 'r-1' });
  });

  it('comes from the login when the refresh is refused', async () => {
    const refreshToken = await liveRefreshToken();
    twin.setState({ refreshRefused: true });
    const issued = await issue(stored(refreshToken));
    expect(calls()).toEqual(['/auth/refresh 401', '/auth/token 200']);
    expect(issued.refreshToken).not.toBe(refreshToken);
  });

  it.each([400, 401, 403, 422])('comes from the login when the refresh is refused with %i', async (status) => {
    twin.setFaults([{ kind: 'status', status, on: { path: '/auth/refresh' } }]);
    await issue(stored('r-1'));
    expect(calls()).toEqual([`/auth/refresh ${status}`, '/auth/token 200']);
  });

  it('comes from the refresh token that a person gave anew, when the stored one is refused', async () => {
    const refreshToken = await liveRefreshToken();
    const issued = await issue({ ...stored('made-up'), credentials: { refreshToken } });
    expect(calls()).toEqual(['/auth/refresh 401', '/auth/refresh 200']);
    expect(issued.refreshToken).toBe(refreshToken);
  });

  it.each([429, 500, 404])('is not asked for by the login when the refresh ends with %i', async (status) => {
    twin.setFaults([{ kind: 'status', status, on: { path: '/auth/refresh' } }]);
    expect((await failureOfCall(issue(stored('r-1')))).type).not.toBe('ChannelAuthFailed');
    expect(calls()).toEqual([`/auth/refresh ${status}`]);
  });

  it('is refused when no way is left, and the refusal repeats no secret', async () => {
    const message = `no to r-secret-1, r-secret-2 and ${SHIPHERO_ACCOUNT.password}`;
    twin.setFaults([{ kind: 'status', status: 401, body: { message } }]);
    const credentials = { ...SHIPHERO_ACCOUNT, refreshToken: 'r-secret-2' };
    const failure = await failureOfCall(issue({ ...stored('r-secret-1'), credentials }));
    expect(failure).toMatchObject({ type: 'ChannelAuthFailed', details: { tokenGeneration: 3 } });
    expect(calls()).toEqual(['/auth/refresh 401', '/auth/refresh 401', '/auth/token 401']);
    for (const secret of ['r-secret-1', 'r-secret-2', SHIPHERO_ACCOUNT.password]) {
      expect(everythingIn(failure)).not.toContain(secret);
    }
  });
});
