import { z } from 'zod';

const text = z.string().min(1);
const cancelledLine = z.strictObject({
  quantity: z.number().int().min(1),
  itemID: z.string().default(''),
  orderItemID: z.string().default(''),
  externalChannelID: z.string().default(''),
  cancellationTime: z.string().default(''),
  reason: z.string().default(''),
  remark: z.string().default(''),
  /** How often a request cancelled the line. */
  effectiveCancels: z.number().int().min(0).default(1),
  /** How often a request asked for it, with or without effect. */
  attempts: z.number().int().min(0).default(1),
});
const settings = {
  /** `accept`: 200 and no second effect. */
  repeatedCancel: z.enum(['refuse', 'accept']),
  /** `412`: HTTP 412 with code 412 and message `401:…`, at the login and for a dead token. */
  authFailureAs: z.enum(['401', '412']),
  /** Every cancel is answered 200 with status FAILED. */
  statusFailed: z.boolean(),
};

/** The parts of the twin's state that can be set; every one is optional. */
export const eshopboxPatch = z
  .strictObject({
    accounts: z.array(z.strictObject({ accountSlug: text, clientId: text, clientSecret: text, refreshToken: text })),
    /** By account slug, customerOrderNumber and lineItemSequenceNumber. */
    cancelled: z.record(z.string(), z.record(z.string(), z.record(z.string(), cancelledLine))),
    ...settings,
  })
  .partial();

export type EshopboxPatch = z.input<typeof eshopboxPatch>;
type ParsedPatch = z.output<typeof eshopboxPatch>;
export type CancelledLine = z.output<typeof cancelledLine>;
type Account = NonNullable<ParsedPatch['accounts']>[number];

/** What the twin knows, apart from tokens and violations. */
export interface EshopboxState {
  accounts: readonly Account[];
  /** By account slug, then customerOrderNumber, then lineItemSequenceNumber. */
  cancelled: Map<string, Map<string, Map<string, CancelledLine>>>;
  repeatedCancel: 'refuse' | 'accept';
  authFailureAs: '401' | '412';
  statusFailed: boolean;
  logins: Map<string, number>;
}

/** What `GET /__twin/state` shows of Eshopbox: plain JSON, account slugs only, no secret. */
export interface EshopboxSnapshot {
  accounts: string[];
  cancelled: Record<string, Record<string, Record<string, CancelledLine>>>;
  repeatedCancel: EshopboxState['repeatedCancel'];
  authFailureAs: EshopboxState['authFailureAs'];
  statusFailed: boolean;
  logins: Record<string, number>;
  liveTokens: number;
  violations: Record<string, number>;
}

export const emptyEshopboxState = (): EshopboxState => ({
  accounts: [
    { accountSlug: 'demo', clientId: 'demo-client', clientSecret: 'demo-secret', refreshToken: 'demo-refresh' },
  ],
  cancelled: new Map(),
  repeatedCancel: 'refuse',
  authFailureAs: '401',
  statusFailed: false,
  logins: new Map(),
});

/** The cancelled lines of one order; made when there are none yet. */
export function cancelledLinesOf(state: EshopboxState, accountSlug: string, order: string): Map<string, CancelledLine> {
  const orders = state.cancelled.get(accountSlug) ?? new Map<string, Map<string, CancelledLine>>();
  state.cancelled.set(accountSlug, orders);
  const lines = orders.get(order) ?? new Map<string, CancelledLine>();
  orders.set(order, lines);
  return lines;
}

/** Sets what the patch names: cancelled lines are merged one by one, the rest is replaced. */
export function applyEshopboxPatch(state: EshopboxState, patch: ParsedPatch): void {
  for (const [accountSlug, orders] of Object.entries(patch.cancelled ?? {}))
    for (const [order, lines] of Object.entries(orders))
      for (const [key, line] of Object.entries(lines)) cancelledLinesOf(state, accountSlug, order).set(key, line);
  state.accounts = patch.accounts ?? state.accounts;
  state.repeatedCancel = patch.repeatedCancel ?? state.repeatedCancel;
  state.authFailureAs = patch.authFailureAs ?? state.authFailureAs;
  state.statusFailed = patch.statusFailed ?? state.statusFailed;
}

const cancelledSnapshot = (cancelled: EshopboxState['cancelled']): EshopboxSnapshot['cancelled'] =>
  Object.fromEntries(
    [...cancelled].map(([accountSlug, orders]) => [
      accountSlug,
      Object.fromEntries(
        [...orders].map(([order, lines]) => [
          order,
          Object.fromEntries([...lines].map(([key, line]) => [key, { ...line }])),
        ]),
      ),
    ]),
  );

/** A copy that later requests do not change. */
export const eshopboxSnapshotOf = (state: EshopboxState): Omit<EshopboxSnapshot, 'liveTokens' | 'violations'> => ({
  accounts: state.accounts.map(({ accountSlug }) => accountSlug),
  cancelled: cancelledSnapshot(state.cancelled),
  repeatedCancel: state.repeatedCancel,
  authFailureAs: state.authFailureAs,
  statusFailed: state.statusFailed,
  logins: Object.fromEntries(state.logins),
});
