import { Agent, type Dispatcher } from 'undici';
import { ConnectorError } from '../errors';
import { AddressRefusedError } from './addresses';
import { clockDeadline, type Deadline } from './deadline';
import { checkedUrl, type DestinationRules, lookupWithin } from './destinations';

/** One request to a channel. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT';
  /** Absolute http or https address without user name and password. */
  url: string;
  headers?: Record<string, string>;
  /** Sent as the JSON body. */
  json?: unknown;
  /** Whether sending it a second time does no harm; decides what a missing answer means. */
  repeatable: boolean;
  /** Aborts the request. */
  signal: AbortSignal;
}

/** A complete answer with any status but 3xx. */
export interface HttpAnswer {
  status: number;
  /** Names in lower case; repeated headers are joined with a comma. */
  headers: Record<string, string>;
  text: string;
}

/**
 * Makes exactly one attempt per request and never follows a redirect. Fails with a `ConnectorError` only: `InputInvalid`
 * for an address that must not be called, `ChannelUnavailable` when nothing was sent or a repeatable request found no
 * complete answer, `OutcomeUnknown` when another request found none, `ChannelContractViolated` for a redirect, an
 * encoded or an oversized answer. Messages name method, origin and path only.
 */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Waits for the requests under way and closes every connection. */
  close(): Promise<void>;
}

/** How long each part of a request may take; connect and headers can be noticed up to a second late, the total is exact. */
export interface HttpTimeouts {
  /** Until the connection stands. @default 3000 */
  connectMs: number;
  /** From the request sent to the end of the answer's headers, and between two pieces of its body. @default 10000 */
  headersMs: number;
  /** From the call to the last byte of the answer, waiting for a free connection included. @default 15000 */
  totalMs: number;
}

/** Where a client may go, and what it puts up with. */
export interface HttpClientOptions extends DestinationRules {
  timeouts?: Partial<HttpTimeouts>;
  /** @default 1 MiB */
  maxAnswerBytes?: number;
  /** @default 20 */
  connectionsPerOrigin?: number;
  /** What measures `totalMs`. @default the clock of this machine */
  deadline?: Deadline;
}

const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 3_000, headersMs: 10_000, totalMs: 15_000 };
const DEFAULT_MAX_ANSWER_BYTES = 1_048_576;
const DEFAULT_CONNECTIONS_PER_ORIGIN = 20;

/** Makes the client that all connectors of a process share; it holds its connections until it is closed. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const limits = {
    totalMs: timeouts.totalMs,
    maxAnswerBytes: options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES,
    startDeadline: options.deadline ?? clockDeadline,
  };
  const agent = new Agent({
    connections: options.connectionsPerOrigin ?? DEFAULT_CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.headersMs,
    connect: { timeout: timeouts.connectMs, lookup: lookupWithin(options) },
  });
  return {
    send: async (request) => attempt(agent, checkedUrl(request.url, options), request, limits),
    close: () => agent.close(),
  };
}

type Limits = { totalMs: number; maxAnswerBytes: number; startDeadline: Deadline };

function attempt(agent: Agent, url: URL, request: HttpRequest, limits: Limits): Promise<HttpAnswer> {
  const { totalMs, maxAnswerBytes, startDeadline } = limits;
  const { method, signal, repeatable } = request;
  const where = `${method} ${url.origin}${url.pathname}`;
  const isWrite = method !== 'GET';

  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let status = 0;
    let headers: Record<string, string> = {};
    let receivedBytes = 0;
    const chunks: Buffer[] = [];

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      stopDeadline();
      signal.removeEventListener('abort', onAbort);
      return true;
    };
    const fail = (error: ConnectorError): void => {
      if (!settle()) return;
      reject(error);
      // Destroys the socket, so that the rest of an answer is never read.
      controller?.abort(error);
    };
    const failWithoutAnswer = (why: string): void => {
      const wasSent = controller !== undefined;
      const type = wasSent && !repeatable ? 'OutcomeUnknown' : 'ChannelUnavailable';
      const how = wasSent ? ' after it was sent' : '; nothing was sent';
      fail(new ConnectorError(type, `${where}: ${why}${how}`, { mayStillApply: wasSent && isWrite }));
    };
    const refuseAnswer = (why: string): void => {
      const more = { details: { status }, mayStillApply: isWrite };
      fail(new ConnectorError('ChannelContractViolated', `${where} ${why}`, more));
    };
    const onAbort = (): void => failWithoutAnswer('aborted');
    const stopDeadline = startDeadline(totalMs, () => failWithoutAnswer(`no complete answer within ${totalMs} ms`));

    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });

    agent.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'stockbridge',
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        body: request.json === undefined ? null : JSON.stringify(request.json),
      },
      {
        onRequestStart(started) {
          // Settled while it waited for a connection, or started anew by the pool: neither may reach the wire.
          if (settled || controller) return started.abort(new Error('not sent'));
          controller = started;
        },
        onResponseStart(_controller, statusCode, received) {
          if (statusCode < 200) return;
          status = statusCode;
          headers = joined(received);
          const encoding = headers['content-encoding'];
          if (status >= 300 && status < 400) return refuseAnswer(`answered ${status}: redirects are not followed`);
          if (encoding !== undefined && encoding !== 'identity') {
            return refuseAnswer(`answered ${status} in an encoding that was not asked for`);
          }
          if (Number(headers['content-length'] ?? 0) > maxAnswerBytes) refuseAnswer(tooLarge(status, maxAnswerBytes));
        },
        onResponseData(_controller, chunk) {
          receivedBytes += chunk.length;
          if (receivedBytes > maxAnswerBytes) return refuseAnswer(tooLarge(status, maxAnswerBytes));
          chunks.push(chunk);
        },
        onResponseEnd() {
          if (settle()) resolve({ status, headers, text: new TextDecoder().decode(Buffer.concat(chunks)) });
        },
        onResponseError(_controller, error) {
          if (error instanceof AddressRefusedError) {
            const refusal = `${url.hostname} resolves to an address that is not public`;
            return fail(new ConnectorError('InputInvalid', refusal));
          }
          const code = codeOf(error);
          if (code === 'UND_ERR_INVALID_ARG') {
            return fail(new ConnectorError('InputInvalid', `${where}: a header or the path cannot be sent`));
          }
          failWithoutAnswer(`connection failed (${code})`);
        },
      },
    );
  });
}

const tooLarge = (status: number, maxBytes: number): string => `answered ${status} with more than ${maxBytes} bytes`;

// The error itself is not kept as a cause: a parser error carries a piece of the answer.
const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name);

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
