import type { z } from 'zod';
import type { Connection } from '../../contracts/connection';
import type { FailureDetails, FailureType } from '../../contracts/failures';
import { ConnectorError } from '../errors';
import type { HttpAnswer, HttpClient, HttpRequest } from './client';
import { cleanWords, jsonOf, wordsOf } from './words';

const DEFAULT_RETRY_AFTER_MS = 30_000;
/** A channel that says "now", or a time gone by, is still given a moment. */
const MIN_RETRY_AFTER_MS = 1_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
/** What a gateway says in the place of a channel that may still be at work. */
const GATEWAY_ERRORS = [502, 504];
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

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

/** The client's attempt, its failures naming connection and channel. */
export async function sendFor(http: HttpClient, request: HttpRequest, context: AnswerContext): Promise<HttpAnswer> {
  try {
    return await http.send(request);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    throw new ConnectorError(error.type, `${context.what}: ${error.message}`, {
      details: { ...detailsOf(context), ...error.details },
      mayStillApply: error.mayStillApply && context.isWrite,
    });
  }
}

/** Whether the status is 2xx; what it means is for the body to say. */
export const isSuccess = (answer: HttpAnswer): boolean => answer.status >= 200 && answer.status < 300;

/** Says what an answer that is no 2xx means. Only an answer that was not the channel's own leaves open whether a write applies. */
export function failureOf(answer: HttpAnswer, context: AnswerContext): ConnectorError {
  const { status } = answer;
  const words = wordsOf(answer.text, context.secrets);
  if (status === 429) {
    const retryAfterMs = retryAfterMsOf(answer.headers['retry-after'], context.now());
    return said('ChannelRateLimited', status, words, context, { details: { retryAfterMs } });
  }
  if (status === 401 || status === 403) return said('ChannelAuthFailed', status, words, context);
  if (status === 408 || (status >= 500 && status < 600)) {
    const mayStillApply = context.isWrite && GATEWAY_ERRORS.includes(status);
    return said('ChannelUnavailable', status, words, context, { mayStillApply });
  }
  if (status >= 400 && status < 500) return said('ChannelRejected', status, words, context);
  return said('ChannelContractViolated', status, words, context, { mayStillApply: context.isWrite });
}

/** {@link failureOf} for a login: an answer that finds fault with what was sent (400, 422) means that the credentials are refused. */
export function loginFailureOf(answer: HttpAnswer, context: AnswerContext): ConnectorError {
  if (answer.status !== 400 && answer.status !== 422) return failureOf(answer, context);
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
export function contractViolation(why: string, status: number | undefined, context: AnswerContext): ConnectorError {
  return new ConnectorError('ChannelContractViolated', `${context.what}: ${why}`, {
    details: { ...detailsOf(context), ...(status === undefined ? {} : { status }) },
    mayStillApply: context.isWrite,
  });
}

/** How long a 429 asks us to wait: seconds or an HTTP date, between 1 s and 1 h; 30 s when it does not say. */
export function retryAfterMsOf(header: string | undefined, nowMs: number): number {
  const value = header?.trim() ?? '';
  const waitMs = /^\d+$/.test(value)
    ? Number(value) * 1_000
    : HTTP_DATE.test(value)
      ? Date.parse(value) - nowMs
      : DEFAULT_RETRY_AFTER_MS;
  if (Number.isNaN(waitMs)) return DEFAULT_RETRY_AFTER_MS;
  return Math.min(Math.max(waitMs, MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS);
}

const detailsOf = ({ connection }: AnswerContext): FailureDetails => ({
  connectionId: connection.id,
  channel: connection.channel,
});
