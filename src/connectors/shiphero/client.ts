import type { Connection } from '../../contracts/connection';
import { accessTokenOf, storedRefreshTokenOf, storedTokenOf } from '../access-token';
import { ConnectorError } from '../errors';
import { type AnswerContext, exchange, loginFailureOf, sendFor } from '../http/answers';
import { addressOf } from '../http/base-url';
import type { Call, ConnectorContext, Endpoint } from '../ports';
import { completeValueOf } from './answers';
import {
  abortSync,
  type ItemPage,
  listSyncs,
  type Operation,
  type Quota,
  readItems,
  readQuota,
  readSync,
  type SyncList,
  type SyncStatus,
  startSync,
  type TokenAnswer,
  tokenAnswer,
} from './schemas';
import type { ShipheroCredentials, ShipheroSettings } from './settings';

/** Where ShipHero's public API is. */
export const SHIPHERO_ENDPOINT: Endpoint = { env: 'SHIPHERO_BASE_URL', default: 'https://public-api.shiphero.com' };

/** What ShipHero offers, in its own words; every method is one request. */
export interface ShipheroClient {
  /** The new sync's id. Throws `OutcomeUnknown` whenever nobody knows whether there is one now. */
  startSync(url: string, call: Call): Promise<string>;
  /** The newest syncs of the connection's warehouse. */
  listSyncs(call: Call): Promise<SyncList>;
  readSync(id: string, call: Call): Promise<SyncStatus>;
  abortSync(id: string, reason: string, call: Call): Promise<void>;
  readItems(page: { id: string; status?: string; first: number; after?: string }, call: Call): Promise<ItemPage>;
  readQuota(call: Call): Promise<Quota>;
  logIn(login: { username: string; password: string }, call: Call): Promise<TokenAnswer>;
  refresh(refreshToken: string, call: Call): Promise<TokenAnswer>;
  /** What the answer to a page of items is an answer to. */
  readonly itemsRead: AnswerContext;
  /** Texts that must never be repeated. */
  readonly secrets: readonly string[];
}

/** A connection with its parsed parts, and where clock and addresses come from. */
export interface ShipheroClientOptions {
  connection: Connection;
  credentials: ShipheroCredentials;
  settings: ShipheroSettings;
  context: ConnectorContext;
}

/** Makes the client of one connection; nothing is sent yet. */
export function shipheroClient({ connection, credentials, settings, context }: ShipheroClientOptions): ShipheroClient {
  const { http } = context;
  const { warehouseId: warehouse_id, customerAccountId: customer_account_id } = settings;
  const address = (path: string): string =>
    addressOf({
      base: settings.baseUrl ?? context.endpoints[SHIPHERO_ENDPOINT.env] ?? SHIPHERO_ENDPOINT.default,
      path,
      accountSlug: connection.accountSlug,
    });
  const secrets = [
    ...[credentials.username, credentials.password, credentials.refreshToken],
    ...[storedTokenOf(connection), storedRefreshTokenOf(connection)],
  ].filter((secret) => secret !== undefined);
  const about = (operation: string, isWrite: boolean): AnswerContext => ({
    connection,
    what: `ShipHero, ${operation}`,
    isWrite,
    secrets,
    now: () => context.now(),
  });
  const contexts = {
    start: about('starting a sync', true),
    list: about('looking for a sync', false),
    read: about('reading a sync', false),
    abort: about('aborting a sync', true),
    items: about('reading the rows of a sync', false),
    quota: about('reading credits', false),
    login: about('login', false),
    refresh: about('refreshing the token', false),
  };

  const ask = async <T>(
    operation: Operation<T>,
    variables: Readonly<Record<string, unknown>>,
    about: AnswerContext,
    { signal }: Call,
    repeatable = true,
  ): Promise<T> => {
    const headers = { authorization: `Bearer ${accessTokenOf(connection, context.now())}` };
    const json = { query: operation.query, variables };
    const request = { method: 'POST', url: address('/graphql'), headers, json, repeatable, signal } as const;
    const answer = await sendFor(http, request, about).catch((error: unknown) => {
      const isInDoubt = !repeatable && error instanceof ConnectorError && error.mayStillApply;
      throw isInDoubt ? inDoubt(error) : error;
    });
    try {
      return completeValueOf(answer, operation, about, context.onReceipt);
    } catch (error) {
      throw repeatable || !(error instanceof ConnectorError) ? error : inDoubt(error);
    }
  };
  const issue = async (path: string, json: object, about: AnswerContext, { signal }: Call): Promise<TokenAnswer> => {
    const request = { method: 'POST', url: address(path), json, repeatable: true, signal } as const;
    return exchange(http, request, tokenAnswer, about, loginFailureOf);
  };

  return {
    itemsRead: contexts.items,
    secrets,
    startSync: async (url, call) => {
      const variables = { url, warehouse_id, customer_account_id };
      return (await ask(startSync, variables, contexts.start, call, false)).sync_id;
    },
    listSyncs: async (call) => ask(listSyncs, { warehouse_id, customer_account_id }, contexts.list, call),
    readSync: async (id, call) => (await ask(readSync, { id }, contexts.read, call)).data,
    abortSync: async (sync_id, reason, call) => {
      await ask(abortSync, { sync_id, reason }, contexts.abort, call);
    },
    readItems: async (page, call) => (await ask(readItems, page, contexts.items, call)).data,
    readQuota: async (call) => ask(readQuota, {}, contexts.quota, call),
    logIn: async (login, call) => issue('/auth/token', login, contexts.login, call),
    refresh: async (refresh_token, call) => issue('/auth/refresh', { refresh_token }, contexts.refresh, call),
  };
}

/**
 * A failure inside ShipHero, or of a gateway before it, does not say whether the sync was started after all. A second sync of
 * older numbers could end after a newer one, and looking for the first costs little: so it is looked for.
 */
const inDoubt = (failure: ConnectorError): ConnectorError =>
  failure.type === 'ChannelUnavailable'
    ? new ConnectorError('OutcomeUnknown', failure.message, { details: failure.details, mayStillApply: true })
    : failure;
