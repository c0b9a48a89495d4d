import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { documentOf, PROBLEM_MEDIA_TYPE, Problem } from './problems';

const PROBLEMS: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'the request did not come in time'),
  HPE_HEADER_OVERFLOW: new Problem(431, 'the headers are too large'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Problem(413, 'the body is too large'),
};
const NO_HTTP = new Problem(400, 'this is no HTTP request that can be read');

/** Answers what never became a request, or not in time, and closes its connection. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) return void socket.destroy();
  const problem = PROBLEMS[error.code] ?? NO_HTTP;
  const document = documentOf(problem);
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${document.status} ${document.title}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
