import type { Connection } from '../../contracts/connection';
import { accessTokenOf, storedTokenOf } from '../access-token';
import type { ConnectorError } from '../errors';
import {
  type AnswerContext,
  exchange,
  failureOf,
  isSuccess,
  loginFailureOf,
  parseAnswer,
  refusal,
  sendFor,
} from '../http/answers';
import { addressOf } from '../http/base-url';
import type { HttpAnswer } from '../http/client';
import { jsonOf, wordsOf } from '../http/words';
import type { Call, ConnectorContext, Endpoint } from '../ports';
import { statusWord } from '../status-words';
import {
  type CancelOrderBody,
  cancelAnswer,
  type ErrorAnswer,
  errorAnswer,
  type TokenAnswer,
  tokenAnswer,
} from './schemas';
import type { EshopboxCredentials, EshopboxSettings } from './settings';

/** Where an account's own API is. */
export const ESHOPBOX_ENDPOINT: Endpoint = { env: 'ESHOPBOX_BASE_URL', default: 'https://{accountSlug}.eshopbox.com' };
/** Where tokens come from; the host is not documented. */
export const ESHOPBOX_AUTH_ENDPOINT: Endpoint = { env: 'ESHOPBOX_AUTH_URL', default: 'https://auth.myeshopbox.com' };

/** A cancellation that took effect now, or the error by which Eshopbox says that it had before. */
export type CancelResult = { kind: 'cancelled' } | { kind: 'already-cancelled'; error: ErrorAnswer };

/** What Eshopbox's API offers, in its own words; every method is one request. */
export interface EshopboxClient {
  cancelOrder(body: CancelOrderBody, call: Call): Promise<CancelResult>;
  generateToken(call: Call): Promise<TokenAnswer>;
}

/** A connection with its parsed parts, and where clock and addresses come from. */
export interface EshopboxClientOptions {
  connection: Connection;
  credentials: EshopboxCredentials;
  settings: EshopboxSettings;
  context: ConnectorContext;
}

/** Makes the client of one connection; nothing is sent yet. */
export function eshopboxClient({ connection, credentials, settings, context }: EshopboxClientOptions): EshopboxClient {
  const { http, endpoints } = context;
  const { accountSlug } = connection;
  const base = settings.baseUrl ?? endpoints[ESHOPBOX_ENDPOINT.env] ?? ESHOPBOX_ENDPOINT.default;
  const authBase = settings.authUrl ?? endpoints[ESHOPBOX_AUTH_ENDPOINT.env] ?? ESHOPBOX_AUTH_ENDPOINT.default;

  const doneCodes = new Set(settings.alreadyCancelledCodes.map(statusWord));
  const secrets = [...Object.values(credentials), storedTokenOf(connection) ?? ''];
  const about = (operation: string, isWrite: boolean): AnswerContext => ({
    connection,
    what: `Eshopbox, ${operation}`,
    isWrite,
    secrets,
    now: () => context.now(),
  });
  const cancellation = about('order cancellation', true);
  const login = about('login', false);

  return {
    async cancelOrder(json, { signal }) {
      const url = addressOf({ base, path: '/api/cancel-order', accountSlug });
      const headers = { authorization: `Bearer ${accessTokenOf(connection, context.now())}` };
      // A second cancel is answered with a code of its own, so an answer that never came may be asked for again.
      const answer = await sendFor(
        http,
        { method: 'POST', url, headers, json, repeatable: true, signal },
        cancellation,
      );
      const error = errorOf(answer);
      if (answer.status < 500 && error && doneCodes.has(statusWord(error.code))) {
        return { kind: 'already-cancelled', error };
      }
      if (!isSuccess(answer)) throw cancelFailureOf(answer, cancellation);
      const { status } = parseAnswer(answer, cancelAnswer, cancellation);
      if (statusWord(status) !== 'SUCCESS') {
        throw refusal('ChannelRejected', answer.status, wordsOf(answer.text, secrets) || status, cancellation);
      }
      return { kind: 'cancelled' };
    },
    generateToken: async ({ signal }) => {
      const url = addressOf({ base: authBase, path: '/api/v1/generateToken', accountSlug });
      const json = { grant_type: 'refresh_token', ...credentials };
      const request = { method: 'POST', url, json, repeatable: true, signal } as const;
      return exchange(http, request, tokenAnswer, login, withHiddenStatus(loginFailureOf));
    },
  };
}

const errorOf = (answer: HttpAnswer): ErrorAnswer | undefined => errorAnswer.safeParse(jsonOf(answer.text)).data;

/** Eshopbox can pass a refused token on as code 412 and put the real status in front of the message: "401:Unauthorized". */
const withHiddenStatus =
  (failureFor: typeof failureOf) =>
  (answer: HttpAnswer, context: AnswerContext): ConnectorError => {
    const error = errorOf(answer);
    const isPassedOn = answer.status === 412 || (answer.status < 500 && error?.code.trim() === '412');
    // The one place where a text decides: 412 stands for other faults too, and no field carries the number.
    const inner = isPassedOn ? /^\s*(401|403)\s*:/.exec(error?.message ?? '')?.[1] : undefined;
    return failureFor(inner === undefined ? answer : { ...answer, status: Number(inner) }, context);
  };

const cancelFailureOf = withHiddenStatus(failureOf);
