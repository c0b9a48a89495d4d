import type { Channel } from '../../contracts/channels';

/** An answer of the gateway that ends the sending of one post; `number` is the event's. */
export interface Ack {
  number: number;
  atMs: number;
  httpStatus: number;
  /** The gateway's word: accepted, duplicate, superseded, ignored, parked. */
  status: string | null;
  submissionId: string | null;
  workflowId: string | null;
}

export type TwinName = 'ajio' | 'eshopbox' | 'increff' | 'shiphero';

/** One change that a twin made, with its own key of the line. */
export interface AppliedChange {
  what: string;
  account: string;
  key: string;
  order: string | null;
  quantity: number | null;
}

/** A request as a twin saw it. */
export interface TwinCall {
  twin: TwinName;
  seq: number;
  /** When the request was received. */
  atMs: number;
  durationMs: number | null;
  method: string;
  path: string;
  /** Null: no answer was sent. */
  status: number | null;
  account: string | null;
  faults: readonly string[];
  effectSeq: number | null;
  applied: readonly AppliedChange[];
  /** Keys of the lines that it named. */
  keys: readonly string[];
  /** The order that it named. */
  order: string | null;
}

export interface TwinRecord {
  calls: readonly TwinCall[];
  /** Log entries that were forgotten before they were read. */
  dropped: number;
  violations: Readonly<Record<string, number>>;
  /** What it shows in the end: quantities by account and key. */
  stock: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Something that the soak did to a process. */
export interface Disturbance {
  kind: 'kill' | 'freeze';
  program: string;
  atMs: number;
  /** When it ran again. */
  untilMs: number;
}

/** What the person did to a run: a signal, or that it was ended. */
export interface SentSignal {
  atMs: number;
  workflowId: string;
  signal: 'retry' | 'giveUp' | 'confirmNotCancelled' | 'cancel' | 'terminate';
}

export interface SubmissionLineRow {
  submissionId: string;
  messageId: string | null;
  connectionId: number;
  listing: string;
  quantity: number | null;
  versionAtMs: number;
  versionId: string;
  status: string;
  error: string | null;
}

export interface LevelRow {
  connectionId: number;
  listing: string;
  desiredQuantity: number;
  versionAtMs: number;
  versionId: string;
  state: string;
  lastError: string | null;
}

/** A row of the ledger that is not late. */
export interface LedgerRow {
  connectionId: number;
  listing: string;
  quantity: number;
  versionAtMs: number;
  versionId: string;
  verdict: string;
  message: string | null;
  sentAtMs: number;
  late: number;
}

export interface OrderLineRow {
  connectionId: number;
  orderNumber: string;
  lineItemSequenceNumber: string;
  status: string;
  outcome: string | null;
  error: string | null;
  marketplaceState: string;
  marketplaceMessage: string | null;
  wmsState: string;
  wmsMessage: string | null;
}

export interface Tables {
  submissions: readonly {
    id: string;
    status: string;
    totalCount: number;
    finishedCount: number;
    errorCount: number;
    error: string | null;
  }[];
  lines: readonly SubmissionLineRow[];
  levels: readonly LevelRow[];
  ledger: readonly LedgerRow[];
  orderLines: readonly OrderLineRow[];
  parked: readonly { kind: string; status: string; reason: string; message: string; body: string }[];
  connections: readonly { id: number; tokenGeneration: number; status: string }[];
}

/** A failure as a process logged it. */
export interface LoggedFailure {
  pid: number;
  type: string;
  channel: string | null;
}

/** A process at one moment. */
export interface Sample {
  program: string;
  pid: number;
  atMs: number;
  rssMb: number;
  sockets: number;
}

/** Everything that was recorded of a run; the checks read nothing else. */
export interface Recorded {
  acks: readonly Ack[];
  twins: Readonly<Record<TwinName, TwinRecord>>;
  tables: Tables;
  disturbances: readonly Disturbance[];
  signals: readonly SentSignal[];
  failures: readonly LoggedFailure[];
  /** `stockbridge_failures_total` of each process that runs in the end, by its pid. */
  failureMetrics: Readonly<Record<number, number>>;
  samples: readonly Sample[];
  secrets: { searched: Readonly<Record<string, number>>; found: readonly string[] };
  replay: { replayed: number; histories: number; diverged: readonly string[] };
  /** Null: it never came to rest. */
  quietAfterMs: number | null;
}

/** Which twin stands in for a channel. */
export const twinOf = (channel: Channel): TwinName =>
  channel === 'increff-oms' || channel === 'increff-assure' ? 'increff' : channel;
