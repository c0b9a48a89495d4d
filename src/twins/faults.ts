import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { createHold, type Hold } from './hold';
import { type Reshape, respelled, withLife } from './reshape';

const share = z.number().min(0).max(1);
const milliseconds = z.number().int().min(0).max(3_600_000);
const httpStatus = z.number().int().min(200).max(599);

const passes = (check: () => void): boolean => {
  try {
    check();
    return true;
  } catch {
    return false;
  }
};
const headerName = z
  .string()
  .toLowerCase()
  .refine((name) => passes(() => validateHeaderName(name)), 'is no header name');
const headerValue = z.string().refine((value) => passes(() => validateHeaderValue('x', value)), 'is no header value');

const common = {
  /** What the log calls it; the kind by default. */
  name: z.string().min(1).optional(),
  on: z
    .strictObject({
      method: z.string().toUpperCase().optional(),
      /** A prefix of the path, in which `*` stands for anything. */
      path: z.string().startsWith('/').optional(),
      /** Whose token the request carries. */
      account: z.string().optional(),
      /** What the request does, for a channel with one path for everything. */
      operation: z.string().optional(),
    })
    .default({}),
  rate: share.default(1),
  times: z.number().int().min(1).optional(),
  after: z.number().int().min(0).default(0),
};
const someLines = { lines: z.array(z.string()).optional(), share: share.optional() };

const additive = [
  z.strictObject({ ...common, kind: z.literal('delay'), ms: milliseconds }),
  z.strictObject({ ...common, kind: z.literal('hold'), until: z.number().int().min(1).optional() }),
  z.strictObject({ ...common, kind: z.literal('expire-token') }),
  z.strictObject({
    ...common,
    ...someLines,
    kind: z.literal('fail-lines'),
    message: z.string().default('Rejected on request'),
  }),
  z.strictObject({ ...common, ...someLines, kind: z.literal('omit-lines') }),
  z.strictObject({ ...common, kind: z.literal('unknown-line'), key: z.string().min(1).default('UNKNOWN-LINE') }),
  z.strictObject({ ...common, kind: z.literal('failed-without-list') }),
  z.strictObject({ ...common, kind: z.literal('status-failed') }),
  z.strictObject({ ...common, kind: z.literal('stuck'), afterRows: z.number().int().min(0).optional() }),
  z.strictObject({
    ...common,
    ...someLines,
    kind: z.literal('buyer-cancels'),
    /** How many of each line's open pieces; all without it. */
    pieces: z.number().int().min(1).optional(),
  }),
  z.strictObject({
    ...common,
    ...someLines,
    kind: z.literal('takes-fewer'),
    /** How many pieces of each line are taken at most. */
    pieces: z.number().int().min(1).default(1),
  }),
  z.strictObject({ ...common, kind: z.literal('odd-life'), expiresIn: z.json().optional() }),
  z.strictObject({
    ...common,
    kind: z.literal('respell-status'),
    as: z.enum(['lower', 'title', 'padded']).default('lower'),
  }),
] as const;

const decisive = [
  z.strictObject({
    ...common,
    kind: z.literal('status'),
    status: httpStatus,
    body: z.json().optional(),
    headers: z.record(headerName, headerValue).default({}),
    applies: z.boolean().default(false),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('throttle'),
    retryAfter: headerValue.optional(),
    status: httpStatus.default(429),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('redirect'),
    location: headerValue.min(1),
    status: z.number().int().min(300).max(399).default(302),
  }),
  z.strictObject({ ...common, kind: z.enum(['hang', 'hang-after-applying', 'reset', 'reset-after-applying']) }),
  z.strictObject({ ...common, kind: z.literal('garbage'), applies: z.boolean().default(true) }),
  z.strictObject({ ...common, kind: z.literal('truncated'), cutConnection: z.boolean().default(false) }),
  z.strictObject({
    ...common,
    kind: z.literal('html'),
    status: httpStatus.default(200),
    applies: z.boolean().default(false),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('firewall'),
    by: z.enum(['akamai', 'cloudflare', 'big-ip']).default('akamai'),
    status: httpStatus.default(403),
    applies: z.boolean().default(false),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('huge'),
    bytes: z.number().int().min(2).max(1_000_000_000),
    applies: z.boolean().default(true),
  }),
  z.strictObject({ ...common, kind: z.literal('slow'), ms: milliseconds }),
] as const;

