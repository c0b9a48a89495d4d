import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Connection } from '../contracts/connection';
import { listingOf, listingParts } from '../contracts/ids';
import type { StockLine, Verdict } from '../contracts/stock';
import { ConnectorError } from './errors';
import { type AnswerContext, contractViolation, exchange, failureOf } from './http/answers';
import { addressOf } from './http/base-url';
import { jsonOf } from './http/words';
import { identifierOf } from './identifiers';
import { credentialsOf, settingsOf } from './opening';
import type { Call, Connector, ConnectorContext, Endpoint, GatePolicy, InventoryWriter } from './ports';
import { commonSettings } from './settings';

// What Increff's two channels have in common: they differ in one path, in the body that goes there, and in the names of its answer's lists.

/** Increff's host differs from client to client; `.invalid` is a reserved name, so nothing can be sent before an address is set. */
export const INCREFF_ENDPOINT: Endpoint = { env: 'INCREFF_BASE_URL', default: 'https://increff.invalid' };

/** SKUs in one stock update: the source document's ceiling for the OMS; Assure has none of its own. */
export const MAX_SKUS = 300;
/** What one client may send in a minute, over all its endpoints. */
const MAX_REQUESTS_PER_MINUTE = 200;

/** Only HTTP 200 answers reach the verdicts. */
const OK = 200;
const NOT_FOUND = 404;

const headerText = z
  .string()
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'is empty, or cannot stand in a header');

/** `inputFields` of an Increff connection; an empty `authDomainName` is one that was not issued. */
export const increffCredentials = z.object({
  authUsername: headerText,
  authPassword: headerText,
  authDomainName: z.union([headerText, z.literal('')]).nullish(),
});

export type IncreffCredentials = z.output<typeof increffCredentials>;

/** The `settings` that both channels have. */
export const increffSettings = commonSettings.extend({
  /** The field of a WMS line that Increff knows as the SKU's code. */
  listingFrom: z.enum(['sku', 'sellerSku', 'variantId', 'productId']).default('sku'),
  /** SKUs in one stock update. */
  batchSize: z.int().min(1).max(MAX_SKUS).default(MAX_SKUS),
  /** Requests a minute of the client, over all its connections and processes. */
  requestsPerMinute: z.int().min(1).max(MAX_REQUESTS_PER_MINUTE).default(MAX_REQUESTS_PER_MINUTE),
  /** Connections that name the same client share its limit; by default those with the same address, domain and user name do. */
  rateLimitClient: z.string().trim().min(1).max(100).optional(),
});

export type IncreffSettings = z.output<typeof increffSettings>;

/** Read for every line of an event, so without the settings that it does not need. */
const listingSettings = increffSettings.pick({ listingFrom: true });

/** One key for the connections of a client, whichever of the two channels they are on; hashed, so that it holds no name. */
function gateOf(connection: Connection, endpoints: ConnectorContext['endpoints']): GatePolicy {
  const { requestsPerMinute, rateLimitClient, baseUrl } = settingsOf(increffSettings, connection);
  const { authDomainName, authUsername } = credentialsOf(increffCredentials, connection);
  const { accountSlug } = connection;
  const base = baseUrl ?? endpoints[INCREFF_ENDPOINT.env] ?? INCREFF_ENDPOINT.default;
  const { origin } = new URL(addressOf({ base, path: '/', accountSlug }));
  const client = rateLimitClient === undefined ? [origin, authDomainName ?? '', authUsername] : [rateLimitClient];
  return {
    key: `increff/${createHash('sha256').update(JSON.stringify(client)).digest('hex')}`,
    requestsPerMinute,
  };
}

/** What does not depend on which of the two channels it is. */
export const increffTraits = {
  role: 'sales',
  endpoints: [INCREFF_ENDPOINT],
  capabilities: ['inventoryWriter'],
  credentials: increffCredentials,
  listingFor(item, connection) {
    const { listingFrom } = settingsOf(listingSettings, connection);
    return listingOf(identifierOf(item[listingFrom], listingFrom));
  },
  listingForCode: (code) => listingOf(identifierOf(code, 'code')),
  gate: gateOf,
} as const satisfies Omit<Connector, 'channel' | 'displayName' | 'settings' | 'open'>;

/** Our listing as Increff's code. Throws `InvariantBroken` for a listing that these connectors did not make. */
export function codeOf(listing: string): string {
  const [code, ...rest] = listingParts(listing);
  if (!code || rest.length > 0) throw new ConnectorError('InvariantBroken', 'a listing of Increff is a single code');
  return code;
}

