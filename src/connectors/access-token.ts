import { z } from 'zod';
import type { Connection } from '../contracts/connection';
import { tokenPartsOf } from '../contracts/stored-token';
import { ConnectorError } from './errors';

/** A token that dies within this time is not used any more: it could die on the way. */
const MIN_TOKEN_LIFE_MS = 120_000;
/** No channel issues tokens for longer: a larger figure is of another unit, or a date. */
const MAX_TOKEN_LIFE_MS = 366 * 86_400_000;

/**
 * `expires_in` of a token answer, seconds as a number or as text; null, which is "used until it is refused", when it is missing or
 * makes no sense: the token is what counts, its life is only a hint. That holds for a life too short to be used within as well.
 */
export const expiresIn = z
  .unknown()
  .optional()
  .transform((said) => {
    const isNumber = typeof said === 'number' || (typeof said === 'string' && /^\s*\d+(?:\.\d+)?\s*$/.test(said));
    const lifeMs = isNumber ? Number(said) * 1_000 : 0;
    return lifeMs >= 2 * MIN_TOKEN_LIFE_MS && lifeMs <= MAX_TOKEN_LIFE_MS ? lifeMs / 1_000 : null;
  });

/** When a token dies that was asked for at `askedAtMs` and lives for so many seconds; milliseconds since the epoch, null as in {@link expiresIn}. */
export const expiryOf = (seconds: number | null, askedAtMs: number): number | null =>
  seconds === null ? null : Math.floor(askedAtMs + seconds * 1_000);

/** The connection's token as it is stored: plain text, or JSON with `accessToken` in it; undefined when none can stand in a header. */
export function storedTokenOf(connection: Connection): string | undefined {
  const token = tokenPartsOf(connection.accessToken).accessToken;
  return token !== undefined && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}

/** The refresh token that is stored beside the connection's token; undefined when the row holds a token only, or none. */
export function storedRefreshTokenOf(connection: Connection): string | undefined {
  return tokenPartsOf(connection.accessToken).refreshToken;
}

/** Why the connection's token cannot be used for a call: there is none, or it dies within two minutes. Undefined when it can. */
export function tokenFaultOf(connection: Connection, nowMs: number): string | undefined {
  if (storedTokenOf(connection) === undefined) return 'there is no usable token';
  const { tokenExpiresAtMs } = connection;
  const isDying = tokenExpiresAtMs !== null && tokenExpiresAtMs - nowMs < MIN_TOKEN_LIFE_MS;
  return isDying ? 'the token is known to have expired, or is about to' : undefined;
}

/** The connection's token for a call. Throws `ChannelAuthFailed` with the token's generation when {@link tokenFaultOf} finds a fault. */
export function accessTokenOf(connection: Connection, nowMs: number): string {
  const fault = tokenFaultOf(connection, nowMs);
  if (fault !== undefined) throw authFailed(connection, fault);
  return storedTokenOf(connection) ?? '';
}

const authFailed = ({ id, channel, tokenGeneration }: Connection, why: string): ConnectorError =>
  new ConnectorError('ChannelAuthFailed', `${channel}, connection ${id}: ${why}`, {
    details: { connectionId: id, channel, tokenGeneration },
  });
