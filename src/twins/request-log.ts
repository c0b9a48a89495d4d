/** One change of a twin's state: what was changed, whose it is, and the quantity before and after where there is one. */
export interface Applied {
  what: 'login' | 'stock' | 'confirm' | 'cancel' | 'sync' | 'abort';
  account: string;
  /** The line, as the channel's faults and state call it; the account for a login. */
  key: string;
  order?: string;
  quantity?: number;
  before?: number | null;
}

/** What a twin remembers of one request. Entries of requests that are still open change until they are answered. */
export interface LogEntry {
  seq: number;
  /** ISO-8601 UTC, when the request had been received. */
  at: string;
  method: string;
  /** Without the query. */
  path: string;
  query: Record<string, string>;
  /** The status answered; null while the request is open, or when its connection was cut. */
  status: number | null;
  /** Parsed JSON with credentials masked, text when it is no JSON, null when there was none. */
  body: unknown;
  /** Whose credentials or token the request carried; null when they were not good. */
  account: string | null;
  authorized: boolean;
  applied: Applied[];
  /** The order in which requests took effect; null when nothing was changed. */
  effectSeq: number | null;
  /** Names of the faults that hit. */
  faults: string[];
  /** Null while the request is open. */
  durationMs: number | null;
}

/** The bounded memory of a twin: the oldest entries fall out and are counted. */
export interface RequestLog {
  open(request: Pick<LogEntry, 'method' | 'path' | 'query' | 'body'>): LogEntry;
  /** Entries with a number above `after`, oldest first. */
  entries(after?: number, limit?: number): LogEntry[];
  lastSeq(): number;
  dropped(): number;
  /** Forgets the entries; numbers go on. */
  clear(): void;
}

const SECRET_NAME = /^((?:auth_?)?password|client_?secret|refresh_?token|access_?token|api_?key|token|authorization)$/i;

/** A copy of parsed JSON in which every credential is replaced by `***`. */
export function maskCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskCredentials);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, SECRET_NAME.test(name) ? '***' : maskCredentials(inner)]),
  );
}

export function createRequestLog(options: { limit: number; now(): number }): RequestLog {
  let kept: LogEntry[] = [];
  let lastSeq = 0;
  let dropped = 0;
  return {
    open({ method, path, query, body }) {
      lastSeq += 1;
      const entry: LogEntry = {
        seq: lastSeq,
        at: new Date(options.now()).toISOString(),
        method,
        path,
        query,
        status: null,
        body: maskCredentials(body),
        account: null,
        authorized: false,
        applied: [],
        effectSeq: null,
        faults: [],
        durationMs: null,
      };
      kept.push(entry);
      // Cutting a tenth at a time keeps the cost of a full log flat.
      if (kept.length > options.limit * 1.1) {
        const surplus = kept.length - options.limit;
        kept = kept.slice(surplus);
        dropped += surplus;
      }
      return entry;
    },
    entries(after = 0, limit = Number.POSITIVE_INFINITY) {
      const first = kept[0]?.seq ?? 1;
      const start = Math.max(0, after - first + 1);
      return kept.slice(start, start + limit);
    },
    lastSeq: () => lastSeq,
    dropped: () => dropped,
    clear() {
      kept = [];
    },
  };
}
