import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { GatewayKeyStore } from '../../store/gateway-keys';
import { apiKeyOrBearer, holderOf, requireKey } from '../auth';
import type { InventorySyncHandler } from '../inventory-sync/handler';
import { newRequestId } from '../inventory-sync/ids';
import { logFault, Problem, toProblem } from '../problems';

const BODY_LIMIT_BYTES = 64 * 1024;

const graphqlRequest = z.object(
  {
    query: z.string(),
    variables: z.record(z.string(), z.unknown()).nullish(),
    operationName: z.string().nullish(),
  },
  { error: 'must be one GraphQL request as a JSON object; batches are not taken' },
);
/** The handler writes the text; in the OpenAPI document it is the JSON that it holds. */
const answer = z.custom<string>().meta({
  type: 'object',
  properties: { data: { type: ['object', 'null'] }, errors: { type: 'array', items: { type: 'object' } } },
});
/** Of a request that was not read as GraphQL. */
const refusal = z.object({ message: z.string(), errors: z.array(z.object({ message: z.string() })) });

/** Answers every refusal of HTTP so that a GraphQL client finds its words, too. */
const answerWithErrors = (server: Pick<FastifyInstance, 'setErrorHandler'>): void => {
  server.setErrorHandler((error: Error, request, reply) => {
    const problem = toProblem(error);
    logFault(request, error);
    const faults = problem.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    const messages = faults.length > 0 ? faults : [problem.detail];
    return reply
      .status(problem.status === 422 ? 400 : problem.status)
      .headers(problem.headers)
      .type('application/json')
      .serializer(JSON.stringify)
      .send({ message: messages.join('; '), errors: messages.map((message) => ({ message })) });
  });
};

/** The inventory sync protocol, for a client that speaks it: files of stock that we fetch, and what became of them. */
export const graphqlRoutes =
  (deps: { keys: Pick<GatewayKeyStore, 'verify'>; handleGraphql: InventorySyncHandler }): FastifyPluginAsyncZod =>
  async (server) => {
    answerWithErrors(server);
    server.addHook('onRequest', requireKey(deps.keys, apiKeyOrBearer));
    server.post(
      '/graphql',
      {
        bodyLimit: BODY_LIMIT_BYTES,
        schema: {
          summary: 'Has files of stock fetched, and tells what became of their rows',
          description:
            'GraphQL: inventory_sync, inventory_sync_abort, inventory_sync_statuses, inventory_sync_status, inventory_sync_items_status. An operation that is refused is 200 with errors beside null.',
          security: [{ apiKey: [] }, { bearer: [] }],
          body: graphqlRequest,
          response: { 200: answer, 400: answer, 401: refusal, 413: refusal, 415: refusal, 429: refusal, 503: refusal },
        },
      },
      async (request, reply) => {
        const scope = { holder: holderOf(request), requestId: newRequestId(), log: request.log };
        const { status, body } = await deps.handleGraphql(request.body, scope);
        return reply.status(status).type('application/json').send(body);
      },
    );
    server.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/graphql',
      schema: { hide: true },
      handler: async () => {
        throw new Problem(405, 'send a POST with JSON', [], { allow: 'POST' });
      },
    });
  };
