import type { z } from 'zod';
import type { Channel, ChannelRole } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import type { CancelOrderRequest, CancelVerdict, ObservedOrderLine } from '../contracts/order';
import type { ObservedStock, StockLine, Verdict } from '../contracts/stock';
import type { CreditReader, Receipt } from './credits';
import type { HttpClient } from './http/client';
import type { CommonSettings } from './settings';

/** What every call to a channel carries. */
export interface Call {
  /** Aborts the request when the activity is cancelled or its worker shuts down. */
  signal: AbortSignal;
}

/** Sets sellable quantities. Absolute, never a delta: repeating the call is harmless. One verdict per line, in the order given. */
export interface InventoryWriter {
  /** The channel's own ceiling and the connection's setting below it; lines a call. */
  readonly batchSize: number;
  /**
   * True when one line at fault can make the channel refuse the whole request, as `ChannelRejected`: a refused request is then
   * halved until the lines at fault are alone. False: a refused request is a person's business.
   */
  readonly halvesRefusals: boolean;
  setStock(lines: readonly StockLine[], call: Call): Promise<readonly Verdict[]>;
}

/** What a channel is to fetch. */
export interface JobFile {
  /** Its `content-type`. */
  mediaType: string;
  text: string;
}

/** How far the channel is with a job. Counts are of rows, as the channel counts them; null where it does not say. */
export interface JobState {
  /** True once nothing more will be applied. */
  hasEnded: boolean;
  totalCount: number | null;
  successCount: number | null;
  errorCount: number | null;
  /** The channel's own word for where the job stands, cleaned of secrets; absent where it gives none. */
  status?: string;
  /** The channel ended the job early and does not say why: what it has not done may succeed when it is asked again. */
  isUnexplained?: boolean;
  /** The channel's words on the job as a whole, cleaned of secrets. */
  words: string | null;
}

/** What the channel says of one row of the job's file, counted from 1. `code` is what the row is of, in the channel's words; null where it does not say. */
export type RowVerdict = { row: number; code: string | null } & (
  | { verdict: 'accepted' }
  | { verdict: 'rejected'; message: string }
  /** `isOdd`: the channel's word for the row is none that we know, so that nobody may expect it to change by itself. */
  | { verdict: 'unknown'; message: string; isOdd?: boolean }
);

export interface RowVerdictPage {
  verdicts: readonly RowVerdict[];
  /** Where the next page starts; null after the last one. */
  nextCursor: string | null;
}

/** Requests that a {@link JobInventoryWriter} makes. */
export type JobRequest = 'start' | 'find' | 'read' | 'stop' | 'page';

/**
 * Sets sellable quantities where the channel fetches a file and works it off in its own time. Absolute, never a delta. Every
 * method but `fileOf` is exactly one request.
 */
export interface JobInventoryWriter {
  /** Lines a file. */
  readonly batchSize: number;
  /** A job that has not ended by then is stopped; milliseconds from its start. */
  readonly deadlineMs: number;
  /** What each request costs at most, where the channel counts credits. */
  readonly credits: Readonly<Record<JobRequest, number>>;
  /** Row n is line n, counted from 1. Throws `InvariantBroken` for lines that the channel cannot take as one file. */
  fileOf(lines: readonly StockLine[]): JobFile;
  /** Starts a job. Throws `OutcomeUnknown` when nobody knows whether it was: {@link findJob} tells. */
  startJob(fileUrl: string, call: Call): Promise<{ jobId: string }>;
  /** The job that was started with this address; undefined when the channel knows of none. */
  findJob(fileUrl: string, call: Call): Promise<{ jobId: string } | undefined>;
  readJob(jobId: string, call: Call): Promise<JobState>;
  /** Keeps the job from applying more; what was applied stays. Throws `ChannelRejected` for a job that has ended. */
  stopJob(jobId: string, reason: string, call: Call): Promise<void>;
  /** One page of what became of the rows: of all, or of those that the channel calls errors. `cursor` is null for the first page. */
  readVerdicts(
    request: { jobId: string; only: 'all' | 'errors'; cursor: string | null },
    call: Call,
  ): Promise<RowVerdictPage>;
}

