import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LINE_STATUSES, SUBMISSION_SOURCES, SUBMISSION_STATUSES } from '../../contracts/submission';
import type { SubmissionStore } from '../../store/submissions';
import type { Withdrawal } from '../../store/withdrawal';
import { holderOf } from '../auth';
import { notFound, problemDocument } from '../problems';

const MAX_PAGE = 1_000;

const submission = z.object({
  id: z.string(),
  connectionId: z.number().int(),
  source: z.enum(SUBMISSION_SOURCES),
  status: z.enum(SUBMISSION_STATUSES),
  totalCount: z.number().int(),
  successCount: z.number().int(),
  errorCount: z.number().int(),
  finishedCount: z.number().int(),
  error: z.string().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

const line = z.object({
  row: z.number().int(),
  listing: z.string(),
  locationId: z.string(),
  quantity: z.number().int().nullable(),
  version: z.object({ publishedAt: z.string(), messageId: z.string() }),
  status: z.enum(LINE_STATUSES),
  error: z.string().nullable(),
  pushId: z.string().nullable(),
});

const params = z.object({ id: z.string().max(26) });
const refusals = { 401: problemDocument, 404: problemDocument, 503: problemDocument };

/** What became of what came in. */
export const submissionRoutes =
  (deps: {
    submissions: SubmissionStore;
    withdraw(id: string): Promise<Withdrawal>;
    poke(connectionId: number): void;
  }): FastifyPluginAsyncZod =>
  async (server) => {
    const find = async (id: string, accountSlug: string) => {
      const found = await deps.submissions.find(id, accountSlug);
      if (!found) throw notFound('submission');
      return found;
    };

    server.get(
      '/submissions/:id',
      { schema: { summary: 'Counts and status of a submission', params, response: { 200: submission, ...refusals } } },
      (request) => find(request.params.id, holderOf(request).accountSlug),
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
            200: z.object({ lines: z.array(line), nextAfter: z.number().int().nullable() }),
            422: problemDocument,
            ...refusals,
          },
        },
      },
      async (request) => {
        const { status, after, limit } = request.query;
        const { id } = await find(request.params.id, holderOf(request).accountSlug);
        const lines = await deps.submissions.lines(id, {
          ...(status === undefined ? {} : { status }),
          afterRow: after,
          limit,
        });
        const last = lines.length === limit ? lines.at(-1) : undefined;
        return {
          lines: lines.map(({ version, ...rest }) => ({
            ...rest,
            version: { publishedAt: new Date(version.publishedAtMs).toISOString(), messageId: version.messageId },
          })),
          nextAfter: last?.row ?? null,
        };
      },
    );

    server.post(
      '/submissions/:id/abort',
      {
        schema: {
          summary: 'Withdraws the lines that were not sent yet',
          description:
            'A listing falls back to the newest other value that is known. Lines that went out stay as they are; both are listed by row.',
          params,
          response: {
            200: z.object({
              submission,
              withdrawnRows: z.array(z.number().int()),
              sentRows: z.array(z.number().int()),
            }),
            ...refusals,
          },
        },
      },
      async (request) => {
        const { accountSlug } = holderOf(request);
        const { id, connectionId } = await find(request.params.id, accountSlug);
        const withdrawal = await deps.withdraw(id);
        await deps.submissions.finishDone(connectionId);
        deps.poke(connectionId);
        return { submission: await find(id, accountSlug), ...withdrawal };
      },
    );
  };
