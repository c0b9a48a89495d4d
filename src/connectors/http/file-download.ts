import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { ConnectorError } from '../errors';
import { AddressRefusedError, type Resolver } from './addresses';
import { clockDeadline, type Deadline } from './deadline';
import { checkedUrl, type DestinationRules, lookupWithin } from './destinations';
import { pauseOf, retryAfterMsOf } from './retry-after';
import { limited, unpacked, unpackerFor } from './unpacking';

/** Where files may come from, and how much of one is taken. */
export interface FileDownloadOptions {
  /** Hosts as in {@link DestinationRules}; a private one has to stand here by itself. */
  allowedHosts: DestinationRules['allowedHosts'];
  /** Whether a file may come without encryption. */
  allowHttp: boolean;
  /** Of the file itself, whatever it was packed in. */
  maxBytes: number;
  /** From the call to the last byte, redirects included. @default 30000 */
  totalMs?: number;
  /** What measures `totalMs`. @default the clock of this machine */
  deadline?: Deadline;
  /** @default the system's */
  resolve?: Resolver;
}

/**
 * Fetches the file at an address that somebody else named and hands its bytes to `read` as they come; nothing is held. One
 * attempt, at most three redirects, each checked like the first address. Fails with what `read` throws, or with a
 * `ConnectorError`: `ChannelUnavailable` and `ChannelRateLimited` when it is worth another try, `InputInvalid` (an address
 * that is not called) and `ChannelRejected` (an answer that is no file) when it is not. Messages name the host only, and
 * nothing of the answer but its status: an address may be a secret, and the answer somebody else's.
 */
export type FileDownload = <T>(
  file: { url: string; signal: AbortSignal },
  read: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
) => Promise<T>;

const DEFAULT_TOTAL_MS = 30_000;
const MAX_REDIRECTS = 3;
/** Whoever waits for a file is not served by a wait of an hour. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;
/** What packing may add to a file that cannot be made smaller. */
const MAX_PACKING_BYTES = 64 * 1024;
const TRY_LATER_STATUSES: readonly number[] = [408, 425];
const HTML = /^\s*(text\/html|application\/xhtml\+xml)\b/i;

type Answer = Awaited<ReturnType<typeof request>>;

const rejected = (message: string, status?: number): ConnectorError =>
  new ConnectorError('ChannelRejected', message, status === undefined ? {} : { details: { status } });

