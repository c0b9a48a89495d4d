import { z } from 'zod';

const ORDER_STATUSES = ['CONFIRMED', 'READY_TO_DISPATCH', 'PACKED', 'DISPATCHED', 'DELIVERED', 'CANCELLED'] as const;
const orderStatus = z.enum(ORDER_STATUSES);
const count = z.number().int().min(0);
const isProductKey = (key: string): boolean => /^[^/]+\/[^/]+$/.test(key) && !/%(?!25|2F)/i.test(key);
const productKeys = z.string().refine(isProductKey, 'is not productId/variantId with % and / percent-encoded');
const quantities = z.record(z.string(), z.record(productKeys, count));

const line = z.strictObject({
  quantity: z.number().int().min(1),
  cancelled: count.default(0),
  /** What the buyer cancelled; the line's status does not show it. */
  customerCancelled: count.default(0),
  confirmed: count.default(0),
  /** Where the line differs from its order. */
  status: orderStatus.optional(),
  /** How often a request reduced the open quantity. */
  effectiveCancels: count.default(0),
  /** How often a request asked to cancel, with or without effect. */
  attempts: count.default(0),
});
const order = z.strictObject({
  /** Whose order it is; null: anybody's. */
  username: z.string().nullable().default(null),
  status: orderStatus.default('CONFIRMED'),
  lines: z.record(z.string(), line),
});

/** The parts of the twin's state that can be set; every one is optional. */
export const ajioPatch = z
  .strictObject({
    accounts: z.array(z.strictObject({ username: z.string().min(1), password: z.string().min(1) })),
    stock: quantities,
    blocked: quantities,
    orders: z.record(z.string(), order),
    /** Keys `productId/variantId`; null: every product is known. */
    knownProducts: z.array(productKeys).nullable(),
    acceptUnknownOrders: z.boolean(),
    partialStatus: z.enum(['SUCCESS', 'PARTIAL_SUCCESS']),
    /** Lines at fault make a stock update a 400 that names them, with nothing applied. */
    refusesWhole: z.boolean(),
    /** A stock update that holds one of these keys is a 400 that names nobody. */
    poison: z.array(productKeys),
    /** The header that carries the token. */
    tokenHeader: z.string().min(1).toLowerCase(),
  })
  .partial();

export type AjioPatch = z.input<typeof ajioPatch>;
type ParsedPatch = z.output<typeof ajioPatch>;
export type AjioLine = z.output<typeof line>;

export interface AjioOrder {
  username: string | null;
  status: (typeof ORDER_STATUSES)[number];
  lines: Map<string, AjioLine>;
  /** Born of a request that named it, so that a later one may name further lines. */
  growing: boolean;
}

/** What the twin knows, apart from tokens and violations. Quantities by username, then by `productId/variantId`. */
export interface AjioState {
  accounts: Map<string, string>;
  stock: Map<string, Map<string, number>>;
  blocked: Map<string, Map<string, number>>;
  orders: Map<string, AjioOrder>;
  knownProducts: Set<string> | null;
  acceptUnknownOrders: boolean;
  partialStatus: 'SUCCESS' | 'PARTIAL_SUCCESS';
  refusesWhole: boolean;
  poison: Set<string>;
  tokenHeader: string;
  logins: Map<string, number>;
}

const escapePart = (part: string): string => part.replace(/[%/]/g, encodeURIComponent);

/** How the state and the faults call a listing; `%` and `/` of an id are percent-encoded. */
export const productKey = (productId: string, variantId: string): string =>
  `${escapePart(productId)}/${escapePart(variantId)}`;

/** The inverse of {@link productKey}. */
export function productOf(key: string): { productId: string; variantId: string } {
  const [productId = '', variantId = ''] = key.split('/').map(decodeURIComponent);
  return { productId, variantId };
}

/** The quantities of one account; made when there are none yet. */
export function quantitiesOf(all: Map<string, Map<string, number>>, username: string): Map<string, number> {
  const found = all.get(username) ?? new Map<string, number>();
  all.set(username, found);
  return found;
}

