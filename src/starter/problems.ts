import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faultText } from '../intake/fault-text';
import { FileFault } from '../intake/file-fault';
import { isStoreUnavailable } from '../store/database';

const RETRY_AFTER_SECONDS = 5;

/** One thing that is wrong with a request, and where. */
export interface Fault {
  /** Dotted path into the body, or the name of a parameter. */
  path: string;
  message: string;
}

/** An answer that is a refusal, as an RFC 9457 problem document. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly errors: readonly Fault[] = [],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}

/** The body of every answer that is an error. */
export const problemDocument = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The refusals of a route, for its OpenAPI document. */
export const problemAnswers = <Status extends number>(...statuses: Status[]) => {
  const answers = statuses.map((status) => [
    status,
    { description: STATUS_CODES[status] ?? 'Refused', content: { [PROBLEM_MEDIA_TYPE]: { schema: problemDocument } } },
  ]);
  return Object.fromEntries(answers) as Record<
    Status,
    { description: string; content: Record<typeof PROBLEM_MEDIA_TYPE, { schema: typeof problemDocument }> }
  >;
};

export const notFound = (what: string): Problem => new Problem(404, `there is no such ${what}`);

/** Every fault of a body that does not fit, with its path; `prefix` is where in the body the parsed piece stands. */
export const unprocessable = (error: z.ZodError, prefix: readonly (string | number)[] = []): Problem =>
  new Problem(
    422,
    'the body does not fit',
    error.issues.map((issue) => ({ path: [...prefix, ...issue.path].join('.'), message: faultText(issue) })),
  );

/** Reads external data with a schema, or refuses it with every fault. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown, prefix: readonly (string | number)[] = []): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw unprocessable(parsed.error, prefix);
  return parsed.data;
}

/** What went wrong, as a refusal: the one place where an error becomes one. */
export function toProblem(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof FileFault) return new Problem(error.kind === 'too_large' ? 413 : 422, error.message);
  if (isStoreUnavailable(error)) {
    return new Problem(503, 'the database cannot be reached or is too busy; nothing was stored', [], {
      'retry-after': String(RETRY_AFTER_SECONDS),
    });
  }
  const code = 'code' in error ? error.code : undefined;
  const validation = 'validation' in error ? error.validation : undefined;
  if (validation) {
    const context = 'validationContext' in error ? error.validationContext : undefined;
    const faults = validation.map((fault) => ({
      path: fault.instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: fault.message ?? 'is wrong',
    }));
    return new Problem(422, `the ${context ?? 'request'} does not fit`, faults);
  }
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem(415, 'send application/json');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem(413, 'the body is too large');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Problem(422, 'the body is not JSON', [{ path: '', message: 'is not JSON' }]);
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status !== undefined && status >= 400 && status < 500)
    return new Problem(status, STATUS_CODES[status] ?? 'refused');
  return new Problem(500, 'an unexpected fault; it was logged');
}

/** The refusal as the body of its answer. */
export const documentOf = (problem: Problem): z.output<typeof problemDocument> => ({
  type: 'about:blank',
  title: STATUS_CODES[problem.status] ?? 'Error',
  status: problem.status,
  detail: problem.detail,
  ...(problem.errors.length > 0 ? { errors: [...problem.errors] } : {}),
});

/** Logs what is our own fault; a refusal that was meant says enough by its status. */
export function logFault(request: FastifyRequest, error: Error): void {
  if (error instanceof Problem || toProblem(error).status < 500) return;
  request.log.error({ err: { name: error.name, message: error.message } }, 'request failed');
}

const send = (reply: FastifyReply, problem: Problem) =>
  reply
    .status(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_MEDIA_TYPE)
    .serializer(JSON.stringify)
    .send(documentOf(problem));

/** For what fastify refuses before it has found a route, such as an address that cannot be decoded. */
export const answerFrameworkError = (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
  send(reply, toProblem(error));
};

/** Turns everything that a route throws into a problem document: the one place where an error becomes an answer. */
export function answerWithProblems(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => {
    logFault(request, error);
    return send(reply, toProblem(error));
  });
  server.setNotFoundHandler((_request, reply) => send(reply, notFound('route')));
}
