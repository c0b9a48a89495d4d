import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LINE_STATUSES } from '../../contracts/submission';
import type { SubmissionStore } from '../../store/submissions';
import { holderOf } from '../auth';
import { problemAnswers } from '../problems';
import { linesAsCsv, prefersCsv } from '../submission-csv';
import { findSubmission, submissionLineView, submissionView, viewOfLine } from '../submission-view';

const MAX_PAGE = 1_000;

const params = z.object({ id: z.string().max(26) });
const refusals = problemAnswers(401, 404, 422, 429, 503);
const linePage = z.object({ lines: z.array(submissionLineView), nextAfter: z.number().int().nullable() });
/** A stream goes out as it is; in the OpenAPI document it is the text that it makes. */
const lineFile = z
  .custom<Readable>()
  .meta({ type: 'string', description: 'Columns: row,listing,location,quantity,status,error,pushId' });

/** What became of what came in. */
export const submissionRoutes =
  (deps: { submissions: Pick<SubmissionStore, 'find' | 'lines'> }): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      '/submissions/:id',
      {
        schema: {
          summary: 'Counts and status of a submission',
          params,
          response: { 200: submissionView, ...refusals },
        },
      },
      (request) => findSubmission(deps.submissions, request.params.id, holderOf(request)),
    );

    server.get(
      '/submissions/:id/lines',
      {
        schema: {
          summary: 'The verdict on each line',
          description: `JSON: at most ${MAX_PAGE} lines a page; the next page starts after the row given by \`after\`. CSV, by \`Accept: text/csv\` or \`format=csv\`: all lines in one file, or \`limit\` of them.`,
          params,
          querystring: z.object({
            status: z.enum(LINE_STATUSES).optional(),
            after: z.coerce.number().int().min(0).default(0),
            limit: z.coerce.number().int().min(1).max(MAX_PAGE).optional(),
            format: z.enum(['json', 'csv']).optional(),
          }),
          response: {
            200: {
              description: 'The lines',
              content: { 'application/json': { schema: linePage }, 'text/csv': { schema: lineFile } },
            },
            ...refusals,
          },
        },
      },
      async (request, reply) => {
        const { status, after, limit = MAX_PAGE, format } = request.query;
        const { id } = await findSubmission(deps.submissions, request.params.id, holderOf(request));
        reply.header('vary', 'accept');
        if (format === 'csv' || (format === undefined && prefersCsv(request.headers.accept))) {
          const wanted = { status, afterRow: after, pageSize: limit, allPages: request.query.limit === undefined };
          const name = `submission-${id}${status === undefined ? '' : `-${status}`}.csv`;
          reply
            .type('text/csv; charset=utf-8; header=present')
            .header('content-disposition', `attachment; filename="${name}"`);
          return reply.send(Readable.from(await linesAsCsv(deps.submissions, id, wanted)));
        }
        const filter = { ...(status === undefined ? {} : { status }), afterRow: after, limit };
        const lines = await deps.submissions.lines(id, filter);
        const last = lines.length === limit ? lines.at(-1) : undefined;
        return { lines: lines.map(viewOfLine), nextAfter: last?.row ?? null };
      },
    );
  };