/** The status a buyer would see: a line that is cancelled in full says so, whatever its order says. */
export const lineStatus = (order: AjioOrder, line: AjioLine): AjioOrder['status'] =>
  line.cancelled >= line.quantity ? 'CANCELLED' : (line.status ?? order.status);

/** CANCELLED once nothing of the order is open. */
export const orderStatusOf = (order: AjioOrder): AjioOrder['status'] =>
  order.lines.size > 0 && [...order.lines.values()].every((line) => lineStatus(order, line) === 'CANCELLED')
    ? 'CANCELLED'
    : order.status;

export const emptyAjioState = (): AjioState => ({
  accounts: new Map([['demo-seller', 'demo-password']]),
  stock: new Map(),
  blocked: new Map(),
  orders: new Map(),
  knownProducts: null,
  acceptUnknownOrders: true,
  partialStatus: 'SUCCESS',
  refusesWhole: false,
  poison: new Set(),
  tokenHeader: 'apikey',
  logins: new Map(),
});

/** Sets what the patch names: quantities and orders are merged entry by entry, the rest is replaced. */
export function applyAjioPatch(state: AjioState, patch: ParsedPatch): void {
  for (const part of ['stock', 'blocked'] as const)
    for (const [username, entries] of Object.entries(patch[part] ?? {}))
      for (const [key, quantity] of Object.entries(entries)) quantitiesOf(state[part], username).set(key, quantity);
  for (const [orderId, { lines, ...rest }] of Object.entries(patch.orders ?? {}))
    state.orders.set(orderId, { ...rest, lines: new Map(Object.entries(lines)), growing: false });
  if (patch.accounts !== undefined) state.accounts = new Map(patch.accounts.map((one) => [one.username, one.password]));
  if (patch.knownProducts !== undefined)
    state.knownProducts = patch.knownProducts === null ? null : new Set(patch.knownProducts);
  state.acceptUnknownOrders = patch.acceptUnknownOrders ?? state.acceptUnknownOrders;
  state.partialStatus = patch.partialStatus ?? state.partialStatus;
  state.refusesWhole = patch.refusesWhole ?? state.refusesWhole;
  state.tokenHeader = patch.tokenHeader ?? state.tokenHeader;
  if (patch.poison !== undefined) state.poison = new Set(patch.poison);
}

/** What `GET /__twin/state` shows of Ajio: plain JSON, no password, no token. */
export interface AjioSnapshot {
  accounts: string[];
  stock: Record<string, Record<string, number>>;
  blocked: Record<string, Record<string, number>>;
  orders: Record<string, { username: string | null; status: AjioOrder['status']; lines: Record<string, AjioLine> }>;
  knownProducts: string[] | null;
  acceptUnknownOrders: boolean;
  partialStatus: AjioState['partialStatus'];
  refusesWhole: boolean;
  poison: string[];
  tokenHeader: string;
  logins: Record<string, number>;
  liveTokens: number;
  violations: Record<string, number>;
}

const nested = (all: Map<string, Map<string, number>>): Record<string, Record<string, number>> =>
  Object.fromEntries([...all].map(([username, entries]) => [username, Object.fromEntries(entries)]));

/** A copy that later requests do not change. */
export const snapshotOf = (state: AjioState): Omit<AjioSnapshot, 'liveTokens' | 'violations'> => ({
  accounts: [...state.accounts.keys()],
  stock: nested(state.stock),
  blocked: nested(state.blocked),
  orders: Object.fromEntries(
    [...state.orders].map(([orderId, order]) => [
      orderId,
      {
        username: order.username,
        status: orderStatusOf(order),
        lines: Object.fromEntries([...order.lines].map(([id, line]) => [id, { ...line }])),
      },
    ]),
  ),
  knownProducts: state.knownProducts === null ? null : [...state.knownProducts],
  acceptUnknownOrders: state.acceptUnknownOrders,
  partialStatus: state.partialStatus,
  refusesWhole: state.refusesWhole,
  poison: [...state.poison],
  tokenHeader: state.tokenHeader,
  logins: Object.fromEntries(state.logins),
});
