import type { Logger as SdkLogger } from '@temporalio/worker';
import { type Logger, pino } from 'pino';

/** Whatever is logged under one of these names never reaches the output, at any depth that we log. */
const SECRET_NAMES = [
  'password',
  'accessToken',
  'access_token',
  'refreshToken',
  'refresh_token',
  'apiKey',
  'client_secret',
  'credentials',
  'inputFields',
  'authorization',
  'x-api-key',
  'shippingAddress',
  'billingAddress',
  'email',
  'customerName',
];

const paths = SECRET_NAMES.flatMap((name) => {
  const key = /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `["${name}"]`;
  return [key.replace(/^\./, ''), `*${key}`, `*.*${key}`];
});

/** JSON lines on stdout. Bodies are never logged; the redaction catches what slips through. */
export const createLogger = (name: string, level: string): Logger =>
  pino({ name, level, redact: { paths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime });

/** What Temporal's SDK says, in the same log. */
export const sdkLogger = (logger: Logger): SdkLogger => ({
  log: (level, message, meta) => logger[level.toLowerCase() as Lowercase<typeof level>]({ meta }, message),
  trace: (message, meta) => logger.trace({ meta }, message),
  debug: (message, meta) => logger.debug({ meta }, message),
  info: (message, meta) => logger.info({ meta }, message),
  warn: (message, meta) => logger.warn({ meta }, message),
  error: (message, meta) => logger.error({ meta }, message),
});
