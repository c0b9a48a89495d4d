import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { inventoryEvent, orderEvent } from '../../contracts/events';
import { holderOf } from '../auth';
import type { OrderIntake } from '../order-intake';
import { problemAnswers } from '../problems';
import type { StockIntake } from '../stock-intake';
import { warningsView } from '../submission-view';

const refusals = problemAnswers(401, 413, 415, 422, 429, 503);

/** What the WMS posts. 202 means stored for good. */
export const eventRoutes =
  (deps: { takeStock: StockIntake; orders: OrderIntake }): FastifyPluginAsyncZod =>
  async (server) => {
    server.post(
      '/events/inventory',
      {
        schema: {
          summary: "The WMS's inventory event",
          description:
            'Absolute quantities. An older message never replaces a newer one. The same message_id with the same content again is a duplicate; with other content it is stored as well, and a warning says so.',
          body: inventoryEvent,
          response: {
            202: z.object({
              submissionId: z.string(),
              status: z.enum(['accepted', 'duplicate', 'superseded']),
              warnings: warningsView.optional(),
            }),
            ...problemAnswers(404),
            ...refusals,
          },
        },
      },
      async (request, reply) => {
        const { submissionId, status, warnings } = await deps.takeStock(holderOf(request), request.body);
        return reply.status(202).send({ submissionId, status, ...(warnings.length > 0 ? { warnings } : {}) });
      },
    );

    server.post(
      '/events/order',
      {
        schema: {
          summary: "The WMS's order.unfulfillable event",
          description:
            'Cancels the unfulfillable lines at the marketplace and then in the WMS. Customer data is not read.',
          body: orderEvent,
          response: {
            202: z.object({
              workflowId: z.string().nullable(),
              status: z.enum(['accepted', 'duplicate', 'ignored', 'parked']),
              reason: z.string().optional(),
            }),
            ...refusals,
          },
        },
      },
      async (request, reply) => reply.status(202).send(await deps.orders.receive(holderOf(request), request.body)),
    );
  };
