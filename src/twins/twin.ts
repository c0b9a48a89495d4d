import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { registerControl } from './control';
import { appliesBefore, createFaultBox, type Fault, type LineFaults } from './faults';
import { type Applied, createRequestLog, type LogEntry } from './request-log';
import { type Answer, sendAnswer, sendFaulty, type Wire } from './send';
import type { Tokens } from './tokens';
import type { Violations } from './violations';

/** What every twin can be started with. */
export interface TwinOptions {
  /** @default '127.0.0.1' */
  host?: string;
  /** @default 0, a free port */
  port?: number;
  /** Makes the faults' dice repeatable. @default 1 */
  seed?: number;
  /** Life of a token; each channel has its own default. */
  tokenTtlMs?: number;
  /** Requests that the log remembers. @default 10000 */
  logLimit?: number;
  /** Milliseconds since the epoch; the clock of tokens and log. */
  now?: () => number;
  /** Waits for a `delay` fault; rejects when the twin stops. @default by the clock of this machine */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A running stand-in of a channel. `State` is what it shows of itself, `Patch` the parts of it that can be set. */
export interface Twin<State = unknown, Patch = unknown> {
  name: string;
  /** Without a slash at the end. */
  url: string;
  port: number;
  stop(): Promise<void>;
  /** Oldest first; entries of open requests change until they are answered. */
  log(): readonly LogEntry[];
  clearLog(): void;
  /** Replaces all faults. Throws a ZodError for one that does not exist. */
  setFaults(faults: Fault[]): void;
  clearFaults(): void;
  state(): State;
  /** Sets any part of the state. Throws a ZodError that names what does not fit. */
  setState(patch: Patch): void;
  /** A live token without a login, for a caller that is to start with one. */
  issueToken(account: string): string;
  expireTokens(): void;
  /** As freshly started: state, log, faults, tokens and counts; only the log's numbers go on. */
  reset(): void;
}

/** One request as a channel's handler sees it. */
export interface Exchange {
  params: Record<string, string>;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined when there was no body. */
  body: unknown;
  faults: LineFaults;
  /** Whose live token the request carries; undefined, and counted as a violation, when it carries none. */
  tokenHolder(): string | undefined;
  /** Says whose credentials were good, at a login. */
  authorize(account: string): void;
  /** Says what was changed. */
  applied(change: Applied): void;
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT';
  /** With `:name` for a part that varies. */
  path: string;
  handle(exchange: Exchange): Answer;
}

/** What a channel's own file provides; the server around it is the same for all. */
export interface StandIn<State> {
  name: string;
  routes: readonly Route[];
  tokens: Tokens;
  violations: Violations;
  /** The token that a request carries in this channel's header. */
  tokenOf(headers: IncomingHttpHeaders): string | undefined;
  /** The channel's way to say no outside its routes' own rules: 400, 404, 413, 415, 429. */
  refuse(status: number, message: string, path: string): Answer;
  /** What a request does, for faults, where one path serves everything. */
  operationOf?(body: unknown): string | undefined;
  /** Whether the channel's own limit lets one more request of this account pass; asked once a request, before any fault. */
  admits?(account: string): boolean;
  state(): State;
  /** Throws a ZodError that names what does not fit. */
  setState(patch: unknown): void;
  /** State and counts, without the tokens. */
  reset(): void;
}

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
const DEFAULT_LOG_LIMIT = 10_000;
const stringsOf = (record: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [name, String(value)]));

type Body = { ok: true; value: unknown } | { ok: false; status: number; message: string; raw: unknown };

function readBody(request: FastifyRequest): Body {
  const raw = request.body;
  if (raw === undefined || raw === null || raw === '') return { ok: true, value: undefined };
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    return { ok: false, status: 415, message: 'Unsupported Media Type', raw };
  try {
    return { ok: true, value: JSON.parse(String(raw)) };
  } catch {
    return { ok: false, status: 400, message: 'Malformed JSON', raw };
  }
}

