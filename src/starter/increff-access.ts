import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GatewayKeyStore } from '../store/gateway-keys';
import { rememberHolder } from './auth';
import { increffErrorOf } from './increff-protocol';
import { logFault, Problem, toProblem } from './problems';

/**
 * Lets only requests with Increff's credential headers pass, and answers every refusal in Increff's shape. `authUsername` is
 * the id of a gateway key that is bound to a connection, `authPassword` the key, `authDomainName`, if sent, its account.
 * Returns the function that tells the connection of a request.
 */
export function guardIncreff(
  server: Pick<FastifyInstance, 'addHook' | 'setErrorHandler'>,
  keys: Pick<GatewayKeyStore, 'verify'>,
): (request: FastifyRequest) => number {
  const connections = new WeakMap<FastifyRequest, number>();

  server.addHook('onRequest', async (request) => {
    const { authusername, authpassword, authdomainname } = request.headers;
    const holder = typeof authpassword === 'string' ? await keys.verify(authpassword) : undefined;
    const isHolder = holder?.keyId === authusername && (authdomainname ?? holder?.accountSlug) === holder?.accountSlug;
    if (!holder || !isHolder) throw new Problem(401, 'authUsername, authPassword or authDomainName is not valid');
    if (holder.connectionId === null) throw new Problem(401, 'this key is bound to no connection');
    rememberHolder(request, holder);
    connections.set(request, holder.connectionId);
  });

  server.setErrorHandler((error: Error, request, reply) => {
    const problem = toProblem(error);
    logFault(request, error);
    const { status, body } = increffErrorOf(problem);
    return reply.status(status).headers(problem.headers).type('application/json').serializer(JSON.stringify).send(body);
  });

  return (request) => {
    const connectionId = connections.get(request);
    if (connectionId === undefined) throw new Error('a request passed without its credentials being looked at');
    return connectionId;
  };
}
