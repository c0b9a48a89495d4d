import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { accountOf } from './auth';
import { Problem } from './problems';

/** How much is under way. */
interface Load {
  requests: number;
  /** Of their bodies: as announced, or as they come when nothing is announced. */
  bodyBytes: number;
}

/** What the gateway works on at once, and how much of that one account may fill. */
export interface WorkLimits {
  /** Requests whose key is being looked at; of these little is held. */
  arriving: number;
  all: Readonly<Load>;
  ofAccount: Readonly<Load>;
}

/** About a second's work. A body takes some ten times its size in memory while it is read and stored. */
export const WORK_LIMITS: WorkLimits = {
  arriving: 5_000,
  all: { requests: 1_000, bodyBytes: 32 * 1024 * 1024 },
  ofAccount: { requests: 250, bodyBytes: 16 * 1024 * 1024 },
};

const RETRY_AFTER = { 'retry-after': '1' };
/** Made once: whoever has too much to do has no time to write stack traces. */
const OVERLOADED = new Problem(503, 'the gateway has as much to do as it can; nothing was stored', [], RETRY_AFTER);
const TOO_MANY = new Problem(429, 'the account has as much under way as one may; nothing was stored', [], RETRY_AFTER);
/** What its caller would never learn of is not begun; nobody reads this answer. */
const CALLER_GONE = new Problem(400, 'the caller has left');

/** One request's part of what is under way. */
interface Share {
  stage: 'arriving' | 'counted' | 'at_work';
  /** Whose it is, and how many bytes were counted for the account: more than for all once those refuse. */
  account: string | undefined;
  accountBytes: number;
  bodyBytes: number;
}

const ONE_REQUEST: Load = { requests: 1, bodyBytes: 0 };

const fits = (load: Load, more: Load, ceiling: Load): boolean =>
  load.requests + more.requests <= ceiling.requests && load.bodyBytes + more.bodyBytes <= ceiling.bodyBytes;

function change(load: Load, by: Load, sign: 1 | -1): void {
  load.requests += sign * by.requests;
  load.bodyBytes += sign * by.bodyBytes;
}

/** Counts what is under way, of all and of each account. Throws a {@link Problem} instead of counting what is too much. */
function createCounters(limits: WorkLimits) {
  let arriving = 0;
  const all: Load = { requests: 0, bodyBytes: 0 };
  const accounts = new Map<string, Load>();

  const takeOfAll = (more: Load): void => {
    if (!fits(all, more, limits.all)) throw OVERLOADED;
    change(all, more, 1);
  };
  const takeOfAccount = (account: string, more: Load): void => {
    const load = accounts.get(account) ?? { requests: 0, bodyBytes: 0 };
    if (!fits(load, more, limits.ofAccount)) throw TOO_MANY;
    change(load, more, 1);
    accounts.set(account, load);
  };

  return {
    arrive(): Share {
      if (arriving >= limits.arriving) throw OVERLOADED;
      arriving += 1;
      return { stage: 'arriving', account: undefined, accountBytes: 0, bodyBytes: 0 };
    },
    /** Its key was looked at. */
    count(share: Share, account: string | undefined): void {
      if (account !== undefined) takeOfAccount(account, ONE_REQUEST);
      share.account = account;
      takeOfAll(ONE_REQUEST);
      share.stage = 'counted';
      arriving -= 1;
    },
    grow(share: Share, bodyBytes: number): void {
      const more = { requests: 0, bodyBytes };
      if (share.account !== undefined) takeOfAccount(share.account, more);
      share.accountBytes += bodyBytes;
      takeOfAll(more);
      share.bodyBytes += bodyBytes;
    },
    leave({ stage, account, accountBytes, bodyBytes }: Share): void {
      if (stage === 'arriving') arriving -= 1;
      else change(all, { requests: 1, bodyBytes }, -1);
      const load = account === undefined ? undefined : accounts.get(account);
      if (account === undefined || !load) return;
      change(load, { requests: 1, bodyBytes: accountBytes }, -1);
      if (load.requests === 0) accounts.delete(account);
    },
  };
}

/** The announced size of a body; undefined when there is one and its size is not announced. */
function announcedBytes({ headers }: FastifyRequest): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
}

/**
 * Refuses at once what the routes of `server` cannot take: 503 when all callers have too much under way, 429 when one account
 * has. A request counts until it is answered; what nobody waits for any more is not begun.
 */
export function boundWork(server: Pick<FastifyInstance, 'addHook'>, limits: WorkLimits): void {
  const counters = createCounters(limits);
  const shares = new WeakMap<FastifyRequest, Share>();

  const leave = (request: FastifyRequest): void => {
    const share = shares.get(request);
    if (!share) return;
    shares.delete(request);
    counters.leave(share);
  };

  server.addHook('onRequest', async (request, reply) => {
    const share = counters.arrive();
    shares.set(request, share);
    reply.raw.once('close', () => {
      if (share.stage !== 'at_work') leave(request);
    });
  });

  server.addHook('preParsing', async (request, _reply, body) => {
    const share = shares.get(request);
    if (!share) throw CALLER_GONE;
    counters.count(share, accountOf(request));
    const bytes = announcedBytes(request);
    // Larger than its route takes: it is refused without being read.
    if (bytes !== undefined && bytes <= request.routeOptions.bodyLimit) counters.grow(share, bytes);
    if (bytes !== undefined) return body;
    async function* counted() {
      for await (const chunk of body) {
        if (!share || shares.get(request) !== share) throw CALLER_GONE;
        counters.grow(share, chunk.length);
        yield chunk;
      }
    }
    const stream = Readable.from(counted(), { objectMode: false });
    // Whoever reads it stops listening once the body is too large; what becomes of the rest is nobody's concern.
    return stream.on('error', () => {});
  });

  server.addHook('preHandler', async (request) => {
    const share = shares.get(request);
    if (!share) throw CALLER_GONE;
    share.stage = 'at_work';
  });

  server.addHook('onSend', async (request) => leave(request));
}
