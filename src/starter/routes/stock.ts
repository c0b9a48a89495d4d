import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Connection } from '../../contracts/connection';
import { holderOf, mayUse } from '../auth';
import { notFound, problemAnswers } from '../problems';
import { type StockViews, stockView } from '../stock-view';

/** What a listing shall show, what was sent, and what the channel said. */
export const stockRoutes =
  (deps: { views: StockViews; findConnection(id: number): Promise<Connection | undefined> }): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      '/stock',
      {
        schema: {
          summary: 'Desired, sent, acknowledged and observed stock of a listing, and how it came about',
          description: 'Of the location that is asked for, or else of the one that the connection shows.',
          querystring: z.object({
            connectionId: z.coerce.number().int().positive(),
            listing: z.string().min(1).max(255),
            locationId: z.string().max(100).optional(),
          }),
          response: {
            200: stockView,
            ...problemAnswers(401, 404, 422, 429, 503),
          },
        },
      },
      async (request) => {
        const { connectionId, listing, locationId } = request.query;
        const connection = await deps.findConnection(connectionId);
        if (!connection || !mayUse(holderOf(request), connection)) throw notFound('connection');
        const views = await deps.views(connectionId, listing);
        const shown = views.find((view) => view.locationId === (locationId ?? connection.locationId ?? ''));
        // A connection that was moved to another location still has what it showed before.
        const view = shown ?? (locationId === undefined ? views[0] : undefined);
        if (!view) throw notFound('listing');
        return view;
      },
    );
  };