/** Starts a server around a stand-in: routes, faults, log and control interface. */
export async function startTwin<State, Patch>(
  standIn: StandIn<State>,
  options: TwinOptions,
): Promise<Twin<State, Patch>> {
  const now = options.now ?? Date.now;
  const pause = options.pause ?? ((ms, signal) => sleep(ms, undefined, { signal }));
  const log = createRequestLog({ limit: options.logLimit ?? DEFAULT_LOG_LIMIT, now });
  const faults = createFaultBox(options.seed ?? 1);
  const stopping = new AbortController();
  let effects = 0;

  const serve = async (
    request: FastifyRequest,
    reply: FastifyReply,
    handle: (exchange: Exchange) => Answer,
  ): Promise<void> => {
    reply.hijack();
    const response = reply.raw;
    const path = request.url.split('?', 1)[0] ?? '/';
    const body = readBody(request);
    const query = stringsOf(request.query);
    const entry = log.open({ method: request.method, path, query, body: (body.ok ? body.value : body.raw) ?? null });
    // After the entry has its time, so that time and duration together are never later than the end.
    const receivedAtMs = performance.now();
    const token = standIn.tokenOf(request.headers);
    const checked = standIn.tokens.check(token);
    const account = checked.state === 'live' ? checked.account : null;
    const close = (status: number | null): void => {
      entry.status = status;
      entry.durationMs = Math.round(performance.now() - receivedAtMs);
    };
    response.once('close', () => {
      if (!response.writableFinished) close(null);
    });
    const authorize = (account: string): void => {
      entry.account = account;
      entry.authorized = true;
    };
    const wire: Wire = {
      response,
      signal: stopping.signal,
      answered(status) {
        if (!response.destroyed) close(status);
      },
    };
    const throttled = standIn.refuse(429, 'Too many requests', path);
    if (account !== null && standIn.admits?.(account) === false) {
      authorize(account);
      standIn.violations.count('rateLimit');
      return sendAnswer(wire, throttled);
    }

    const operation = body.ok ? standIn.operationOf?.(body.value) : undefined;
    const hits = faults.hit({ method: request.method, path, account, operation });
    entry.faults = hits.names;
    for (const hold of hits.holds) await hold.wait();
    if (stopping.signal.aborted) return;
    if (hits.delayMs > 0) {
      const stopped = await pause(hits.delayMs, stopping.signal).then(
        () => false,
        () => true,
      );
      if (stopped) return;
    }
    if (hits.expiresToken) standIn.tokens.expire(token);

    const exchange: Exchange = {
      params: stringsOf(request.params),
      query,
      headers: request.headers,
      body: body.ok ? body.value : undefined,
      faults: hits.lines,
      authorize,
      tokenHolder() {
        const check = standIn.tokens.check(token);
        if (check.state === 'live') {
          authorize(check.account);
          return check.account;
        }
        standIn.violations.count(`${check.state}Token`);
        return undefined;
      },
      applied(change) {
        if (entry.effectSeq === null) {
          effects += 1;
          entry.effectSeq = effects;
        }
        entry.applied.push(change);
      },
    };
    const honest = (): Answer => {
      if (body.ok) {
        const answer = handle(exchange);
        if (!('json' in answer)) return answer;
        return { ...answer, json: hits.reshapes.reduce((json, reshape) => reshape(json), answer.json) };
      }
      standIn.violations.count('badBody');
      return standIn.refuse(body.status, body.message, path);
    };
    const { decisive } = hits;
    if (decisive === undefined) return sendAnswer(wire, honest());
    await sendFaulty(wire, decisive, appliesBefore(decisive) ? honest() : throttled, throttled);
  };

  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true, exposeHeadRoutes: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const answerPlainly = (reply: FastifyReply, answer: Answer): FastifyReply =>
    reply.code(answer.status).send('json' in answer ? answer.json : answer.text);
  app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) =>
    answerPlainly(reply, standIn.refuse(error.statusCode ?? 500, error.message, request.url)),
  );
  app.setNotFoundHandler((request, reply) =>
    serve(request, reply, () => {
      standIn.violations.count('unknownRoute');
      return standIn.refuse(404, 'Not Found', request.url);
    }),
  );
  for (const { method, path, handle } of standIn.routes)
    app.route({ method, url: path, handler: (request, reply) => serve(request, reply, handle) });

  const twin: Omit<Twin<State, Patch>, 'url' | 'port'> = {
    name: standIn.name,
    async stop() {
      stopping.abort();
      faults.clear();
      await app.close();
    },
    log: () => log.entries(),
    clearLog: log.clear,
    setFaults: faults.set,
    clearFaults: faults.clear,
    state: standIn.state,
    setState: (patch) => standIn.setState(patch),
    issueToken: standIn.tokens.issue,
    expireTokens: standIn.tokens.expireAll,
    reset() {
      standIn.reset();
      standIn.tokens.clear();
      faults.clear();
      log.clear();
    },
  };
  registerControl(app, { twin, log, faults, setState: standIn.setState, readBody });

  const url = await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return { ...twin, url, port: Number(new URL(url).port || 80) };
}
