import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { GatewayKeyStore, KeyHolder } from '../store/gateway-keys';
import { Problem } from './problems';

const holders = new WeakMap<FastifyRequest, KeyHolder>();

/** Lets only requests with a valid `x-api-key` pass, before their body is read. */
export const requireKey =
  (keys: Pick<GatewayKeyStore, 'verify'>): onRequestAsyncHookHandler =>
  async (request) => {
    const given = request.headers['x-api-key'];
    const holder = typeof given === 'string' ? await keys.verify(given) : undefined;
    if (!holder) throw new Problem(401, 'x-api-key is missing or not valid');
    holders.set(request, holder);
  };

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
