import { executeSync, type GraphQLResolveInfo } from 'graphql';
import type { Answer } from './send';
import { connectionOf, type Page } from './shiphero-connection';
import { charge, costOf, creditsLeft, fieldsOf, fragmentsOf, giveBack, pagesOf } from './shiphero-credits';
import { BAD_INPUT, FAILED, NOT_FOUND, saidNo, THROTTLED } from './shiphero-errors';
import { readRequest } from './shiphero-request';
import { SHIPHERO_SCHEMA } from './shiphero-schema';
import { countOne, type ShipheroState, type Sync, type SyncItem, shipheroStockKey } from './shiphero-state';
import type { SyncEngine } from './shiphero-sync';
import type { Exchange } from './twin';
import type { Violations } from './violations';

interface Context {
  username: string;
  requestId: string;
  /** One moment for the whole request: what it pays and what it is told is left. */
  receivedAtMs: number;
  exchange: Exchange;
  /** Credits that were taken and are not spent. */
  unspent: number;
}

/** Words are joined by commas and exclude with `!`; `error` stands for every word that begins with it. */
export function isStatusAsked(asked: string | null | undefined, shown: string): boolean {
  if (typeof asked !== 'string') return true;
  const words = asked.split(',').map((word) => word.trim());
  const isOneOf = (wanted: string[]) =>
    wanted.some((word) => word === shown || (word === 'error' && shown.startsWith('error_')));
  const excluded = words.filter((word) => word.startsWith('!')).map((word) => word.slice(1));
  const wanted = words.filter((word) => !word.startsWith('!'));
  return !isOneOf(excluded) && (wanted.length === 0 || isOneOf(wanted));
}

const timeOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}+00:00`;

/** Answers `POST /graphql` for an account: reads, charges and carries out what the request asks for. */
export function createShipheroGraphql(deps: {
  stateNow(): ShipheroState;
  engine: SyncEngine;
  violations: Violations;
  now(): number;
  newId(): string;
}): (username: string, exchange: Exchange) => Answer {
  const { stateNow, engine, violations, now, newId } = deps;
  const shownStatus = (one: Sync | SyncItem): string => {
    const { statusWords, rowWords } = stateNow().settings;
    const { status } = one;
    return ('row' in one ? rowWords[status] : undefined) ?? statusWords[status] ?? status;
  };

  const syncNode = (sync: Sync) => ({
    id: sync.id,
    url: sync.url,
    user_id: sync.userId,
    account_id: sync.accountId,
    warehouse_id: sync.warehouseId,
    customer_account_id: sync.customerAccountId,
    total_count: sync.items.length,
    success_count: sync.successCount,
    error_count: sync.errorCount,
    finished_count: sync.successCount + sync.errorCount,
    status: shownStatus(sync),
    error: sync.error,
    created_at: timeOf(sync.createdAtMs),
    updated_at: timeOf(sync.updatedAtMs),
  });
  const itemNode = (item: SyncItem) => ({
    ...item,
    status: shownStatus(item),
    created_at: timeOf(item.createdAtMs),
    updated_at: timeOf(item.updatedAtMs),
  });

  const find = (id: string, { username }: Context): Sync => {
    const sync = stateNow().syncs.find((one) => one.id === id);
    if (sync?.username === username) return sync;
    if (sync !== undefined) violations.count('foreignSync');
    throw saidNo(NOT_FOUND, 'Sync not found');
  };
  const itemsShown = (sync: Sync, status: string | null | undefined, { exchange: { faults } }: Context) => {
    const items = sync.items
      .filter((item) => isStatusAsked(status, shownStatus(item)))
      .filter((item) => !faults.omits(shipheroStockKey(sync.warehouseId, item.sku, item.location)))
      .map(itemNode);
    const last = items.at(-1);
    if (faults.unknownLine !== undefined && last !== undefined)
      items.push({ ...last, row: sync.items.length + 1, sku: faults.unknownLine });
    return items;
  };
  /** What every answer carries beside its own fields; counted as carried out. `returned`: how many nodes a page of its list has. */
  const meta = (context: Context, info: GraphQLResolveInfo, returned?: (page: Page) => number) => {
    const { settings, operations } = stateNow();
    countOne(operations, info.fieldName);
    const around = { fragments: info.fragments, variables: info.variableValues };
    const [root] = info.fieldNodes;
    const most = root === undefined ? 0 : costOf(root, info.operation.operation, around, settings);
    const complexity =
      root !== undefined && returned && settings.chargesReturned
        ? pagesOf(root, around).reduce((sum, page) => sum + returned(page), 1)
        : most;
    context.unspent += most - complexity;
    return { request_id: context.requestId, complexity };
  };

  const root = {
    inventory_sync(
      { data }: { data: { url: string; warehouse_id: string; customer_account_id?: string | null } },
      context: Context,
      info: GraphQLResolveInfo,
    ) {
      const { knownWarehouses } = stateNow().settings;
      const { username, exchange } = context;
      if (!/^https?:/i.test(data.url) || !URL.canParse(data.url)) throw saidNo(BAD_INPUT, 'Invalid url');
      if (knownWarehouses?.includes(data.warehouse_id) === false) throw saidNo(NOT_FOUND, 'Warehouse not found');
      const sync = engine.start({
        username,
        url: data.url,
        warehouseId: data.warehouse_id,
        customerAccountId: data.customer_account_id ?? null,
        faults: exchange.faults,
        applied: exchange.applied,
      });
      return { ...meta(context, info), sync_id: sync.id };
    },
    inventory_sync_abort(
      { data }: { data: { sync_id: string; reason?: string | null } },
      context: Context,
      info: GraphQLResolveInfo,
    ) {
      const sync = find(data.sync_id, context);
      if (!engine.abort(sync, data.reason ?? null))
        throw saidNo(BAD_INPUT, `Sync cannot be aborted, its status is ${shownStatus(sync)}`);
      context.exchange.applied({ what: 'abort', account: context.username, key: sync.id });
      return { ...meta(context, info), sync: syncNode(sync) };
    },
    inventory_sync_statuses(
      filter: { warehouse_id?: string | null; customer_account_id?: string | null; status?: string | null },
      context: Context,
      info: GraphQLResolveInfo,
    ) {
      const isAsked = (asked: string | null | undefined, value: string | null): boolean =>
        typeof asked !== 'string' || asked === value;
      const found = stateNow().syncs.filter(
        (sync) =>
          sync.username === context.username &&
          isAsked(filter.warehouse_id, sync.warehouseId) &&
          isAsked(filter.customer_account_id, sync.customerAccountId) &&
          isStatusAsked(filter.status, shownStatus(sync)),
      );
      const nodes = found.toReversed().map(syncNode);
      const data = (page: Page) => connectionOf(nodes, ({ id }) => `sync:${id}`, page);
      return { ...meta(context, info, (page) => data(page).edges.length), data };
    },
    inventory_sync_status({ id }: { id: string }, context: Context, info: GraphQLResolveInfo) {
      return { ...meta(context, info), data: syncNode(find(id, context)) };
    },
    inventory_sync_items_status(
      { id, status }: { id: string; status?: string | null },
      context: Context,
      info: GraphQLResolveInfo,
    ) {
      const nodes = itemsShown(find(id, context), status, context);
      const data = (page: Page) => connectionOf(nodes, ({ row }) => `row:${row}`, page);
      return { ...meta(context, info, (page) => data(page).edges.length), data };
    },
    user_quota(_nothing: unknown, context: Context, info: GraphQLResolveInfo) {
      const { maxAvailable, incrementRate } = stateNow().settings.quota;
      meta(context, info);
      return {
        credits_remaining: Math.floor(creditsLeft(stateNow(), context.username, context.receivedAtMs)),
        max_available: maxAvailable,
        increment_rate: incrementRate,
      };
    },
  };

  return (username, exchange) => {
    const read = readRequest(exchange.body);
    if (!read.ok) {
      violations.count('badBody');
      return { status: 400, json: { errors: read.errors } };
    }
    const { document, operation, variables, values } = read;
    const { settings } = stateNow();
    const requestId = newId();
    const receivedAtMs = now();
    const around = { fragments: fragmentsOf(document), variables: values };
    const roots = fieldsOf(operation.selectionSet, around);
    const name = roots[0]?.name.value ?? 'unknown';
    const isWhole = settings.nullData === 'whole';
    const refused = (error: object): Answer => {
      const data = isWhole ? null : Object.fromEntries(roots.map((one) => [(one.alias ?? one.name).value, null]));
      return { status: 200, json: { errors: [{ ...error, operation: name, request_id: requestId }], data } };
    };
    if (exchange.faults.failsAll) return refused({ code: FAILED, message: 'An unexpected error occurred' });
    const required = roots.reduce((sum, one) => sum + costOf(one, operation.operation, around, settings), 0);
    const refusal = charge(stateNow(), username, required, receivedAtMs);
    if (refusal !== undefined) {
      violations.count('throttled');
      return refused({ code: THROTTLED, ...refusal });
    }
    const contextValue: Context = { username, requestId, receivedAtMs, exchange, unspent: 0 };
    const { errors, data } = executeSync({
      schema: SHIPHERO_SCHEMA,
      document,
      rootValue: root,
      contextValue,
      variableValues: variables,
      operationName: operation.name?.value ?? null,
    });
    giveBack(stateNow(), username, contextValue.unspent, receivedAtMs);
    if (errors === undefined) return { status: 200, json: { data } };
    const shown = errors.map(({ message, path, extensions }) => ({
      code: extensions.code ?? BAD_INPUT,
      message,
      operation: String(path?.[0] ?? name),
      field: String(path?.at(-1) ?? name),
      request_id: requestId,
    }));
    return { status: 200, json: { errors: shown, data: isWhole ? null : data } };
  };
}
