import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorError } from '../connectors/errors';
import { gateIntervalMs } from '../connectors/gate';
import type { Call, Capabilities, Connector, ConnectorContext, CreditReader } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import type { ConnectionCache } from '../store/connection-cache';
import type { CreditStore } from '../store/credits';
import type { GatePass, GateStore } from '../store/gates';
import type { WorkingTokenStore } from '../store/working-tokens';

/** A slot that is nearer than this is waited for; for a later one Temporal wakes us again. */
const MAX_SLOT_WAIT_MS = 8_000;

/** Which connection an activity works on, and how young its token must be. */
export interface ConnectionRef {
  connectionId: number;
  /** After a refresh: the generation of the new token, so that an older cached one is not used. */
  minTokenGeneration?: number;
}

export interface OpenConnection {
  connection: Connection;
  connector: Connector;
  capabilities: Capabilities;
  /**
   * Waits until the connection's rate limit lets one request leave and, where the channel counts credits, until the account
   * has as many. Throws `ChannelRateLimited` when that is not soon, `ChannelRejected` when the account can never have as many.
   */
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
  workingTokens: Pick<WorkingTokenStore, 'note'>;
  connectorFor(channel: Channel): Connector;
  context: ConnectorContext;
}

export type OpenConnectionFn = (ref: ConnectionRef) => Promise<OpenConnection>;

/** Returns the function by which activities get at a channel: it loads the row, checks it, and opens the connector on it. */
export function createOpener(deps: OpenerDeps): OpenConnectionFn {
  return async ({ connectionId, minTokenGeneration }) => {
    const cached = await deps.connections.get(connectionId, minTokenGeneration);
    // What stopped it may be over already, so only the row as it is now may stop anybody.
    if (cached && (cached.status !== 'active' || cached.sealFault !== undefined)) deps.connections.forget(connectionId);
    const connection = await deps.connections.get(connectionId, minTokenGeneration);
    if (!connection) {
      throw new ConnectorError('ConnectionNotFound', `there is no connection ${connectionId}`, {
        details: { connectionId },
      });
    }
    const { channel } = connection;
    const details = { connectionId, channel };
    if (connection.status === 'paused') {
      throw new ConnectorError('ConnectionPaused', `connection ${connectionId} is paused`, { details });
    }
    if (connection.status === 'needs_reauth') {
      throw new ConnectorError('ChannelAuthFailed', `connection ${connectionId} needs new credentials`, {
        details: { ...details, tokenGeneration: connection.tokenGeneration },
      });
    }
    const connector = deps.connectorFor(channel);
    const gate = connector.gate(connection, deps.context.endpoints);
    const capabilities = connector.open(connection, deps.context);
    const { displayName } = connector;
    const wait = async (pass: GatePass, { signal }: Call) => {
      if (!pass.reserved) {
        throw new ConnectorError('ChannelRateLimited', `${displayName} takes no request before its limit allows it`, {
          details: { ...details, retryAfterMs: pass.waitMs },
        });
      }
      if (pass.waitMs > 0) await delay(pass.waitMs, undefined, { signal });
    };
    const takeSlot = async (call: Call) =>
      wait(await deps.gates.reserve(gate.key, gateIntervalMs(gate), MAX_SLOT_WAIT_MS), call);

    const obeyThrottle = async (error: unknown) => {
      if (!(error instanceof ConnectorError) || error.type !== 'ChannelRateLimited') return;
      if (capabilities.creditReader) await deps.credits.doubt(gate.key);
      if (error.details.retryAfterMs !== undefined) await deps.gates.hold(gate.key, error.details.retryAfterMs);
    };

    const request = async <T>(send: () => Promise<T>): Promise<T> => {
      const answer = await send().catch(async (error: unknown) => {
        await obeyThrottle(error);
        throw error;
      });
      // What the channel answered must not get lost because a note of it cannot be made.
      await deps.workingTokens.note(connectionId, connection.tokenGeneration).catch(() => undefined);
      return answer;
    };

    const pay = async (credits: number, reader: CreditReader, call: Call) => {
      const reserve = () => deps.credits.reserve(gate.key, credits, MAX_SLOT_WAIT_MS);
      let pass = await reserve();
      if ('unknown' in pass) {
        await takeSlot(call);
        await deps.credits.learn(gate.key, await request(() => reader.readCredits(call)));
        pass = await reserve();
      }
      if ('impossible' in pass) {
        const channelWords = `the request costs up to ${credits} credits, the account can have ${pass.max} at most`;
        throw new ConnectorError('ChannelRejected', `${displayName}: ${channelWords}`, {
          details: { ...details, channelWords },
        });
      }
      // Somebody doubts what was read this moment: the channel itself will say whether it suffices.
      if (!('unknown' in pass)) await wait(pass, call);
    };

    return {
      connection,
      connector,
      capabilities,
      async passGate(call, credits = 0) {
        if (capabilities.creditReader) await pay(credits, capabilities.creditReader, call);
        await takeSlot(call);
      },
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
