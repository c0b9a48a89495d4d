import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { STOCK_FILES_PATH, stockFileKeyOf } from '../../contracts/stock-files';
import type { PushJobStore } from '../../store/push-jobs';
import { notFound, problemAnswers } from '../problems';

/** Goes out as the bytes that it is; in the OpenAPI document it is text. */
const file = z.custom<Buffer>().meta({ type: 'string' });

/** The files that channels fetch. No key is asked for: the name is the secret, and it is worth nothing once the job has ended. */
export const stockFileRoutes =
  (deps: { jobs: Pick<PushJobStore, 'fetchFile'> }): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      `${STOCK_FILES_PATH}/:name`,
      {
        // A HEAD would count as fetched without anybody having read it.
        exposeHeadRoute: false,
        schema: {
          summary: 'A file of stock for the channel that was told its address',
          description: 'There until the channel has worked it off, and for a limited time.',
          security: [],
          params: z.object({ name: z.string() }),
          response: {
            200: { description: 'The file', content: { 'text/csv': { schema: file } } },
            ...problemAnswers(404, 503),
          },
        },
      },
      async (request, reply) => {
        const fileKey = stockFileKeyOf(request.params.name);
        const found = fileKey === undefined ? undefined : await deps.jobs.fetchFile(fileKey);
        if (!found) throw notFound('file');
        return reply.type(found.mediaType).header('cache-control', 'no-store').send(Buffer.from(found.text));
      },
    );
  };
