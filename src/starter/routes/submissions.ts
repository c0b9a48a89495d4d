import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LINE_STATUSES } from '../../contracts/submission';
import type { SubmissionStore } from '../../store/submissions';
import { holderOf } from '../auth';
import { problemDocument } from '../problems';
import { findSubmission, submissionLineView, submissionView, viewOfLine } from '../submission-view';

const MAX_PAGE = 1_000;

const params = z.object({ id: z.string().max(26) });
const refusals = { 401: problemDocument, 404: problemDocument, 422: problemDocument, 503: problemDocument };

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
          description: `At most ${MAX_PAGE} lines a page; the next page starts after the row given by \`after\`.`,
          params,
          querystring: z.object({
            status: z.enum(LINE_STATUSES).optional(),
            after: z.coerce.number().int().min(0).default(0),
            limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE),
          }),
          response: {
            200: z.object({ lines: z.array(submissionLineView), nextAfter: z.number().int().nullable() }),
            ...refusals,
          },
        },
      },
      async (request) => {
        const { status, after, limit } = request.query;
        const { id } = await findSubmission(deps.submissions, request.params.id, holderOf(request));
        const filter = { ...(status === undefined ? {} : { status }), afterRow: after, limit };
        const lines = await deps.submissions.lines(id, filter);
        const last = lines.length === limit ? lines.at(-1) : undefined;
        return { lines: lines.map(viewOfLine), nextAfter: last?.row ?? null };
      },
    );
  };
