import type { FastifyInstance } from 'fastify';
import { Problem } from './problems';

const NOT_UTF8 = new Problem(422, 'the body is not JSON', [{ path: '', message: 'is not UTF-8' }]);

/**
 * Reads bodies as JSON in UTF-8 and as nothing else. Bytes that are no UTF-8 are refused: read as replacement characters they
 * would make one identifier out of several.
 */
export function readJsonBodies(server: FastifyInstance): void {
  const parseText = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(body));
    } catch {
      return done(NOT_UTF8);
    }
    parseText(request, text, done);
  });
}
