import type { IncreffAccount, IncreffState } from './increff-state';
import type { Tokens } from './tokens';

/** What stands for a token where every request carries the credentials themselves: all of them in one text. */
export const credentialsText = (authUsername: string, authPassword: string, authDomainName?: string): string =>
  JSON.stringify([authUsername, authPassword, authDomainName ?? null]);

const textOf = ({ authUsername, authPassword, authDomainName }: IncreffAccount): string =>
  credentialsText(authUsername, authPassword, authDomainName);

/** The accounts as the shared server sees them: what kills a token revokes an account, what issues one makes it good again. */
export function credentialsAsTokens(stateNow: () => IncreffState): Tokens {
  const holderOf = (token: string | undefined): IncreffAccount | undefined =>
    stateNow().accounts.find((account) => textOf(account) === token);
  const isLive = ({ authUsername }: IncreffAccount): boolean => !stateNow().revokedAccounts.has(authUsername);
  const revoke = ({ authUsername }: IncreffAccount): void => {
    stateNow().revokedAccounts.add(authUsername);
  };
  return {
    issue(authUsername) {
      const account = stateNow().accounts.find((one) => one.authUsername === authUsername);
      if (account === undefined) throw new RangeError(`there is no account ${authUsername}`);
      stateNow().revokedAccounts.delete(authUsername);
      return textOf(account);
    },
    check(token) {
      if (token === undefined) return { state: 'missing' };
      const holder = holderOf(token);
      if (holder === undefined) return { state: 'unknown' };
      return isLive(holder) ? { state: 'live', account: holder.authUsername } : { state: 'dead' };
    },
    expire(token) {
      const holder = holderOf(token);
      if (holder !== undefined) revoke(holder);
    },
    expireAll: () => stateNow().accounts.forEach(revoke),
    liveCount: () => stateNow().accounts.filter(isLive).length,
    // Who is revoked is a part of the state, which is reset by itself.
    clear: () => undefined,
  };
}
