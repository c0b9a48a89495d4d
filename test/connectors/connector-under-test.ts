import { createHttpClient, type HttpClient } from '../../src/connectors/http/client';
import type { Deadline } from '../../src/connectors/http/deadline';
import type { Call, Capabilities, Connector, ConnectorContext } from '../../src/connectors/ports';
import type { Connection } from '../../src/contracts/connection';
import type { CancelOrderRequest } from '../../src/contracts/order';
import type { StockLine } from '../../src/contracts/stock';
import type { Twin } from '../../src/twins/twin';

/** The time of day in every context that the suite makes. */
export const NOW_MS = Date.parse('2025-03-01T12:00:00Z');

/** What the conformance suite needs to know of a connector; the samples must be what its freshly reset twin accepts. */
export interface ConnectorUnderTest<T extends Twin> {
  connector: Connector;
  startTwin(): Promise<T>;
  /** Base addresses by environment variable. */
  endpoints(twin: T): Record<string, string>;
  /** A connection that the twin serves, with a live token if the channel issues any. */
  connection(twin: T): Connection;
  /** Another account's, which the twin refuses. */
  wrongCredentials: object;
  /** Whose rate limit the channel keeps: a connection's own, or one for all connections of an account. @default 'connection' */
  limits?: 'connection' | 'account';
  /** Settings that must be refused, with the name of the field at fault. */
  badSettings: readonly [settings: object, field: string][];
  /** For an inventoryWriter: some sample lines, the channel's ceiling, and what its twin calls a line. */
  stock?: {
    lines(count: number): StockLine[];
    maxLines: number;
    keyOf(line: StockLine): string;
    /** What is said of a rejected line by a channel that gives no reason. */
    rejection?: string;
    /** What a 404 means where it is the connection's fault. */
    notFound?: 'InputInvalid';
  };
  /** For a jobInventoryWriter: an address to start a job with, and one that makes the twin hold a job that has not begun. */
  job?: {
    fileUrl: string;
    jobId: string;
    arrange(twin: T): Promise<void>;
    lines(count: number): StockLine[];
    maxLines: number;
  };
  /** For an orderCanceller: a sample order, and whether cancelling twice does no harm. */
  cancel?: { request: CancelOrderRequest; isRepeatable: boolean };
}

/** An open connection to a twin, and how to call it. */
export interface Opened {
  capabilities: Capabilities;
  call: Call;
}

/** Opens connections to a twin; `http` must be closed by the caller. */
export function openerFor<T extends Twin>(suite: ConnectorUnderTest<T>, http: HttpClient) {
  return (twin: T, changes: Partial<Connection> = {}): Opened => {
    const context: ConnectorContext = { http, endpoints: suite.endpoints(twin), now: () => NOW_MS };
    const connection = { ...suite.connection(twin), ...changes };
    return {
      capabilities: suite.connector.open(connection, context),
      call: { signal: new AbortController().signal },
    };
  };
}

/** More than any machine needs: what waits for as long hangs. */
const PATIENCE_MS = 60_000;

/** A client that may reach a twin, and gives up what hangs, or when `deadline` says so. */
export const twinHttp = (deadline?: Deadline): HttpClient =>
  createHttpClient({
    allowedHosts: ['127.0.0.1'],
    allowPrivateAddresses: true,
    timeouts: { connectMs: PATIENCE_MS, headersMs: PATIENCE_MS, totalMs: PATIENCE_MS },
    ...(deadline && { deadline }),
  });

/** The value, which a suite that offers the operation has. */
export function present<V>(value: V | undefined): V {
  if (value === undefined) throw new Error('the suite lacks a sample, or the connector a capability');
  return value;
}
