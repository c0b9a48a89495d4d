import { tokenFaultOf } from '../connectors/access-token';
import type { Receipt } from '../connectors/credits';
import { ConnectorError } from '../connectors/errors';
import type { Call, Capabilities, Connector, ConnectorContext } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import type { FailureDetails, ReservedSlot } from '../contracts/failures';
import type { LoginDue } from '../contracts/login-due';
import type { ConnectionCache } from '../store/connection-cache';
import type { CreditStore } from '../store/credits';
import type { GateStore } from '../store/gates';
import type { WorkingTokenStore } from '../store/working-tokens';
import { CallNotMade } from './call-not-made';
import { createRateLimit } from './rate-limit';
import { asLongPause, asRefusalOfOne } from './request-failures';
import { refuseStopped } from './stopped-connection';

/** Which connection an activity works on, and how young its token must be. */
export interface ConnectionRef {
  connectionId: number;
  /** After a refresh: the generation of the new token, so that an older cached one is not used. */
  minTokenGeneration?: number;
  /** No login will follow: a token that is refused here and works elsewhere is refused for this request only. */
  isLastToken?: boolean;
  /** The caller has had no login yet and understands {@link LoginDue}: where one is due first, the call is not made. Absent in runs of older builds. */
  mayAnswerLoginDue?: boolean;
  /** After `ChannelRateLimited`: the turn that was reserved for this request. */
  slot?: ReservedSlot;
}

export interface OpenConnection {
  connection: Connection;
  connector: Connector;
  capabilities: Capabilities;
  /** Waits for the request's turn, or says when to come back for it: see {@link createRateLimit}. */
  passGate(call: Call, credits?: number): Promise<void>;
  /**
   * Sends one request, which has passed the gate. An answer shows that the channel takes the token; a failure that asks us to slow
   * down stops the whole connection for as long as it says.
   */
  request<T>(send: () => Promise<T>): Promise<T>;
}

export interface OpenerDeps {
  connections: ConnectionCache;
  gates: GateStore;
  credits: CreditStore;
  workingTokens: WorkingTokenStore;
  connectorFor(channel: Channel): Connector;
  context: ConnectorContext;
  /** Told of what answers say of their requests. */
  onReceipt?(receipt: Receipt & Pick<FailureDetails, 'connectionId' | 'channel'>): void;
}

export type OpenConnectionFn = (ref: ConnectionRef) => Promise<OpenConnection>;

/** Returns the function by which activities get at a channel: it loads the row, checks it, and opens the connector on it. */
export function createOpener(deps: OpenerDeps): OpenConnectionFn {
  const faultOfToken = (connection: Connection): string | undefined =>
    deps.connectorFor(connection.channel).capabilities.includes('tokenIssuer')
      ? tokenFaultOf(connection, deps.context.now())
      : undefined;

  return async ({ connectionId, minTokenGeneration, isLastToken = false, mayAnswerLoginDue = false, slot }) => {
    const isStopped = (connection: Connection): boolean =>
      connection.status !== 'active' ||
      connection.sealFault !== undefined ||
      (mayAnswerLoginDue && faultOfToken(connection) !== undefined);
    const cached = await deps.connections.get(connectionId, minTokenGeneration);
    // What stopped it may be over already, so only the row as it is now may stop anybody.
    if (cached && isStopped(cached)) deps.connections.forget(connectionId);
    const connection = await deps.connections.get(connectionId, minTokenGeneration);
    if (!connection) {
      throw new ConnectorError('ConnectionNotFound', `there is no connection ${connectionId}`, {
        details: { connectionId },
      });
    }
    const { channel } = connection;
    const details = { connectionId, channel };
    refuseStopped(connection);
    const connector = deps.connectorFor(channel);
    const gate = connector.gate(connection, deps.context.endpoints);
    let receipt: Receipt | undefined;
    const onReceipt = (given: Receipt) => {
      receipt = given;
      deps.onReceipt?.({ ...given, ...details });
    };
    const capabilities = connector.open(connection, { ...deps.context, onReceipt });
    const reason = mayAnswerLoginDue ? faultOfToken(connection) : undefined;
    if (reason !== undefined) throw new CallNotMade({ tokenGeneration: connection.tokenGeneration, reason });
    const obeyThrottle = async (error: unknown) => {
      if (!(error instanceof ConnectorError)) return;
      if (capabilities.creditReader && error.type === 'ChannelRateLimited') await deps.credits.doubt(gate.key);
      if (error.details.retryAfterMs !== undefined) await deps.gates.hold(gate.key, error.details.retryAfterMs);
    };

    const isTokenWorking = () => deps.workingTokens.has(connectionId, connection.tokenGeneration).catch(() => false);

    const request = async <T>(send: () => Promise<T>): Promise<T> => {
      receipt = undefined;
      const sent = send().finally(() => rateLimit.settle(receipt?.credits).catch(() => undefined));
      const answer = await sent.catch(async (error: unknown) => {
        await obeyThrottle(error);
        throw asRefusalOfOne(asLongPause(error), isLastToken && (await isTokenWorking()));
      });
      // What the channel answered must not get lost because a note of it cannot be made.
      await deps.workingTokens.note(connectionId, connection.tokenGeneration).catch(() => undefined);
      return answer;
    };

    const rateLimit = createRateLimit({
      gates: deps.gates,
      credits: deps.credits,
      gate,
      displayName: connector.displayName,
      details,
      request,
      ...(slot ? { slot } : {}),
      ...(capabilities.creditReader ? { creditReader: capabilities.creditReader } : {}),
    });

    return {
      connection,
      connector,
      capabilities,
      passGate: rateLimit.pass,
      request,
    };
  };
}

/** One request that is worth so many credits, as soon as it is its turn. */
export async function ask<T>(open: OpenConnection, call: Call, credits: number, send: () => Promise<T>): Promise<T> {
  await open.passGate(call, credits);
  return open.request(send);
}

/** The capability, or `CapabilityMissing` that names it. */
export function requireCapability<K extends keyof Capabilities>(
  open: OpenConnection,
  name: K,
): NonNullable<Capabilities[K]> {
  const capability = open.capabilities[name];
  if (capability) return capability;
  throw new ConnectorError('CapabilityMissing', `${open.connector.displayName} has no ${name}`, {
    details: { connectionId: open.connection.id, channel: open.connection.channel },
  });
}
