import fastifySwagger from '@fastify/swagger';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { GatewayKeyStore } from '../store/gateway-keys';
import { boundWork, type WorkLimits } from './admission';
import { requireKey } from './auth';
import { answerClientError } from './client-errors';
import { readJsonBodies } from './json-bodies';
import { answerFrameworkError, answerWithProblems } from './problems';
import { abortRoutes } from './routes/abort';
import { eventRoutes } from './routes/events';
import { graphqlRoutes } from './routes/graphql';
import { healthRoutes } from './routes/health';
import { increffRoutes } from './routes/increff';
import { stockRoutes } from './routes/stock';
import { stockFileRoutes } from './routes/stock-files';
import { submissionRoutes } from './routes/submissions';

/** A message of 10,000 lines is about 3 MB. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
/** Slower than this is no program that posts events. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Later than the others, which end a connection with an answer. */
const SILENCE_TIMEOUT_MS = 40_000;
const IDLE_CONNECTION_TIMEOUT_MS = 60_000;
/** How late the two of requests may be noticed. */
const TIMEOUT_CHECK_INTERVAL_MS = 2_000;
/** More than senders need; each takes some 10 kB while it is idle. */
const MAX_CONNECTIONS = 10_000;
/** What of a refused body is still read and thrown away: a connection that is closed under its sender loses the answer on the way. */
const MAX_UNREAD_BYTES = BODY_LIMIT_BYTES;

export type GatewayDeps = Parameters<typeof eventRoutes>[0] &
  Parameters<typeof submissionRoutes>[0] &
  Parameters<typeof abortRoutes>[0] &
  Parameters<typeof stockRoutes>[0] &
  Parameters<typeof stockFileRoutes>[0] &
  Parameters<typeof increffRoutes>[0] &
  Parameters<typeof graphqlRoutes>[0] &
  Parameters<typeof healthRoutes>[0] & {
    keys: Pick<GatewayKeyStore, 'verify'>;
    logger: FastifyBaseLogger;
    publicUrl: string | undefined;
    limits: WorkLimits;
    /** Told of every answer: the route's pattern, never the address with its identifiers. */
    onAnswer(answer: { method: string; route: string; status: number; durationMs: number }): void;
  };

/** The event gateway: what it answers 2xx to is stored, whether Temporal is up or not. */
export async function createServer(deps: GatewayDeps): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: deps.logger,
    // Answers are counted by route; addresses hold identifiers, so requests are not logged.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_TIMEOUT_MS,
    keepAliveTimeout: IDLE_CONNECTION_TIMEOUT_MS,
    http: { connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    clientErrorHandler: answerClientError,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: answerFrameworkError,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>();
  server.server.maxConnections = MAX_CONNECTIONS;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  readJsonBodies(server);
  answerWithProblems(server);
  server.addHook('onSend', async ({ raw, headers }, reply) => {
    const isShort =
      headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= MAX_UNREAD_BYTES;
    // Whoever keeps its connection would send on it when the gateway is gone.
    if (deps.isStopping() || (!raw.complete && !isShort)) reply.header('connection', 'close');
  });
  server.addHook('onResponse', async (request, reply) => {
    deps.onAnswer({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    });
  });

  await server.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Stockbridge event gateway', version: '0.1.0', license: { name: 'Apache-2.0' } },
      ...(deps.publicUrl === undefined ? {} : { servers: [{ url: deps.publicUrl }] }),
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', name: 'x-api-key', in: 'header' },
          bearer: { type: 'http', scheme: 'bearer' },
          authUsername: { type: 'apiKey', name: 'authUsername', in: 'header' },
          authPassword: { type: 'apiKey', name: 'authPassword', in: 'header' },
        },
      },
      security: [{ apiKey: [] }],
    },
    transform: jsonSchemaTransform,
  });
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  await server.register(healthRoutes(deps));
  await server.register(async (bounded) => {
    boundWork(bounded, deps.limits);
    await bounded.register(stockFileRoutes(deps));
    await bounded.register(increffRoutes(deps));
    await bounded.register(graphqlRoutes(deps));
    await bounded.register(async (keyed) => {
      keyed.addHook('onRequest', requireKey(deps.keys));
      await keyed.register(eventRoutes(deps));
      await keyed.register(submissionRoutes(deps));
      await keyed.register(abortRoutes(deps));
      await keyed.register(stockRoutes(deps));
    });
  });
  await server.ready();
  return server;
}
