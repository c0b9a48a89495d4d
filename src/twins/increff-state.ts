import { z } from 'zod';
import type { RequestRate } from './rate-limit';

const text = z.string().min(1);
const isStockKey = (key: string): boolean => /^[^/]+\/(?:[^/]+\/[^/]*\/)?[^/]+$/.test(key) && !/%(?!25|2F)/i.test(key);
const stockKey = z
  .string()
  .refine(isStockKey, 'is neither location/sku nor clientId/location/pool/sku with % and / percent-encoded');
const skuCodes = z.array(text);

/** The paths on which Assure is seen, the first of which is OMS's, too. */
export const ASSURE_PATHS = ['/usp/inventories/absolute', '/sellfast/inventories/absolute-update'] as const;

/** The parts of the twin's state that can be set; every one is optional. */
export const increffPatch = z
  .strictObject({
    /** A client is an account; all its requests share one limit. */
    accounts: z.array(z.strictObject({ authUsername: text, authPassword: text, authDomainName: text.optional() })),
    /** Clients whose good credentials are refused all the same. */
    revokedAccounts: z.array(text),
    stock: z.record(z.string(), z.record(stockKey, z.number().int().min(0))),
    /** Location codes of OMS and fulfilment location ids of Assure, as text; null: every location is known. */
    knownLocations: z.array(text).nullable(),
    /** Null: every SKU is known. */
    knownSkus: skuCodes.nullable(),
    /** Any of these SKUs makes the whole request bad. */
    poison: skuCodes,
    /** The answer leaves out what stands before a code's first digit: `302` for `ITEM302`. */
    respellCodes: z.boolean(),
    /** Which lists the answer leaves out; `empty`: those that name nothing. */
    omittedLists: z.enum(['none', 'empty', 'failure', 'success', 'both']),
    rateLimit: z.strictObject({ requests: z.number().int().min(1), windowMs: z.number().int().min(1) }),
    /** Where Assure takes stock; on OMS's path a bare list is Assure's. Elsewhere it is not found. */
    assurePath: z.enum(['any', ...ASSURE_PATHS]),
  })
  .partial();

export type IncreffPatch = z.input<typeof increffPatch>;
type ParsedPatch = z.output<typeof increffPatch>;
export type IncreffAccount = NonNullable<ParsedPatch['accounts']>[number];

/** What the twin knows, apart from the limit's windows and violations. */
export interface IncreffState {
  accounts: readonly IncreffAccount[];
  revokedAccounts: Set<string>;
  /** By authUsername, then by {@link stockKeyOf}. */
  stock: Map<string, Map<string, number>>;
  knownLocations: Set<string> | null;
  knownSkus: Set<string> | null;
  poison: Set<string>;
  respellCodes: boolean;
  omittedLists: NonNullable<ParsedPatch['omittedLists']>;
  rateLimit: RequestRate;
  assurePath: NonNullable<ParsedPatch['assurePath']>;
  /** Requests that the limit let pass, by authUsername. */
  requests: Map<string, number>;
}

/** What `GET /__twin/state` shows of Increff: plain JSON, names of accounts only, no password. */
export interface IncreffSnapshot {
  accounts: string[];
  revokedAccounts: string[];
  stock: Record<string, Record<string, number>>;
  knownLocations: string[] | null;
  knownSkus: string[] | null;
  poison: string[];
  respellCodes: boolean;
  omittedLists: IncreffState['omittedLists'];
  rateLimit: RequestRate;
  assurePath: IncreffState['assurePath'];
  requests: Record<string, number>;
  violations: Record<string, number>;
}

/**
 * How state, log and faults call a line: location code and SKU for OMS; client id, fulfilment location id, pool id (empty
 * for the common pool) and SKU for Assure. `%` and `/` of a part are percent-encoded.
 */
export const stockKeyOf = (...parts: readonly string[]): string =>
  parts.map((part) => part.replace(/[%/]/g, encodeURIComponent)).join('/');

/** The quantities of one account; made when there are none yet. */
export function stockOf(state: IncreffState, authUsername: string): Map<string, number> {
  const found = state.stock.get(authUsername) ?? new Map<string, number>();
  state.stock.set(authUsername, found);
  return found;
}

export const emptyIncreffState = (): IncreffState => ({
  accounts: [{ authUsername: 'demo-increff', authPassword: 'demo-password' }],
  revokedAccounts: new Set(),
  stock: new Map(),
  knownLocations: null,
  knownSkus: null,
  poison: new Set(),
  respellCodes: false,
  omittedLists: 'none',
  rateLimit: { requests: 200, windowMs: 60_000 },
  assurePath: 'any',
  requests: new Map(),
});

const setOrNull = (list: readonly string[] | null): Set<string> | null => (list === null ? null : new Set(list));

/** Sets what the patch names: quantities are merged entry by entry, the rest is replaced. */
export function applyIncreffPatch(state: IncreffState, patch: ParsedPatch): void {
  for (const [authUsername, entries] of Object.entries(patch.stock ?? {}))
    for (const [key, quantity] of Object.entries(entries)) stockOf(state, authUsername).set(key, quantity);
  state.accounts = patch.accounts ?? state.accounts;
  if (patch.revokedAccounts !== undefined) state.revokedAccounts = new Set(patch.revokedAccounts);
  if (patch.knownLocations !== undefined) state.knownLocations = setOrNull(patch.knownLocations);
  if (patch.knownSkus !== undefined) state.knownSkus = setOrNull(patch.knownSkus);
  if (patch.poison !== undefined) state.poison = new Set(patch.poison);
  state.respellCodes = patch.respellCodes ?? state.respellCodes;
  state.omittedLists = patch.omittedLists ?? state.omittedLists;
  state.rateLimit = patch.rateLimit ?? state.rateLimit;
  state.assurePath = patch.assurePath ?? state.assurePath;
}

/** A copy that later requests do not change. */
export const increffSnapshotOf = (state: IncreffState): Omit<IncreffSnapshot, 'violations'> => ({
  accounts: state.accounts.map(({ authUsername }) => authUsername),
  revokedAccounts: [...state.revokedAccounts],
  stock: Object.fromEntries(
    [...state.stock].map(([authUsername, entries]) => [authUsername, Object.fromEntries(entries)]),
  ),
  knownLocations: state.knownLocations && [...state.knownLocations],
  knownSkus: state.knownSkus && [...state.knownSkus],
  poison: [...state.poison],
  respellCodes: state.respellCodes,
  omittedLists: state.omittedLists,
  rateLimit: { ...state.rateLimit },
  assurePath: state.assurePath,
  requests: Object.fromEntries(state.requests),
});