const additiveFault = z.discriminatedUnion('kind', additive);
const decisiveFault = z.discriminatedUnion('kind', decisive);
const faultList = z.array(z.discriminatedUnion('kind', [...additive, ...decisive]));
/** Wrapped, so that what is wrong is named as the control interface's callers wrote it. */
const faultsInput = z.strictObject({ faults: faultList });

/** A way for a twin to misbehave, as a caller writes it; `README.md` tells what each kind does. */
export type Fault = z.input<typeof faultList>[number];

type AdditiveFault = z.output<typeof additiveFault>;
/** A fault that decides how the answer leaves, or that none does. */
export type DecisiveFault = z.output<typeof decisiveFault>;
type ParsedFault = AdditiveFault | DecisiveFault;

/** What the faults that hit a request ask of a channel's handler. Keys are the channel's own for its lines. */
export interface LineFaults {
  /** Why this line is rejected; undefined when it is not. */
  rejection(key: string): string | undefined;
  omits(key: string): boolean;
  /** The buyer cancels what is open of this line before the request is looked at. */
  buyerCancels(key: string): number;
  /** How many pieces of this line are cancelled at most, however many are asked for. */
  takesAtMost(key: string): number;
  /** A line to name that was never sent. */
  unknownLine: string | undefined;
  /** Answer a business failure without naming lines, and apply nothing. */
  failsAll: boolean;
  /** Work that this request starts comes to rest unfinished; without `afterRows` it never begins. */
  stuck: { afterRows: number | undefined } | undefined;
}

/** The faults that hit one request, sorted by what they do to it. */
export interface FaultHits {
  names: string[];
  delayMs: number;
  holds: Hold[];
  expiresToken: boolean;
  lines: LineFaults;
  /** What is done to an honest answer, one after the other. */
  reshapes: Reshape[];
  decisive: DecisiveFault | undefined;
}

interface ArmedFault {
  fault: ParsedFault;
  pattern: RegExp | undefined;
  random(): number;
  hold: Hold;
  seen: number;
  hits: number;
}

/** The faults of one twin: which are set, how often each was met, and which hit a request. */
export interface FaultBox {
  /** Replaces all faults, starts their counts anew, and lets go whom they held. Throws a ZodError that names what is wrong. */
  set(faults: unknown): void;
  clear(): void;
  list(): { faults: unknown[]; counts: { seen: number; hits: number }[] };
  hit(request: FaultedRequest): FaultHits;
}

/** What faults look at to see whether a request is theirs. */
export interface FaultedRequest {
  method: string;
  path: string;
  account: string | null;
  operation?: string | undefined;
}

