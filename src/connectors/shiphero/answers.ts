import { z } from 'zod';
import type { Receipt } from '../credits';
import type { ConnectorError } from '../errors';
import { type AnswerContext, contractViolation, failureOf, isSuccess, parseAnswer, refusal } from '../http/answers';
import type { HttpAnswer } from '../http/client';
import { retryAfterMsOf } from '../http/retry-after';
import { jsonOf } from '../http/words';

import { statusWord } from '../status-words';
import { type GraphqlError, graphqlAnswer, type Operation, operationMeta } from './schemas';

/** ShipHero's code for credits that do not suffice. */
const THROTTLED = '30';
const NOT_FOUND = '5';
/** A failure inside ShipHero. */
const FAULTS = ['1', 'INTERNAL_SERVER_ERROR'];
const AUTH_CODES = ['401', 'UNAUTHENTICATED'];
/** What this one request may not do; says nothing of the token, whatever its words. */
const FORBIDDEN = ['403', 'FORBIDDEN'];
const AUTH_WORDS = /\b(?:unauthori[sz]ed|unauthenticated|authentication|token)\b/i;
const MAXIMUM = /\bmaximum\b/i;
/** Here the status says it all; with any other 4xx a list of errors says more. */
const TELLING_STATUSES = [401, 403, 408, 429];

const REQUEST_ID = /^[\w.:=+/-]{1,100}$/;

/** What stands in the place of a sync that ShipHero does not know. */
const nothing = z.object({ data: z.null() });

/**
 * The operation's value in an answer of `POST /graphql`. A complete value is believed also when errors stand beside it; otherwise
 * the errors decide, but for a change that is answered in part: nobody knows how far that got, so it is a contract violation.
 * `onReceipt` is told of the request in either case.
 */
export function completeValueOf<T>(
  answer: HttpAnswer,
  operation: Operation<T>,
  context: AnswerContext,
  onReceipt: (receipt: Receipt) => void = () => undefined,
): T {
  const { field, value, isOfOneSync } = operation;
  const read = isSuccess(answer)
    ? parseAnswer(answer, graphqlAnswer, context)
    : graphqlAnswer.safeParse(jsonOf(answer.text)).data;
  const { data, errors } = read ?? {};
  const given = data?.[field];
  const receipt = receiptOf(given, errors ?? [], context);
  onReceipt(receipt);
  const failure =
    errors && errors.length > 0 && answer.status < 500 && !TELLING_STATUSES.includes(answer.status)
      ? failureOfErrors(errors, answer.status, context, receipt)
      : undefined;
  if (!isSuccess(answer)) throw failure ?? failureOf(answer, context);
  const parsed = value.safeParse(given);
  if (parsed.success) return parsed.data;
  const isPart = context.isWrite && given !== undefined && given !== null;
  if (failure && !isPart) throw failure;
  if (isOfOneSync && nothing.safeParse(given).success) {
    throw refusal('ChannelRejected', answer.status, 'ShipHero knows of no such sync', context, {
      details: requestIdOf(receipt),
    });
  }
  const [issue] = parsed.error.issues;
  const path = ['data', field, ...(issue?.path.map(String) ?? [])].join('.');
  throw contractViolation(
    `the answer breaks the contract at "${path}": ${issue?.message ?? ''}`,
    answer.status,
    context,
    requestIdOf(receipt),
  );
}

/** What was paid stands beside a value; an operation that is refused for want of credits costs none. */
function receiptOf(given: unknown, errors: readonly GraphqlError[], { what, secrets }: AnswerContext): Receipt {
  const { request_id, complexity } = operationMeta.parse(given);
  const said = request_id ?? errors.find((error) => error.request_id)?.request_id ?? '';
  // Long ids look like tokens, so that it is not cleaned as words are: it is an id, or nothing.
  const id = REQUEST_ID.test(said) && !secrets.some((secret) => secret !== '' && said.includes(secret)) ? said : '';
  const isThrottled = errors.some((error) => codeOf(error) === THROTTLED);
  const credits = complexity ?? (isThrottled ? 0 : undefined);
  return { what, ...(id === '' ? {} : { requestId: id }), ...(credits === undefined ? {} : { credits }) };
}

const requestIdOf = ({ requestId }: Receipt) => (requestId === undefined ? {} : { requestId });

function failureOfErrors(
  errors: readonly GraphqlError[],
  status: number,
  context: AnswerContext,
  receipt: Receipt,
): ConnectorError {
  const words = errors
    .map(({ code, message }) => [code, message].filter((part) => part !== undefined && part !== '').join(': '))
    .join('; ');
  const details = requestIdOf(receipt);
  const throttled = errors.find((error) => codeOf(error) === THROTTLED);
  if (throttled) {
    const seconds = secondsOf(throttled.time_remaining ?? '');
    if (seconds === undefined && isNeverAffordable(throttled)) {
      return refusal('ChannelRejected', status, words, context, { details });
    }
    const retryAfterMs = retryAfterMsOf(seconds?.toString(), context.now());
    return refusal('ChannelRateLimited', status, words, context, { details: { ...details, retryAfterMs } });
  }
  if (errors.some(isAuth)) return refusal('ChannelAuthFailed', status, words, context, { details });
  if (errors.some((error) => FAULTS.includes(codeOf(error)))) {
    return refusal('ChannelUnavailable', status, words, context, { details, mayStillApply: context.isWrite });
  }
  return refusal('ChannelRejected', status, words, context, { details });
}

const codeOf = ({ code, extensions }: GraphqlError): string => statusWord(code ?? extensions?.code ?? '');

/** ShipHero's other codes are not published, so where a code says nothing to us, the words decide. */
function isAuth(error: GraphqlError): boolean {
  const code = codeOf(error);
  if (AUTH_CODES.includes(code)) return true;
  const isKnown = code === NOT_FOUND || FAULTS.includes(code) || FORBIDDEN.includes(code);
  return !isKnown && AUTH_WORDS.test(error.message ?? '');
}

/** No field says that waiting cannot help: it takes a missing time, figures that do not fit, and words that speak of a maximum. */
const isNeverAffordable = ({ required_credits: required, remaining_credits: left, message }: GraphqlError): boolean =>
  required !== undefined && left !== undefined && required > left && MAXIMUM.test(message ?? '');

const SECONDS = { s: 1, m: 60, h: 3_600 };
const TIME = /(\d+(?:\.\d+)?)\s*(?:(s|seconds?|secs?)|(m|minutes?|mins?)|(h|hours?|hrs?))\b/gi;

/** "4 seconds", "1 minute", "1 minute 30 seconds" or a number of seconds, as whole seconds; undefined for anything else. */
function secondsOf(time: string): number | undefined {
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(time)) return Math.ceil(Number(time));
  const parts = [...time.matchAll(TIME)];
  if (parts.length === 0) return undefined;
  const seconds = parts.reduce(
    (sum, [, amount, second, minute]) => sum + Number(amount) * (second ? SECONDS.s : minute ? SECONDS.m : SECONDS.h),
    0,
  );
  return Math.ceil(seconds);
}
