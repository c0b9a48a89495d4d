import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { GatewayKeyStore, KeyHolder } from '../store/gateway-keys';
import { Problem } from './problems';

const holders = new WeakMap<FastifyRequest, KeyHolder>();

/** Where a request carries its key, and what that place is called. */
interface KeyPlace {
  name: string;
  keyIn(headers: FastifyRequest['headers']): string | undefined;
}

/** A header that was sent twice is an array, and no key. */
const apiKey: KeyPlace = {
  name: 'x-api-key',
  keyIn: ({ 'x-api-key': given }) => (typeof given === 'string' ? given : undefined),
};

/** `x-api-key`, or else `Authorization: Bearer`, for clients of protocols that know only the latter. */
export const apiKeyOrBearer: KeyPlace = {
  name: 'x-api-key or Authorization: Bearer',
  keyIn: (headers) => apiKey.keyIn(headers) ?? /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1],
};

/** Lets only requests with a valid key pass, before their body is read. */
export const requireKey =
  (keys: Pick<GatewayKeyStore, 'verify'>, { name, keyIn }: KeyPlace = apiKey): onRequestAsyncHookHandler =>
  async (request) => {
    const given = keyIn(request.headers);
    const holder = given === undefined ? undefined : await keys.verify(given);
    if (!holder) throw new Problem(401, `${name} is missing or not valid`);
    rememberHolder(request, holder);
  };

/** Notes whose key a request carried. */
export const rememberHolder = (request: FastifyRequest, holder: KeyHolder): void => {
  holders.set(request, holder);
};

/** The account of a request whose key was valid, undefined for any other. */
export const accountOf = (request: FastifyRequest): string | undefined => holders.get(request)?.accountSlug;

/** Who sent the request; the tenant is taken from here and never from the body. */
export function holderOf(request: FastifyRequest): KeyHolder {
  const holder = holders.get(request);
  if (!holder) throw new Error('a route without requireKey asked for its key holder');
  return holder;
}

/** Whether the key may touch the connection: same account, and the very connection if the key is bound to one. */
export const mayUse = (
  holder: Pick<KeyHolder, 'accountSlug' | 'connectionId'>,
  connection: { id: number; accountSlug: string },
): boolean =>
  connection.accountSlug === holder.accountSlug &&
  (holder.connectionId === null || holder.connectionId === connection.id);
