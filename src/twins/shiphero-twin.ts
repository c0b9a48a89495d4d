import { z } from 'zod';
import { seededRandom } from './faults';
import { createRateLimit } from './rate-limit';
import type { Answer } from './send';
import { creditsLeft } from './shiphero-credits';
import { createShipheroGraphql } from './shiphero-graphql';
import { shipheroOperationOf } from './shiphero-request';
import {
  applyShipheroPatch,
  countOne,
  emptyShipheroState,
  type ShipheroPatch,
  type ShipheroSnapshot,
  type ShipheroState,
  shipheroPatch,
  shipheroSnapshotOf,
} from './shiphero-state';
import { createSyncEngine } from './shiphero-sync';
import { createTokens } from './tokens';
import { type Exchange, startTwin, type Twin, type TwinOptions } from './twin';
import { createViolations } from './violations';

/** Everything that the ShipHero twin can start with: the server's options, and the state that a reset comes back to. */
export interface ShipheroTwinOptions extends TwinOptions, ShipheroPatch {}

/** A stand-in of ShipHero's stock syncs: logins, credits, and files that it downloads and applies. Shapes: see `README.md`. */
export type ShipheroTwin = Twin<ShipheroSnapshot, ShipheroPatch>;

const TOKEN_TTL_MS = 28 * 24 * 3_600_000;

const loginRequest = z.strictObject({ username: z.string(), password: z.string() });
const refreshRequest = z.strictObject({ refresh_token: z.string() });

const refuse = (status: number, message: string): Answer => ({ status, json: { message } });

/** Starts a stand-in of ShipHero. Throws a ZodError when the initial state does not fit. */
export async function startShipheroTwin(options: ShipheroTwinOptions = {}): Promise<ShipheroTwin> {
  const { host, port, seed = 1, tokenTtlMs = TOKEN_TTL_MS, logLimit, pause, now = Date.now, ...rest } = options;
  const initial = shipheroPatch.parse(rest);
  const tokens = createTokens({ ttlMs: tokenTtlMs, now });
  const refreshTokens = createTokens({ ttlMs: Number.POSITIVE_INFINITY, now });
  const violations = createViolations();
  const rateLimit = createRateLimit(now);
  const random = seededRandom(seed);
  const newId = (): string =>
    Array.from({ length: 3 }, () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const fresh = (): ShipheroState => {
    const made = emptyShipheroState();
    applyShipheroPatch(made, initial, now());
    return made;
  };
  let state = fresh();
  const stateNow = (): ShipheroState => state;
  const engine = createSyncEngine({ stateNow, violations, now, newId });
  const answerGraphql = createShipheroGraphql({ stateNow, engine, violations, now, newId });

  const badBody = (): Answer => {
    violations.count('badBody');
    return refuse(400, 'Bad request');
  };
  const badLogin = (): Answer => {
    violations.count('badLogin');
    return refuse(401, 'Wrong email or password.');
  };
  const issued = (username: string, refreshToken: string, exchange: Exchange): Answer => {
    exchange.authorize(username);
    exchange.applied({ what: 'login', account: username, key: username });
    const json = {
      access_token: tokens.issue(username),
      refresh_token: refreshToken,
      expires_in: Math.floor(tokenTtlMs / 1000),
      scope: 'openid profile offline_access',
      token_type: 'Bearer',
    };
    return { status: 200, json };
  };

  const login = (exchange: Exchange): Answer => {
    const request = loginRequest.safeParse(exchange.body);
    if (!request.success) return badBody();
    const { username, password } = request.data;
    const account = state.settings.accounts.find((one) => one.username === username);
    if (account?.password !== password) return badLogin();
    countOne(state.logins, username);
    return issued(username, refreshTokens.issue(username), exchange);
  };

  const refresh = (exchange: Exchange): Answer => {
    const request = refreshRequest.safeParse(exchange.body);
    if (!request.success) return badBody();
    const check = refreshTokens.check(request.data.refresh_token);
    if (check.state !== 'live' || state.settings.refreshRefused) {
      violations.count('badLogin');
      return refuse(401, 'Unknown or invalid refresh token.');
    }
    countOne(state.refreshes, check.account);
    return issued(check.account, request.data.refresh_token, exchange);
  };

  const graphql = (exchange: Exchange): Answer => {
    const username = exchange.tokenHolder();
    if (username === undefined) return refuse(401, 'Unauthorized');
    engine.advance();
    return answerGraphql(username, exchange);
  };

  const twin = await startTwin<ShipheroSnapshot, ShipheroPatch>(
    {
      name: 'shiphero',
      routes: [
        { method: 'POST', path: '/auth/token', handle: login },
        { method: 'POST', path: '/auth/refresh', handle: refresh },
        { method: 'POST', path: '/graphql', handle: graphql },
      ],
      tokens,
      violations,
      tokenOf: ({ authorization }) => /^Bearer (.+)$/i.exec(authorization ?? '')?.[1],
      refuse,
      operationOf: shipheroOperationOf,
      admits(account) {
        const isAdmitted = rateLimit.admits(account, state.settings.rateLimit);
        if (isAdmitted) countOne(state.requests, account);
        return isAdmitted;
      },
      state() {
        engine.advance();
        const left = state.settings.accounts.map(({ username }) => [username, creditsLeft(state, username, now())]);
        return {
          ...shipheroSnapshotOf(state),
          creditsRemaining: Object.fromEntries(left),
          liveTokens: tokens.liveCount(),
          violations: violations.counts(),
        };
      },
      setState(patch) {
        const parsed = shipheroPatch.parse(patch);
        engine.advance();
        applyShipheroPatch(state, parsed, now());
      },
      reset() {
        engine.clear();
        state = fresh();
        violations.clear();
        rateLimit.clear();
        refreshTokens.clear();
      },
    },
    options,
  );
  return {
    ...twin,
    async stop() {
      await Promise.all([engine.stop(), twin.stop()]);
    },
  };
}
