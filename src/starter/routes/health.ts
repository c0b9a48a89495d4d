import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { METRICS_MEDIA_TYPE } from '../../observability/metrics';
import { Problem, problemAnswers } from '../problems';

/** For the machines that look after this one; no key needed. */
export const healthRoutes =
  (deps: {
    pingStore(): Promise<void>;
    /** What Temporal's namespace lacks, in words; undefined when that is nothing, or nobody knows. */
    lacking(): Promise<string | undefined>;
    isStopping(): boolean;
    metrics(): Promise<string>;
  }): FastifyPluginAsyncZod =>
  async (server) => {
    const ok = z.object({ status: z.literal('ok') });
    server.get(
      '/healthz',
      { schema: { summary: 'The process is alive', security: [], response: { 200: ok } } },
      async () => ({
        status: 'ok' as const,
      }),
    );
    server.get(
      '/readyz',
      {
        schema: {
          summary: 'The process can store what comes in; Temporal may be down, but not without what setup makes there',
          security: [],
          response: { 200: ok, ...problemAnswers(503) },
        },
      },
      async () => {
        if (deps.isStopping()) throw new Problem(503, 'the gateway is stopping');
        await deps.pingStore().catch(() => {
          throw new Problem(503, 'the database cannot be reached', [], { 'retry-after': '5' });
        });
        const lacking = await deps.lacking();
        if (lacking !== undefined) throw new Problem(503, lacking, [], { 'retry-after': '5' });
        return { status: 'ok' as const };
      },
    );
    server.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
      return reply.type(METRICS_MEDIA_TYPE).send(await deps.metrics());
    });
  };
