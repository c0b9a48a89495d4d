import { z } from 'zod';
import {
  applyEshopboxPatch,
  cancelledLinesOf,
  type EshopboxPatch,
  type EshopboxSnapshot,
  type EshopboxState,
  emptyEshopboxState,
  eshopboxPatch,
  eshopboxSnapshotOf,
} from './eshopbox-state';
import type { Answer } from './send';
import { createTokens } from './tokens';
import { type Exchange, type Route, startTwin, type Twin, type TwinOptions } from './twin';
import { createViolations } from './violations';

/** Everything that the Eshopbox twin can start with: the server's options, and the state that a reset comes back to. */
export interface EshopboxTwinOptions extends TwinOptions, EshopboxPatch {}

/** A stand-in of Eshopbox: its token endpoint and every account's own host. Shapes: see `README.md`. */
export type EshopboxTwin = Twin<EshopboxSnapshot, EshopboxPatch>;

const TOKEN_TTL_MS = 60 * 60_000;

const text = z.string().min(1);
const loginRequest = z.strictObject({
  grant_type: z.literal('refresh_token'),
  client_id: text,
  client_secret: text,
  refresh_token: text,
});

/** `YYYY-MM-DD HH:mm:ss` of a day that exists. */
function isTime(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(value)) return false;
  const parsed = new Date(`${value.replace(' ', 'T')}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 19).replace('T', ' ') === value;
}

const cancelRequest = z.strictObject({
  reason: text,
  externalChannelID: text,
  cancellationTime: z.string().refine(isTime, 'is not a time as YYYY-MM-DD HH:mm:ss'),
  customerOrderNumber: text,
  items: z
    .array(
      z.strictObject({
        itemID: text,
        quantity: z
          .union([z.number().int().min(1), z.string().regex(/^[1-9]\d{0,8}$/)], 'is not a positive whole number')
          .transform(Number),
        orderItemID: text,
        lineItemSequenceNumber: text,
        remark: text,
      }),
    )
    .min(1),
});
type CancelItem = z.output<typeof cancelRequest>['items'][number];

interface Fault {
  field?: string;
  lineItemSequenceNumber?: string;
  message: string;
}
const failure = (status: number, code: string | number, message: string, errors: readonly Fault[] = []): Answer => ({
  status,
  json: { error: { code, message, errors } },
});
const invalid = (error: z.ZodError): Answer =>
  failure(
    400,
    'INVALID_REQUEST',
    'The request is not valid',
    error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  );

const REFUSAL_CODES: Record<number, string> = { 400: 'INVALID_REQUEST', 429: 'TOO_MANY_REQUESTS' };
const refuse = (status: number, message: string): Answer =>
  status === 404 ? { status, text: 'Not Found' } : failure(status, REFUSAL_CODES[status] ?? 'REFUSED', message);

const answerItem = ({ lineItemSequenceNumber, itemID, orderItemID, quantity }: CancelItem) => ({
  lineItemSequenceNumber,
  itemID,
  orderItemID,
  quantity: String(quantity),
  status: 'CANCELLED',
});

const bearerToken = (authorization: string | undefined): string | undefined =>
  /^Bearer (.+)$/.exec(authorization ?? '')?.[1];

/** Starts a stand-in of Eshopbox. Throws a ZodError when the initial state does not fit. */
export async function startEshopboxTwin(options: EshopboxTwinOptions = {}): Promise<EshopboxTwin> {
  const { host, port, seed, tokenTtlMs = TOKEN_TTL_MS, logLimit, pause, now = Date.now, ...rest } = options;
  const initial = eshopboxPatch.parse(rest);
  const tokens = createTokens({ ttlMs: tokenTtlMs, now });
  const violations = createViolations();
  const fresh = (): EshopboxState => {
    const made = emptyEshopboxState();
    applyEshopboxPatch(made, initial);
    return made;
  };
  let state = fresh();

  const unauthorized = (message: string): Answer =>
    state.authFailureAs === '412' ? failure(412, 412, '401:Unauthorized') : { status: 401, json: { message } };

  const generateToken = (exchange: Exchange): Answer => {
    const request = loginRequest.safeParse(exchange.body);
    if (!request.success) {
      violations.count('badBody');
      return invalid(request.error);
    }
    const { client_id, client_secret, refresh_token } = request.data;
    const account = state.accounts.find(
      (one) => one.clientId === client_id && one.clientSecret === client_secret && one.refreshToken === refresh_token,
    );
    if (account === undefined) {
      violations.count('badLogin');
      return unauthorized('Invalid credentials');
    }
    const { accountSlug } = account;
    exchange.authorize(accountSlug);
    state.logins.set(accountSlug, (state.logins.get(accountSlug) ?? 0) + 1);
    exchange.applied({ what: 'login', account: accountSlug, key: accountSlug });
    const json = {
      access_token: tokens.issue(accountSlug),
      expires_in: Math.floor(tokenTtlMs / 1000),
      token_type: 'Bearer',
    };
    return { status: 200, json };
  };

  const cancelOrder = (exchange: Exchange): Answer => {
    const accountSlug = exchange.params.accountSlug ?? '';
    if (!state.accounts.some((one) => one.accountSlug === accountSlug)) {
      violations.count('unknownRoute');
      return refuse(404, 'Not Found');
    }
    const holder = exchange.tokenHolder();
    if (holder === undefined) return unauthorized('Expired token');
    if (holder !== accountSlug) {
      violations.count('foreignToken');
      return failure(403, 'FORBIDDEN', 'The token belongs to another account');
    }
    const request = cancelRequest.safeParse(exchange.body);
    if (!request.success) {
      violations.count('badBody');
      return invalid(request.error);
    }
    const { items, customerOrderNumber, ...rest } = request.data;
    const numbers = items.map((item) => item.lineItemSequenceNumber);
    if (new Set(numbers).size < numbers.length) {
      violations.count('duplicateLine');
      return failure(400, 'INVALID_REQUEST', 'A line stands twice in the request');
    }
    const { faults } = exchange;
    if (faults.failsAll || state.statusFailed)
      return { status: 200, json: { status: 'FAILED', message: 'Order cannot be cancelled' } };
    const rejected = numbers.flatMap((lineItemSequenceNumber) => {
      const message = faults.rejection(lineItemSequenceNumber);
      return message === undefined ? [] : [{ lineItemSequenceNumber, message }];
    });
    if (rejected.length > 0) return failure(400, 'LINES_REJECTED', 'Some lines cannot be cancelled', rejected);

    const lines = cancelledLinesOf(state, accountSlug, customerOrderNumber);
    const repeated = numbers.filter((number) => lines.has(number));
    for (const line of repeated.flatMap((number) => lines.get(number) ?? [])) line.attempts += 1;
    if (repeated.length > 0 && state.repeatedCancel === 'refuse') {
      const errors = repeated.map((number) => ({ lineItemSequenceNumber: number, message: 'Already cancelled' }));
      return failure(400, 'ORDER_ALREADY_CANCELLED', 'Order already cancelled', errors);
    }
    for (const item of items) {
      const { lineItemSequenceNumber: key, ...fields } = item;
      if (lines.has(key)) continue;
      lines.set(key, { ...rest, ...fields, effectiveCancels: 1, attempts: 1 });
      exchange.applied({
        what: 'cancel',
        account: accountSlug,
        order: customerOrderNumber,
        key,
        quantity: item.quantity,
        before: 0,
      });
    }
    const named = items.filter((item) => !faults.omits(item.lineItemSequenceNumber)).map(answerItem);
    const { unknownLine } = faults;
    if (unknownLine !== undefined)
      named.push({
        ...answerItem({ itemID: '', quantity: 1, orderItemID: '', remark: '', lineItemSequenceNumber: unknownLine }),
      });
    return { status: 200, json: { status: 'SUCCESS', result: { customerOrderNumber, items: named } } };
  };

  const routes: Route[] = [
    { method: 'POST', path: '/auth/api/v1/generateToken', handle: generateToken },
    { method: 'POST', path: '/:accountSlug/api/cancel-order', handle: cancelOrder },
  ];
  return startTwin<EshopboxSnapshot, EshopboxPatch>(
    {
      name: 'eshopbox',
      routes,
      tokens,
      violations,
      tokenOf: ({ authorization }) => bearerToken(authorization),
      refuse,
      state: () => ({ ...eshopboxSnapshotOf(state), liveTokens: tokens.liveCount(), violations: violations.counts() }),
      setState: (patch) => applyEshopboxPatch(state, eshopboxPatch.parse(patch)),
      reset() {
        state = fresh();
        violations.clear();
      },
    },
    options,
  );
}
