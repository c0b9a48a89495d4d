import type { z } from 'zod';
import type { Channel, ChannelRole } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import type { CancelOrderRequest, CancelVerdict, ObservedOrderLine } from '../contracts/order';
import type { ObservedStock, StockLine, Verdict } from '../contracts/stock';
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
   * True when one line at fault makes the channel refuse the whole request, as `ChannelRejected`: a refused request is then
   * halved until the lines at fault are alone. False: a refused request is a person's business.
   */
  readonly halvesRefusals: boolean;
  setStock(lines: readonly StockLine[], call: Call): Promise<readonly Verdict[]>;
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
  /** Milliseconds since the epoch; null when the channel does not say. */
  expiresAtMs: number | null;
}

/** What an open connection can do; a missing capability is undefined, never a method that throws. */
export interface Capabilities {
  inventoryWriter?: InventoryWriter;
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
