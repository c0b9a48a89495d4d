import type { z } from 'zod';
import type { Connection } from '../../contracts/connection';
import type { FailureDetails, FailureType } from '../../contracts/failures';
import { ConnectorError } from '../errors';
import type { HttpAnswer, HttpClient, HttpRequest } from './client';
import { isBarred, isStandIn } from './pages';
import { pauseOf, retryAfterMsOf } from './retry-after';
import { cleanWords, jsonOf, wordsOf } from './words';

/** What a gateway says in the place of a channel that may still be at work. */
const GATEWAY_ERRORS = [502, 504];
/** With these a login finds fault with what was sent: the credentials. */
const LOGIN_REFUSED = [400, 401, 403, 422];

/** What an answer is an answer to. */
export interface AnswerContext {
  connection: Pick<Connection, 'id' | 'channel' | 'tokenGeneration'>;
  /** What was asked for, for people: "Ajio, stock update". */
  what: string;
  /** A request that changes something at the channel, perhaps also when its answer is no use. */
  isWrite: boolean;
  /** Texts that must never be repeated: tokens, passwords. */
  secrets: readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * One request and its answer as a typed value. Throws what the client, `failureFor` and {@link parseAnswer} say, naming
 * connection and channel; a channel with habits of its own brings its own `failureFor`.
 */
export async function exchange<T>(
  http: HttpClient,
  request: HttpRequest,
  schema: z.ZodType<T>,
  context: AnswerContext,
  failureFor: typeof failureOf = failureOf,
): Promise<T> {
  const answer = await sendFor(http, request, context);
  if (!isSuccess(answer)) throw failureFor(answer, context);
  return parseAnswer(answer, schema, context);
}

/** The client's attempt, its failures naming connection and channel. A page that stands in for the channel is `ChannelUnavailable`. */
export async function sendFor(http: HttpClient, request: HttpRequest, context: AnswerContext): Promise<HttpAnswer> {
  const answer = await http.send(request).catch((error: unknown) => {
    if (!(error instanceof ConnectorError)) throw error;
    throw new ConnectorError(error.type, `${context.what}: ${error.message}`, {
      details: { ...detailsOf(context), ...error.details },
      mayStillApply: error.mayStillApply && context.isWrite,
    });
  });
  if (isBarred(answer)) throw barred(answer, context);
  return answer;
}

/** A firewall's page says nothing of the request or of its credentials. Behind one with 2xx a write may have been applied. */
function barred(answer: HttpAnswer, context: AnswerContext): ConnectorError {
  const words = `a page and no answer: ${wordsOf(answer.text, context.secrets)}`;
  return said('ChannelUnavailable', answer.status, cleanWords(words, context.secrets), context, {
    details: pauseOf(answer.headers['retry-after'], context.now()),
    mayStillApply: context.isWrite && isSuccess(answer),
  });
}

/** Whether the status is 2xx; what it means is for the body to say. */
export const isSuccess = (answer: HttpAnswer): boolean => answer.status >= 200 && answer.status < 300;

/** Says what an answer that is no 2xx means. A 403 is about this request; only 401 is about the token. Only an answer that was not the channel's own leaves open whether a write applies. */
export function failureOf(answer: HttpAnswer, context: AnswerContext): ConnectorError {
  const { status } = answer;
  const words = wordsOf(answer.text, context.secrets);
  if (status === 429) {
    const retryAfterMs = retryAfterMsOf(answer.headers['retry-after'], context.now());
    return said('ChannelRateLimited', status, words, context, { details: { retryAfterMs } });
  }
  if (status === 401) return said('ChannelAuthFailed', status, words, context);
  if (status === 408 || (status >= 500 && status < 600)) {
    const mayStillApply = context.isWrite && GATEWAY_ERRORS.includes(status);
    return said('ChannelUnavailable', status, words, context, {
      details: pauseOf(answer.headers['retry-after'], context.now()),
      mayStillApply,
    });
  }
  if (status >= 400 && status < 500) return said('ChannelRejected', status, words, context);
  return said('ChannelContractViolated', status, words, context, { mayStillApply: context.isWrite });
}

/** {@link failureOf} for a login: an answer that finds fault with what was sent (400, 401, 403, 422) means that the credentials are refused. */
export function loginFailureOf(answer: HttpAnswer, context: AnswerContext): ConnectorError {
  if (!LOGIN_REFUSED.includes(answer.status)) return failureOf(answer, context);
  if (isStandIn(answer)) return barred(answer, context);
  return refusal('ChannelAuthFailed', answer.status, wordsOf(answer.text, context.secrets), context);
}

/** A no that only the body tells, in the channel's words. */
export const refusal = (
  type: 'ChannelRejected' | 'ChannelAuthFailed' | 'ChannelRateLimited' | 'ChannelUnavailable',
  status: number,
  words: string,
  context: AnswerContext,
  more: { details?: FailureDetails; mayStillApply?: boolean } = {},
): ConnectorError => said(type, status, cleanWords(words, context.secrets), context, more);

function said(
  type: FailureType,
  status: number,
  channelWords: string,
  context: AnswerContext,
  more: { details?: FailureDetails; mayStillApply?: boolean } = {},
): ConnectorError {
  const details: FailureDetails = { ...detailsOf(context), ...more.details, status };
  if (channelWords !== '') details.channelWords = channelWords;
  if (type === 'ChannelAuthFailed') details.tokenGeneration = context.connection.tokenGeneration;
  const message = `${context.what}: answered ${status}${channelWords === '' ? '' : `: ${channelWords}`}`;
  return new ConnectorError(type, message, { details, mayStillApply: more.mayStillApply ?? false });
}

/** The body of a 2xx as its schema reads it; otherwise `ChannelContractViolated`, naming where it differs and never what stood there. */
export function parseAnswer<T>(answer: HttpAnswer, schema: z.ZodType<T>, context: AnswerContext): T {
  const json = jsonOf(answer.text);
  if (json === undefined) throw contractViolation('the answer is not JSON', answer.status, context);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw contractViolation(
    `the answer breaks the contract at "${path}": ${issue?.message ?? ''}`,
    answer.status,
    context,
  );
}

/** An answer that must not be believed. */
export function contractViolation(
  why: string,
  status: number | undefined,
  context: AnswerContext,
  more: FailureDetails = {},
): ConnectorError {
  return new ConnectorError('ChannelContractViolated', `${context.what}: ${why}`, {
    details: { ...detailsOf(context), ...more, ...(status === undefined ? {} : { status }) },
    mayStillApply: context.isWrite,
  });
}

const detailsOf = ({ connection }: AnswerContext): FailureDetails => ({
  connectionId: connection.id,
  channel: connection.channel,
});
