import { z } from 'zod';
import type { CsvFetch } from './shiphero-csv';

/** What becomes of a sync, and of an item of it. */
export const SYNC_STATUSES = ['pending', 'processing', 'success', 'error', 'aborted'] as const;
export type SyncStatus = (typeof SYNC_STATUSES)[number];

const text = z.string().min(1);
const isStockKey = (key: string): boolean => /^[^/]+\/[^/]+(?:\/[^/]+)?$/.test(key) && !/%(?!25|2F)/i.test(key);
const stockKey = z
  .string()
  .refine(isStockKey, 'is not warehouse_id/sku or warehouse_id/sku/location with % and / percent-encoded');
const milliseconds = z.number().int().min(0).max(3_600_000);

const settings = z.strictObject({
  accounts: z.array(z.strictObject({ username: text, password: text })),
  /** Null: every SKU exists in every warehouse. */
  knownSkus: z.array(text).nullable(),
  /** Null: every `warehouse_id` is known. */
  knownWarehouses: z.array(text).nullable(),
  quota: z.strictObject({ maxAvailable: z.number().int().min(1), incrementRate: z.number().int().min(1) }),
  /** Credits that a mutation costs. */
  mutationCost: z.number().int().min(0),
  rateLimit: z.strictObject({ requests: z.number().int().min(1), windowMs: z.number().int().min(1) }),
  rowsPerSecond: z.number().positive(),
  /** How long a sync waits before its file is downloaded. */
  startDelayMs: milliseconds,
  /** Lines of a file, the header among them. */
  maxLines: z.number().int().min(1),
  maxBytes: z.number().int().min(1),
  fetchTimeoutMs: milliseconds.min(1),
  /** Ids of the next syncs, in their order; made up when there is none left. */
  nextSyncIds: z.array(text),
  /** All items of a sync share one id. */
  repeatItemIds: z.boolean(),
  actionEcho: z.enum(['change', 'as-sent']),
  /** What is answered in place of a status. */
  statusWords: z.partialRecord(z.enum(SYNC_STATUSES), text),
  /** The same for rows alone, before `statusWords`. */
  rowWords: z.partialRecord(z.enum(SYNC_STATUSES), text),
  /** A sync ends after so many rows as `error`, the others still `pending`; null: none does. */
  endsEarlyAfter: z.number().int().min(0).nullable(),
  /** What the first column has to be called; `any`: either. */
  skuColumn: z.enum(['any', 'sku', '#sku']),
  /** A list costs what it returns and not what it might; as much as it might has to be there all the same. */
  chargesReturned: z.boolean(),
  /** What stands beside `errors`: null for the operation, or for `data` as a whole. */
  nullData: z.enum(['operation', 'whole']),
  /** Every refresh token is refused. */
  refreshRefused: z.boolean(),
});

/** The parts of the twin's state that can be set; every one is optional. */
export const shipheroPatch = settings.partial().extend({
  stock: z.record(z.string(), z.record(stockKey, z.number().int().min(0))).optional(),
  /** By username. */
  creditsRemaining: z.record(z.string(), z.number().min(0)).optional(),
});

export type ShipheroPatch = z.input<typeof shipheroPatch>;
type ParsedPatch = z.output<typeof shipheroPatch>;
export type ShipheroSettings = z.output<typeof settings>;

/** One row of a sync's file. Times in milliseconds since the epoch. */
export interface SyncItem {
  id: string;
  row: number;
  sku: string;
  /** Null when it is no whole number from 0 to 2147483647. */
  quantity: number | null;
  action: string;
  reason: string;
  location: string | null;
  status: SyncStatus;
  error: string | null;
  createdAtMs: number;
  updatedAtMs: number;
}

/** One uploaded file and what became of it; `items` is empty until the file was read. */
export interface Sync {
  id: string;
  username: string;
  userId: string;
  accountId: string;
  url: string;
  warehouseId: string;
  customerAccountId: string | null;
  status: SyncStatus;
  error: string | null;
  items: SyncItem[];
  successCount: number;
  errorCount: number;
  createdAtMs: number;
  updatedAtMs: number;
}