/** Reads what the channel shows. One entry per listing asked for, in the order given. */
export interface InventoryReader {
  /** Listings a call. */
  readonly readBatchSize: number;
  readStock(listings: readonly string[], call: Call): Promise<readonly ObservedStock[]>;
}

/**
 * Cancels lines of one order. One verdict per line, in the order given. Where a repeated call could do harm, throws
 * `OutcomeUnknown` when no answer came after the request may have left; where it is harmless, `ChannelUnavailable`.
 */
export interface OrderCanceller {
  cancelOrder(request: CancelOrderRequest, call: Call): Promise<readonly CancelVerdict[]>;
}

/** Reads an order back. One entry per line asked for, in the order given; a line that the channel does not know is `missing`. */
export interface OrderReader {
  readOrder(request: Pick<CancelOrderRequest, 'order' | 'lines'>, call: Call): Promise<readonly ObservedOrderLine[]>;
}

/** Gets a new token with the connection's credentials. Does not store it. */
export interface TokenIssuer {
  issueToken(call: Call): Promise<IssuedToken>;
}

export interface IssuedToken {
  accessToken: string;
  /** Kept beside the access token, for the next {@link TokenIssuer.issueToken}. */
  refreshToken?: string;
  /** Milliseconds since the epoch; null when the channel does not say. */
  expiresAtMs: number | null;
}

/** What an open connection can do; a missing capability is undefined, never a method that throws. */
export interface Capabilities {
  inventoryWriter?: InventoryWriter;
  jobInventoryWriter?: JobInventoryWriter;
  creditReader?: CreditReader;
  inventoryReader?: InventoryReader;
  orderCanceller?: OrderCanceller;
  orderReader?: OrderReader;
  tokenIssuer?: TokenIssuer;
}

/** The identifiers that a WMS gives for a sellable thing; a connector picks what its channel calls the listing. */
export interface WmsItem {
  productId?: string | undefined;
  variantId?: string | undefined;
  sku?: string | undefined;
  sellerSku?: string | undefined;
}

/** A base address that can be set by environment, and per connection by the setting `baseUrl`. May hold `{accountSlug}`. */
export interface Endpoint {
  /** Name of the environment variable. */
  env: string;
  default: string;
}

/** How fast one gate lets requests pass. Connections that share a key share the limit, over all processes. */
export interface GatePolicy {
  key: string;
  /** Undefined: no limit known; only what the channel asks for with 429 is kept. */
  requestsPerMinute: number | undefined;
}

/** Where a connector's clock and addresses come from. */
export interface ConnectorContext {
  http: HttpClient;
  /** Base addresses by the name of their environment variable. */
  endpoints: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Told of what answers say of their requests, failures among them. */
  onReceipt?(receipt: Receipt): void;
}

/** Our code for a channel: everything that the rest of the program may know of it. */
export interface Connector {
  readonly channel: Channel;
  readonly role: ChannelRole;
  /** As people write it: "Ajio". */
  readonly displayName: string;
  readonly endpoints: readonly Endpoint[];
  /** Names of the capabilities, so that they can be asked for without opening a connection. */
  readonly capabilities: readonly (keyof Capabilities)[];
  /** The shape of `inputFields`. */
  readonly credentials: z.ZodType<object>;
  /** The shape of `settings`: the common ones and the channel's own, each with its default. */
  readonly settings: z.ZodType<CommonSettings>;
  /** The channel's listing for a WMS item. Throws a RangeError that names the missing or unusable field. */
  listingFor(item: WmsItem, connection: Connection): string;
  /**
   * The channel's listing for a single code, as protocols give it that know one code for a thing. Throws a RangeError that
   * says what the code has to look like.
   */
  listingForCode(code: string, connection: Connection): string;
  /** `endpoints`: base addresses by the name of their environment variable, as in {@link ConnectorContext}. */
  gate(connection: Connection, endpoints: Readonly<Record<string, string>>): GatePolicy;
  /** Throws `InputInvalid`, naming the field, when credentials or settings do not fit. */
  open(connection: Connection, context: ConnectorContext): Capabilities;
}