export function createFileDownload(options: FileDownloadOptions): FileDownload {
  const { allowHttp, maxBytes, totalMs = DEFAULT_TOTAL_MS, deadline: startDeadline = clockDeadline } = options;
  const rules: DestinationRules = { allowedHosts: options.allowedHosts, allowPrivateAddresses: false };

  const allowedUrl = (text: string, base?: string): URL => {
    const url = checkedUrl(URL.parse(text, base)?.href ?? '', rules);
    if (url.protocol === 'https:' || allowHttp) return url;
    throw new ConnectorError('InputInvalid', `${url.hostname}: files are fetched over https only`);
  };

  return async ({ url: start, signal }, read) => {
    let url = allowedUrl(start);
    // Of this download alone, so that ending it ends every connection, and no connection outlives the check of its address.
    const agent = new Agent({
      pipelining: 0,
      headersTimeout: totalMs,
      bodyTimeout: totalMs,
      connect: { timeout: totalMs, lookup: lookupWithin(rules, options.resolve) },
    });
    let ended: string | undefined;
    const end = (why: string): void => {
      ended ??= why;
      void agent.destroy(new Error(why));
    };
    const onAbort = () => end('aborted');
    const stopDeadline = startDeadline(totalMs, () => end(`no complete file within ${totalMs / 1_000} s`));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();

    const failureOf = (error: unknown): ConnectorError => {
      if (error instanceof ConnectorError) return error;
      if (error instanceof AddressRefusedError) {
        return new ConnectorError('InputInvalid', `${url.hostname} leads to an address that is not public`);
      }
      return new ConnectorError(
        'ChannelUnavailable',
        `${url.hostname}: ${ended ?? `the connection failed (${codeOf(error)})`}`,
      );
    };

    const ask = async (): Promise<Answer> => {
      for (let redirects = 0; ; redirects++) {
        const headers = { accept: 'text/csv, */*;q=0.5', 'accept-encoding': 'identity', 'user-agent': 'stockbridge' };
        const answer = await request(url, { dispatcher: agent, headers });
        const target = redirectOf(answer);
        if (target === undefined) return answer;
        discard(answer.body);
        if (redirects === MAX_REDIRECTS) throw rejected(`${url.hostname}: more than ${MAX_REDIRECTS} redirects`);
        url = allowedUrl(target, url.href);
      }
    };

    async function* received(answer: Answer): AsyncGenerator<Uint8Array> {
      try {
        yield* answer.body;
      } catch (error) {
        throw failureOf(error);
      }
    }

    async function* bytesOf(answer: Answer): AsyncGenerator<Uint8Array> {
      const encoding = singleHeader(answer, 'content-encoding')?.trim().toLowerCase() || 'identity';
      const tooLarge = () => rejected(`the file at ${url.hostname} is larger than ${maxBytes / 1024 / 1024} MB`);
      const bytes = received(answer);
      if (encoding === 'identity') return yield* limited(bytes, maxBytes, tooLarge);
      const unpacker = unpackerFor(encoding);
      if (!unpacker) throw rejected(`${url.hostname} sends the file in an encoding that is not read`);
      const packed = limited(bytes, maxBytes + MAX_PACKING_BYTES, tooLarge);
      const unreadable = () => rejected(`the file at ${url.hostname} cannot be unpacked`);
      yield* limited(unpacked(packed, unpacker, unreadable), maxBytes, tooLarge);
    }

    try {
      const answer = await ask().catch((error: unknown) => {
        throw failureOf(error);
      });
      // What is left of it when nobody reads on.
      answer.body.on('error', () => {});
      refuseUnlessFile(answer, url.hostname);
      return await read(bytesOf(answer));
    } finally {
      stopDeadline();
      signal.removeEventListener('abort', onAbort);
      await agent.destroy();
    }
  };
}

/** Throws for an answer that is no file, in the order of what helps most. */
function refuseUnlessFile(answer: Answer, host: string): void {
  const { statusCode: status } = answer;
  const said = `${host} answered ${status}${STATUS_CODES[status] === undefined ? '' : ` (${STATUS_CODES[status]})`}`;
  const retryAfter = singleHeader(answer, 'retry-after');
  if (status === 429) {
    const retryAfterMs = Math.min(retryAfterMsOf(retryAfter, Date.now()), MAX_RETRY_AFTER_MS);
    throw new ConnectorError('ChannelRateLimited', said, { details: { status, retryAfterMs } });
  }
  if (TRY_LATER_STATUSES.includes(status) || status >= 500) {
    const pause = pauseOf(retryAfter, Date.now());
    if (pause.retryAfterMs !== undefined) pause.retryAfterMs = Math.min(pause.retryAfterMs, MAX_RETRY_AFTER_MS);
    throw new ConnectorError('ChannelUnavailable', said, { details: { ...pause, status } });
  }
  if (status === 401 || status === 403) throw rejected(`${said}: the file has to be readable without a login`, status);
  if (status !== 200) throw rejected(`${said} instead of a file`, status);
  if (HTML.test(singleHeader(answer, 'content-type') ?? '')) {
    throw rejected(`${host} answered with a web page instead of a file: it has to be readable without a login`, status);
  }
}

/** Where an answer sends its reader; undefined when it does not. */
const redirectOf = (answer: Answer): string | undefined =>
  [301, 302, 303, 307, 308].includes(answer.statusCode) ? singleHeader(answer, 'location') : undefined;

function singleHeader({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function discard(body: Readable): void {
  body.on('error', () => {});
  body.destroy();
}

const codeOf = (error: unknown): string =>
  error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.name) : 'unknown';
