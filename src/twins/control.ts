import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ZodError, z } from 'zod';
import type { FaultBox } from './faults';
import type { RequestLog } from './request-log';

/** What the control interface may do to a twin. */
export interface Controlled {
  twin: { name: string; state(): unknown; expireTokens(): void; reset(): void };
  log: RequestLog;
  faults: FaultBox;
  /** Throws a ZodError that names what does not fit. */
  setState(patch: unknown): void;
  readBody(request: FastifyRequest): { ok: true; value: unknown } | { ok: false; status: number; message: string };
}

const logQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
});
const faultsBody = z.strictObject({ faults: z.unknown() });

/** Adds the routes under `/__twin/`: health, log, state, faults, tokens, reset. Bad input is 400 with every fault named. */
export function registerControl(app: FastifyInstance, { twin, log, faults, setState, readBody }: Controlled): void {
  const control =
    (run: (request: FastifyRequest, body: unknown) => unknown) => (request: FastifyRequest, reply: FastifyReply) => {
      const body = readBody(request);
      if (!body.ok) return reply.code(body.status).send({ message: body.message, errors: [] });
      try {
        return reply.send(run(request, body.value));
      } catch (error) {
        if (!(error instanceof ZodError)) throw error;
        const errors = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
        return reply.code(400).send({ message: 'Bad control input', errors });
      }
    };
  const done =
    (act: () => void): (() => unknown) =>
    () => {
      act();
      return { ok: true };
    };

  app.get(
    '/__twin/health',
    control(() => ({ name: twin.name, ok: true })),
  );
  app.get(
    '/__twin/log',
    control((request) => {
      const { after, limit } = logQuery.parse(request.query);
      return { entries: log.entries(after, limit), lastSeq: log.lastSeq(), dropped: log.dropped() };
    }),
  );
  app.delete('/__twin/log', control(done(log.clear)));
  app.get('/__twin/state', control(twin.state));
  app.put(
    '/__twin/state',
    control((_request, body) => {
      setState(body);
      return twin.state();
    }),
  );
  app.get('/__twin/faults', control(faults.list));
  app.put(
    '/__twin/faults',
    control((_request, body) => {
      faults.set(faultsBody.parse(body).faults);
      return faults.list();
    }),
  );
  app.delete('/__twin/faults', control(done(faults.clear)));
  app.post('/__twin/tokens/expire', control(done(twin.expireTokens)));
  app.post('/__twin/reset', control(done(twin.reset)));
}