/** What the twin knows, apart from tokens, violations and the request limit's windows. Maps are by username. */
export interface ShipheroState {
  settings: ShipheroSettings;
  /** By username, then by {@link shipheroStockKey}. */
  stock: Map<string, Map<string, number>>;
  credits: Map<string, { left: number; atMs: number }>;
  /** Oldest first; the oldest finished ones are forgotten. */
  syncs: Sync[];
  fetches: CsvFetch[];
  logins: Map<string, number>;
  refreshes: Map<string, number>;
  requests: Map<string, number>;
  /** How often each operation was carried out. */
  operations: Map<string, number>;
}

/** How state, log and faults call a line; `%` and `/` of a part are percent-encoded. */
export const shipheroStockKey = (warehouseId: string, sku: string, location: string | null): string =>
  [warehouseId, sku, ...(location === null ? [] : [location])]
    .map((part) => part.replace(/[%/]/g, encodeURIComponent))
    .join('/');

/** The quantities of one account; made when there are none yet. */
export function shipheroStockOf(state: ShipheroState, username: string): Map<string, number> {
  const found = state.stock.get(username) ?? new Map<string, number>();
  state.stock.set(username, found);
  return found;
}

/** Adds one to a count. */
export const countOne = (counts: Map<string, number>, key: string): Map<string, number> =>
  counts.set(key, (counts.get(key) ?? 0) + 1);

export const emptyShipheroState = (): ShipheroState => ({
  settings: {
    accounts: [{ username: 'demo-shiphero', password: 'demo-password' }],
    knownSkus: null,
    knownWarehouses: null,
    quota: { maxAvailable: 4004, incrementRate: 60 },
    mutationCost: 10,
    rateLimit: { requests: 7000, windowMs: 300_000 },
    rowsPerSecond: 200,
    startDelayMs: 0,
    maxLines: 3000,
    maxBytes: 5 * 1024 * 1024,
    fetchTimeoutMs: 30_000,
    nextSyncIds: [],
    repeatItemIds: true,
    actionEcho: 'change',
    statusWords: {},
    rowWords: {},
    endsEarlyAfter: null,
    skuColumn: 'any',
    chargesReturned: false,
    nullData: 'operation',
    refreshRefused: false,
  },
  stock: new Map(),
  credits: new Map(),
  syncs: [],
  fetches: [],
  logins: new Map(),
  refreshes: new Map(),
  requests: new Map(),
  operations: new Map(),
});

/** Sets what the patch names: quantities and credits are merged entry by entry, the rest is replaced. */
export function applyShipheroPatch(state: ShipheroState, patch: ParsedPatch, nowMs: number): void {
  const { stock, creditsRemaining, ...rest } = patch;
  for (const [username, entries] of Object.entries(stock ?? {}))
    for (const [key, quantity] of Object.entries(entries)) shipheroStockOf(state, username).set(key, quantity);
  for (const [username, left] of Object.entries(creditsRemaining ?? {}))
    state.credits.set(username, { left, atMs: nowMs });
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  state.settings = settings.parse({ ...state.settings, ...given });
}

/** What `GET /__twin/state` shows of ShipHero: plain JSON, names of accounts only, no password, no token. */
export interface ShipheroSnapshot extends Omit<ShipheroSettings, 'accounts'> {
  accounts: string[];
  stock: Record<string, Record<string, number>>;
  creditsRemaining: Record<string, number>;
  syncs: Sync[];
  fetches: CsvFetch[];
  logins: Record<string, number>;
  refreshes: Record<string, number>;
  requests: Record<string, number>;
  operations: Record<string, number>;
  liveTokens: number;
  violations: Record<string, number>;
}

/** A copy that later requests do not change. */
export const shipheroSnapshotOf = (
  state: ShipheroState,
): Omit<ShipheroSnapshot, 'creditsRemaining' | 'liveTokens' | 'violations'> => ({
  ...structuredClone(state.settings),
  accounts: state.settings.accounts.map(({ username }) => username),
  stock: Object.fromEntries([...state.stock].map(([username, entries]) => [username, Object.fromEntries(entries)])),
  syncs: structuredClone(state.syncs),
  fetches: structuredClone(state.fetches),
  logins: Object.fromEntries(state.logins),
  refreshes: Object.fromEntries(state.refreshes),
  requests: Object.fromEntries(state.requests),
  operations: Object.fromEntries(state.operations),
});
