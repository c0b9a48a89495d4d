import { randomBytes } from 'node:crypto';

const REMEMBERED_TOKENS = 10_000;

/** What a twin makes of a token that a request carries. */
export type TokenCheck = { state: 'live'; account: string } | { state: 'missing' | 'unknown' | 'dead' };

/** The tokens that a twin has handed out; each belongs to one account and dies by time or on request. */
export interface Tokens {
  issue(account: string): string;
  check(token: string | undefined): TokenCheck;
  expire(token: string | undefined): void;
  expireAll(): void;
  liveCount(): number;
  clear(): void;
}

export function createTokens(options: { ttlMs: number; now(): number }): Tokens {
  const known = new Map<string, { account: string; diesAtMs: number }>();
  const isLive = (token: { diesAtMs: number }): boolean => options.now() < token.diesAtMs;
  return {
    issue(account) {
      const token = randomBytes(24).toString('base64url');
      known.set(token, { account, diesAtMs: options.now() + options.ttlMs });
      if (known.size > REMEMBERED_TOKENS) {
        const oldest = known.keys().next().value;
        if (oldest !== undefined) known.delete(oldest);
      }
      return token;
    },
    check(token) {
      if (token === undefined || token === '') return { state: 'missing' };
      const found = known.get(token);
      if (found === undefined) return { state: 'unknown' };
      return isLive(found) ? { state: 'live', account: found.account } : { state: 'dead' };
    },
    expire(token) {
      const found = known.get(token ?? '');
      if (found !== undefined) found.diesAtMs = 0;
    },
    expireAll() {
      for (const token of known.values()) token.diesAtMs = 0;
    },
    liveCount: () => [...known.values()].filter(isLive).length,
    clear: () => known.clear(),
  };
}