/** A list of codes as both answers have it; digits may be printed as a number, and an empty list may be left out. */
export const codeList = z.array(z.union([z.string(), z.int().transform(String)])).nullish();

/** One of an answer's lists: what it is called there, and the codes in it. */
export interface NamedCodes {
  field: string;
  codes: readonly string[];
}

/** What an answer's two lists say of each line; one code that was not sent, and the whole answer is not believed. */
export function codeVerdictsOf(
  lines: readonly StockLine[],
  { failed, succeeded }: { failed: NamedCodes; succeeded: NamedCodes },
  context: AnswerContext,
): Verdict[] {
  const sent = new Set(lines.map(({ listing }) => codeOf(listing)));
  const failures = new Set(failed.codes);
  const successes = new Set(succeeded.codes);
  const foreign = [...new Set([...failures, ...successes])].filter((code) => !sent.has(code));
  if (foreign.length > 0) {
    throw contractViolation(`codes in the answer that were not sent: ${foreign.length}`, OK, context);
  }
  return lines.map(({ listing }): Verdict => {
    const code = codeOf(listing);
    if (failures.has(code)) {
      const also = successes.has(code) ? `, and under ${succeeded.field} too` : '';
      return { listing, verdict: 'rejected', message: `Increff lists it under ${failed.field}${also}` };
    }
    if (successes.has(code)) return { listing, verdict: 'accepted' };
    const message = `Increff lists it neither under ${failed.field} nor under ${succeeded.field}`;
    return { listing, verdict: 'unknown', message };
  });
}

/** The writer of either channel; `send` is one stock update and the verdicts that it got. */
export const increffWriter = (
  { batchSize }: Pick<IncreffSettings, 'batchSize'>,
  send: InventoryWriter['setStock'],
): InventoryWriter => ({
  batchSize,
  // One SKU that Increff cannot read makes it refuse all of them with a 400.
  halvesRefusals: true,
  setStock: async (lines, call) => (lines.length === 0 ? [] : send(lines, call)),
});

/** A connection with its parsed parts, and where clock and addresses come from. */
export interface IncreffClientOptions {
  connection: Connection;
  credentials: IncreffCredentials;
  settings: IncreffSettings;
  context: ConnectorContext;
}

/** One stock update as a request, and what its answer is an answer to. */
export interface IncreffClient {
  put<T>(path: string, json: unknown, answer: z.ZodType<T>, call: Call): Promise<T>;
  readonly stockUpdate: AnswerContext;
}

/** Makes the client of one connection; nothing is sent yet. */
export function increffClient(displayName: string, options: IncreffClientOptions): IncreffClient {
  const { connection, settings, context } = options;
  const { authUsername, authPassword, authDomainName } = options.credentials;
  const base = settings.baseUrl ?? context.endpoints[INCREFF_ENDPOINT.env] ?? INCREFF_ENDPOINT.default;
  const headers = { authUsername, authPassword, ...(authDomainName ? { authDomainName } : {}) };
  const stockUpdate: AnswerContext = {
    connection,
    what: `${displayName}, stock update`,
    isWrite: true,
    secrets: Object.values(headers),
    now: () => context.now(),
  };
  return {
    stockUpdate,
    async put(path, json, answer, { signal }) {
      const url = addressOf({ base, path, accountSlug: connection.accountSlug });
      const request = { method: 'PUT', url, headers, json, repeatable: true, signal } as const;
      return exchange(context.http, request, answer, stockUpdate, (answer, about) =>
        answer.status === NOT_FOUND ? nothingThere(path, about) : explainedFailureOf(answer, about),
      );
    },
  };
}

/** A path that is not there is no line's fault: were it taken for a refusal, each line would be rejected for it. */
const nothingThere = (path: string, { what, connection }: AnswerContext): ConnectorError =>
  new ConnectorError(
    'InputInvalid',
    `${what}: nothing at ${path} (404): correct baseUrl or, for Assure, inventoryPath`,
    {
      details: { connectionId: connection.id, channel: connection.channel, status: NOT_FOUND },
    },
  );

const errorAnswer = z.object({ code: z.string(), message: z.string(), description: z.string() });

/** Increff says what is wrong in `message` and where in `description`: a person who looks for the line at fault needs both. */
const explainedFailureOf: typeof failureOf = (answer, context) => {
  const { data: error } = errorAnswer.safeParse(jsonOf(answer.text));
  if (!error) return failureOf(answer, context);
  const { code, message, description } = error;
  return failureOf(
    { ...answer, text: JSON.stringify({ code, message, errors: description === message ? [] : [description] }) },
    context,
  );
};
