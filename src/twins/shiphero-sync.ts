import { Agent } from 'undici';
import type { LineFaults } from './faults';
import type { Applied } from './request-log';
import { type CsvRow, downloadCsv, rowsOf } from './shiphero-csv';
import {
  type ShipheroState,
  type Sync,
  type SyncItem,
  type SyncStatus,
  shipheroStockKey,
  shipheroStockOf,
} from './shiphero-state';
import type { Violations } from './violations';

const TICK_MS = 20;
const KEPT_SYNCS = 500;
const KEPT_FETCHES = 1000;
const REPLACE = 'replace';
const MAX_QUANTITY = 2_147_483_647;

/** What a request asks for; `faults` and `applied` are those of the request that started the sync. */
export interface SyncRequest {
  username: string;
  url: string;
  warehouseId: string;
  customerAccountId: string | null;
  faults: LineFaults;
  applied(change: Applied): void;
}

/** The syncs of the twin: each downloads its file and applies it row by row as time goes by. */
export interface SyncEngine {
  start(request: SyncRequest): Sync;
  /** False when it had ended before. Rows that were applied stay applied. */
  abort(sync: Sync, reason: string | null): boolean;
  /** Brings every sync to where it should be now. */
  advance(): void;
  /** Ends all downloads and forgets what ran; the state is the caller's. */
  clear(): void;
  stop(): Promise<void>;
}

/** A sync that has not ended. */
interface Run {
  sync: Sync;
  request: SyncRequest;
  startsAtMs: number;
  download: AbortController | undefined;
  /** Rows that may be applied by now, with the fraction of the next one. */
  dueRows: number;
  advancedAtMs: number;
  /** Why an item will fail, by its place in the file; null for one that will not. */
  problems: (string | null)[];
}

const base64 = (plain: string): string => Buffer.from(plain).toString('base64');

function quantityOf(digits: string): number | null {
  const quantity = /^\d+$/.test(digits) ? Number(digits) : -1;
  return quantity >= 0 && quantity <= MAX_QUANTITY ? quantity : null;
}

