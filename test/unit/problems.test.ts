import { z } from 'zod';
import { notFound, Problem, problemDocument, readBody, unprocessable } from '../../src/starter/problems';
import { isDatabaseDown } from '../../src/store/database';

/** The problem that reading a body ends with. */
function problemOf(run: () => unknown): Problem {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('the body was expected to be refused');
}

const schema = z.object({ a: z.object({ b: z.array(z.number()) }), c: z.union([z.string(), z.number()]) });

it('returns what the schema read', () => {
  expect(readBody(schema, { a: { b: [1] }, c: 'x', d: 1 })).toEqual({ a: { b: [1] }, c: 'x' });
});

it('names every fault with its path, below the path of the piece that was read', () => {
  const problem = problemOf(() => readBody(schema, { a: { b: [1, 'x', null] }, c: null }, ['items', 0]));
  expect(problem.status).toBe(422);
  expect(problem.errors.map((fault) => fault.path)).toEqual(['items.0.a.b.1', 'items.0.a.b.2', 'items.0.c']);
  expect(problem.errors.every((fault) => fault.message !== '')).toBe(true);
});

it('says of a union what its first branch says', () => {
  const parsed = z.union([z.string({ error: 'is no text' }), z.number()]).safeParse(null);
  expect(parsed.error && unprocessable(parsed.error).errors).toEqual([{ path: '', message: 'is no text' }]);
});

it('tells nothing of what was not found but its kind', () => {
  expect(notFound('connection')).toMatchObject({ status: 404, detail: 'there is no such connection', errors: [] });
  expect(problemDocument.safeParse({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'x' }).success).toBe(
    true,
  );
});

describe('a database that is away', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'PROTOCOL_CONNECTION_LOST', 'ER_SERVER_SHUTDOWN'])(
    'is known by %s',
    (code) => {
      expect(isDatabaseDown(Object.assign(new Error(code), { code }))).toBe(true);
    },
  );

  it('is known by a connection that died before, of which the driver only says that it is fatal', () => {
    expect(isDatabaseDown(Object.assign(new Error('closed state'), { fatal: true }))).toBe(true);
  });

  it.each([
    Object.assign(new Error('duplicate'), { code: 'ER_DUP_ENTRY' }),
    Object.assign(new Error('denied'), { code: 'ER_ACCESS_DENIED_ERROR', fatal: true }),
    new Error('ECONNREFUSED'),
    'ECONNREFUSED',
    null,
    undefined,
  ])('is not what %p says', (error) => {
    expect(isDatabaseDown(error)).toBe(false);
  });
});
