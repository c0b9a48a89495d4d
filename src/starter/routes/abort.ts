import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SubmissionStore } from '../../store/submissions';
import type { Withdrawal } from '../../store/withdrawal';
import { holderOf } from '../auth';
import { problemAnswers } from '../problems';
import { findSubmission, submissionView } from '../submission-view';

/** Takes a submission back as far as that is still possible. */
export const abortRoutes =
  (deps: {
    submissions: Pick<SubmissionStore, 'find' | 'finishDone'>;
    withdraw(id: string): Promise<Withdrawal>;
    poke(connectionId: number): void;
  }): FastifyPluginAsyncZod =>
  async (server) => {
    server.post(
      '/submissions/:id/abort',
      {
        schema: {
          summary: 'Withdraws the lines that were not sent yet',
          description:
            'A listing falls back to the newest other value that is known. Lines that went out stay as they are; both are listed by row.',
          params: z.object({ id: z.string().max(26) }),
          response: {
            200: z.object({
              submission: submissionView,
              withdrawnRows: z.array(z.number().int()),
              sentRows: z.array(z.number().int()),
            }),
            ...problemAnswers(401, 404, 422, 429, 503),
          },
        },
      },
      async (request) => {
        const find = () => findSubmission(deps.submissions, request.params.id, holderOf(request));
        const { id, connectionId } = await find();
        const withdrawal = await deps.withdraw(id);
        await deps.submissions.finishDone(connectionId);
        deps.poke(connectionId);
        return { submission: await find(), ...withdrawal };
      },
    );
  };