/** A seeded source of numbers from 0 (included) to 1 (excluded): the same seed gives the same run. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const prefixPattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}`,
  );

const picks = (
  fault: { lines?: string[] | undefined; share?: number | undefined },
  key: string,
  random: () => number,
) =>
  fault.lines === undefined && fault.share === undefined
    ? true
    : (fault.lines?.includes(key) ?? false) || (fault.share !== undefined && random() < fault.share);

export function createFaultBox(seed: number): FaultBox {
  let armed: ArmedFault[] = [];
  const arm = (faults: ArmedFault[]): void => {
    const before = armed;
    armed = faults;
    for (const { hold } of before) hold.end();
  };

  const isHit = (one: ArmedFault, request: FaultedRequest): boolean => {
    const { on, after, times, rate } = one.fault;
    if (on.method !== undefined && on.method !== request.method) return false;
    if (on.account !== undefined && on.account !== request.account) return false;
    if (on.operation !== undefined && on.operation !== request.operation) return false;
    if (one.pattern !== undefined && !one.pattern.test(request.path)) return false;
    one.seen += 1;
    if (one.seen <= after || (times !== undefined && one.hits >= times) || one.random() >= rate) return false;
    one.hits += 1;
    return true;
  };

  return {
    set(faults) {
      const parsed = faultsInput.parse({ faults }).faults;
      arm(
        parsed.map((fault, index) => ({
          fault,
          pattern: fault.on.path === undefined ? undefined : prefixPattern(fault.on.path),
          random: seededRandom(seed + index),
          hold: createHold(fault.kind === 'hold' ? fault.until : undefined),
          seen: 0,
          hits: 0,
        })),
      );
    },
    clear: () => arm([]),
    list: () => ({
      faults: armed.map((one) => one.fault),
      counts: armed.map(({ seen, hits }) => ({ seen, hits })),
    }),
    hit(request) {
      const rejecting: ((key: string) => string | undefined)[] = [];
      const omitting: ((key: string) => boolean)[] = [];
      const buying: ((key: string) => number)[] = [];
      const limiting: ((key: string) => number)[] = [];
      const result: FaultHits = {
        names: [],
        delayMs: 0,
        holds: [],
        expiresToken: false,
        lines: {
          rejection: (key) => rejecting.map((reject) => reject(key)).find((message) => message !== undefined),
          omits: (key) => omitting.some((omits) => omits(key)),
          buyerCancels: (key) => buying.reduce((pieces, cancels) => pieces + cancels(key), 0),
          takesAtMost: (key) => Math.min(...limiting.map((limit) => limit(key))),
          unknownLine: undefined,
          failsAll: false,
          stuck: undefined,
        },
        reshapes: [],
        decisive: undefined,
      };
      for (const one of armed) {
        const { fault, random } = one;
        if (!isHit(one, request)) continue;
        result.names.push(fault.name ?? fault.kind);
        if (fault.kind === 'delay') result.delayMs += fault.ms;
        else if (fault.kind === 'hold') result.holds.push(one.hold);
        else if (fault.kind === 'expire-token') result.expiresToken = true;
        else if (fault.kind === 'fail-lines')
          rejecting.push((key) => (picks(fault, key, random) ? fault.message : undefined));
        else if (fault.kind === 'omit-lines') omitting.push((key) => picks(fault, key, random));
        else if (fault.kind === 'buyer-cancels')
          buying.push((key) => (picks(fault, key, random) ? (fault.pieces ?? Number.POSITIVE_INFINITY) : 0));
        else if (fault.kind === 'takes-fewer')
          limiting.push((key) => (picks(fault, key, random) ? fault.pieces : Number.POSITIVE_INFINITY));
        else if (fault.kind === 'odd-life') result.reshapes.push(withLife(fault.expiresIn));
        else if (fault.kind === 'respell-status') result.reshapes.push(respelled(fault.as));
        else if (fault.kind === 'unknown-line') result.lines.unknownLine = fault.key;
        else if (fault.kind === 'failed-without-list' || fault.kind === 'status-failed') result.lines.failsAll = true;
        else if (fault.kind === 'stuck') result.lines.stuck = { afterRows: fault.afterRows };
        else {
          result.decisive = fault;
          break;
        }
      }
      return result;
    },
  };
}

/** Whether the request takes effect before this fault decides its answer. */
export function appliesBefore(fault: DecisiveFault): boolean {
  switch (fault.kind) {
    case 'status':
    case 'garbage':
    case 'html':
    case 'firewall':
    case 'huge':
      return fault.applies;
    case 'hang-after-applying':
    case 'reset-after-applying':
    case 'truncated':
    case 'slow':
      return true;
    case 'hang':
    case 'reset':
    case 'throttle':
    case 'redirect':
      return false;
  }
}