export function createSyncEngine(deps: {
  stateNow(): ShipheroState;
  violations: Violations;
  now(): number;
  newId(): string;
}): SyncEngine {
  const { stateNow, violations, now, newId } = deps;
  const agent = new Agent();
  let runs: Run[] = [];
  let timer: NodeJS.Timeout | undefined;

  const end = (run: Run, status: SyncStatus, error: string | null): void => {
    run.sync.status = status;
    run.sync.error = error;
    run.sync.updatedAtMs = now();
    run.download?.abort();
    runs = runs.filter((one) => one !== run);
    const state = stateNow();
    const surplus = state.syncs.length - KEPT_SYNCS;
    const oldest = state.syncs.filter(({ status: one }) => one !== 'pending' && one !== 'processing').slice(0, surplus);
    if (surplus > 0) state.syncs = state.syncs.filter((sync) => !oldest.includes(sync));
  };

  const problemOf = (line: CsvRow, { warehouseId, faults }: SyncRequest): string | null => {
    const { knownSkus } = stateNow().settings;
    if (line.fault !== null) return line.fault;
    if (line.sku === '') return 'SKU is missing';
    if (line.action !== REPLACE) return `Action ${line.action || '(none)'} is not supported`;
    if (quantityOf(line.quantity) === null) return 'Quantity is not valid';
    if (knownSkus?.includes(line.sku) === false) return 'SKU does not exist in this warehouse';
    return faults.rejection(shipheroStockKey(warehouseId, line.sku, line.location)) ?? null;
  };

  const itemOf = ({ row, sku, quantity, action, reason, location }: CsvRow, id: string): SyncItem => ({
    id,
    row,
    sku,
    quantity: quantityOf(quantity),
    action: action === REPLACE && stateNow().settings.actionEcho === 'change' ? 'change' : action,
    reason,
    location,
    status: 'pending',
    error: null,
    createdAtMs: now(),
    updatedAtMs: now(),
  });

  const countClashes = (run: Run): void => {
    const skus = new Set<string>();
    const keys = new Set<string>();
    for (const { sku, location } of run.sync.items) {
      const key = shipheroStockKey(run.sync.warehouseId, sku, location);
      if (keys.has(key)) violations.count('duplicateLine');
      keys.add(key);
      skus.add(sku);
    }
    for (const { sync } of runs) {
      if (sync === run.sync || sync.username !== run.sync.username || sync.warehouseId !== run.sync.warehouseId)
        continue;
      // Whatever it calls itself: with no row left it changes nothing any more.
      if (sync.successCount + sync.errorCount === sync.items.length) continue;
      if (sync.items.some(({ sku }) => skus.has(sku))) violations.count('overlappingSync');
    }
  };

  const load = async (run: Run, download: AbortController): Promise<void> => {
    const { sync } = run;
    const state = stateNow();
    const { maxLines, maxBytes, fetchTimeoutMs, repeatItemIds, skuColumn } = state.settings;
    const limits = { maxLines, maxBytes, timeoutMs: fetchTimeoutMs };
    const at = new Date(now()).toISOString();
    const got = await downloadCsv(sync.url, limits, { dispatcher: agent, signal: download.signal });
    const { status, bytes, credentialsSent } = got;
    state.fetches.push({ syncId: sync.id, url: sync.url, at, status, bytes, credentialsSent });
    if (state.fetches.length > KEPT_FETCHES) state.fetches.shift();
    if (download.signal.aborted) return;
    if (!got.ok) return end(run, 'error', got.message);
    const read = rowsOf(got.text, maxLines, skuColumn);
    if (!read.ok) {
      violations.count(read.tooMany ? 'batchTooLarge' : 'badBody');
      return end(run, 'error', read.message);
    }
    const sharedId = newId();
    sync.items = read.rows.map((line) => itemOf(line, repeatItemIds ? sharedId : newId()));
    run.problems = read.rows.map((line) => problemOf(line, run.request));
    sync.status = 'processing';
    sync.updatedAtMs = now();
    run.advancedAtMs = now();
    countClashes(run);
    advance();
  };

  const applyItem = ({ sync, request, problems }: Run, item: SyncItem): void => {
    item.updatedAtMs = now();
    sync.updatedAtMs = now();
    const problem = problems[item.row - 1] ?? null;
    if (problem !== null || item.quantity === null) {
      item.status = 'error';
      item.error = problem;
      sync.errorCount += 1;
      return;
    }
    const stock = shipheroStockOf(stateNow(), sync.username);
    const key = shipheroStockKey(sync.warehouseId, item.sku, item.location);
    const before = stock.get(key) ?? null;
    stock.set(key, item.quantity);
    item.status = 'success';
    sync.successCount += 1;
    request.applied({ what: 'stock', account: sync.username, key, quantity: item.quantity, before });
  };

  const applyDue = (run: Run): void => {
    const { sync, request } = run;
    const finished = (): number => sync.successCount + sync.errorCount;
    run.dueRows += ((now() - run.advancedAtMs) * stateNow().settings.rowsPerSecond) / 1000;
    run.advancedAtMs = now();
    // The sum of many small steps falls short of the whole by less than this.
    const { endsEarlyAfter } = stateNow().settings;
    const stopsAt = Math.min(request.faults.stuck?.afterRows ?? sync.items.length, endsEarlyAfter ?? sync.items.length);
    const due = Math.min(Math.floor(run.dueRows + 1e-6), stopsAt);
    for (const item of sync.items.slice(finished(), due)) applyItem(run, item);
    if (endsEarlyAfter !== null && finished() < sync.items.length && finished() >= endsEarlyAfter) {
      end(run, 'error', 'ended early');
      return;
    }
    if (finished() < sync.items.length || request.faults.stuck !== undefined) return;
    const { errorCount, items } = sync;
    if (errorCount === 0) end(run, 'success', null);
    else end(run, 'error', `error in ${errorCount} out of ${items.length} rows`);
  };

  const isMoving = ({ sync, request: { faults } }: Run): boolean =>
    faults.stuck === undefined ||
    (faults.stuck.afterRows !== undefined &&
      (sync.status === 'pending' ||
        sync.successCount + sync.errorCount < Math.min(faults.stuck.afterRows, sync.items.length)));

  const advance = (): void => {
    for (const run of [...runs]) {
      if (!isMoving(run)) continue;
      if (run.sync.status === 'processing') applyDue(run);
      else if (run.download === undefined && now() >= run.startsAtMs) {
        run.download = new AbortController();
        void load(run, run.download);
      }
    }
    if (runs.some(isMoving)) timer ??= setInterval(advance, TICK_MS).unref();
    else {
      clearInterval(timer);
      timer = undefined;
    }
  };

  const clear = (): void => {
    for (const { download } of runs) download?.abort();
    runs = [];
    clearInterval(timer);
    timer = undefined;
  };

  return {
    start(request) {
      const { username, url, warehouseId, customerAccountId } = request;
      const state = stateNow();
      const number = state.settings.accounts.findIndex((account) => account.username === username) + 1;
      const sync: Sync = {
        id: state.settings.nextSyncIds.shift() ?? newId(),
        username,
        userId: base64(`User:${number}`),
        accountId: base64(`Account:${number}`),
        url,
        warehouseId,
        customerAccountId,
        status: 'pending',
        error: null,
        items: [],
        successCount: 0,
        errorCount: 0,
        createdAtMs: now(),
        updatedAtMs: now(),
      };
      state.syncs.push(sync);
      const startsAtMs = now() + state.settings.startDelayMs;
      runs.push({ sync, request, startsAtMs, download: undefined, dueRows: 0, advancedAtMs: now(), problems: [] });
      request.applied({ what: 'sync', account: username, key: sync.id });
      advance();
      return sync;
    },
    abort(sync, reason) {
      const run = runs.find((one) => one.sync === sync);
      if (run === undefined) return false;
      for (const item of sync.items)
        if (item.status === 'pending') Object.assign(item, { status: 'aborted', updatedAtMs: now() });
      end(run, 'aborted', reason);
      return true;
    },
    advance,
    clear,
    async stop() {
      clear();
      await agent.destroy();
    },
  };
}
