import { z } from 'zod';
import { lenientInteger, lenientText, quantity } from '../contracts/events';
import { faultText } from '../intake/fault-text';
import type { Problem } from './problems';

/** Increff's own ceiling of one request. */
export const MAX_SKUS = 300;

/** One thing of a request, as both of Increff's bodies say it. */
export interface IncreffLine {
  /** `channelSkuCode` or `clientSkuId`. */
  code: string;
  locationId: string;
  /** As it came: what is no quantity fails this line and no other. */
  quantity: unknown;
  /** Assure's pool, '' for the common one. */
  pool: string;
}

const tooMany = `has more than ${MAX_SKUS} SKUs`;
const number = z.union([z.number(), z.string()]);

/** `PUT /usp/inventories/absolute`. The table of the document spells the code another way than its JSON: both are taken. */
export const omsRequest = z.object({
  locationCode: lenientText,
  products: z
    .array(
      z
        .object({ channelSkuCode: lenientText.optional(), channelskuCode: lenientText.optional(), quantity: number })
        .transform(({ channelSkuCode, channelskuCode, quantity: count }, context) => {
          const code = channelSkuCode ?? channelskuCode;
          if (code === undefined) {
            context.addIssue({ code: 'custom', path: ['channelSkuCode'], message: 'is required' });
            return z.NEVER;
          }
          if (channelskuCode !== undefined && channelskuCode !== code) {
            context.addIssue({
              code: 'custom',
              path: ['channelskuCode'],
              message: 'is another code than channelSkuCode',
            });
            return z.NEVER;
          }
          return { code, quantity: count };
        }),
    )
    .min(1, 'has no SKU')
    .max(MAX_SKUS, tooMany),
});

/** `PUT /sellfast/inventories/absolute-update`: a bare array. */
export const assureRequest = z
  .array(
    z.object({
      clientId: lenientInteger,
      clientSkuId: lenientText,
      inventoryPoolId: lenientInteger.nullish(),
      quantity: number,
      fulfillmentLocationId: lenientInteger,
    }),
  )
  .min(1, 'has no SKU')
  .max(MAX_SKUS, tooMany);

export const omsLines = ({ locationCode, products }: z.output<typeof omsRequest>): IncreffLine[] =>
  products.map((product) => ({ ...product, locationId: locationCode, pool: '' }));

export const assureLines = (request: z.output<typeof assureRequest>): IncreffLine[] =>
  request.map((line) => ({
    code: line.clientSkuId,
    locationId: String(line.fulfillmentLocationId),
    quantity: line.quantity,
    pool: line.inventoryPoolId ? String(line.inventoryPoolId) : '',
  }));

/** What is wrong with a line by itself: its quantity, or that the request holds its SKU for another pool as well. */
export function faultOf(line: IncreffLine, request: readonly IncreffLine[]): string | undefined {
  const parsed = quantity.safeParse(line.quantity);
  const [issue] = parsed.error?.issues ?? [];
  if (issue) return `quantity: ${faultText(issue)}`;
  const hasOtherPool = request.some((other) => other.code === line.code && other.pool !== line.pool);
  return hasOtherPool
    ? 'inventoryPoolId: the SKU stands in several pools, and the connection shows one number'
    : undefined;
}

export const quantityOf = (line: IncreffLine): number => quantity.parse(line.quantity);

/** How a code ended: by its last line, since the last of several wins. */
export type CodeFate = 'success' | 'failure' | 'undecided';

/** The fate of every code of the request, in the order of first mention. */
export function fatesOf(request: readonly IncreffLine[], fateOfRow: (row: number) => CodeFate): Map<string, CodeFate> {
  const fates = new Map<string, CodeFate>();
  request.forEach((line, index) => {
    fates.set(line.code, fateOfRow(index + 1));
  });
  return fates;
}

const PREFERENCE = /(?:^|,)\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[;,]|$)/i;

/** Seconds of `Prefer: wait=<seconds>` (RFC 7240), at most `capSeconds`; undefined when nothing usable is preferred. */
export function preferredWaitSeconds(header: string | string[] | undefined, capSeconds: number): number | undefined {
  const found = PREFERENCE.exec(Array.isArray(header) ? header.join(',') : (header ?? ''))?.[1];
  return found === undefined ? undefined : Math.min(Number(found), capSeconds);
}

/** The body of Increff's errors. */
export const increffError = z.object({ code: z.string(), message: z.string(), description: z.string() });

/** The refusals of a route, for its OpenAPI document. */
export const increffRefusals = {
  400: increffError,
  401: increffError,
  413: increffError,
  415: increffError,
  429: increffError,
  503: increffError,
};

const CODES: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 429: 'TOO_MANY_REQUESTS', 503: 'UNAVAILABLE' };

/** A refusal as Increff says it: everything that is wrong with a request is `BAD_DATA` and 400. */
export function increffErrorOf(problem: Problem): { status: number; body: z.output<typeof increffError> } {
  const faults = problem.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const description = faults.length > 0 ? faults.join('; ') : problem.detail;
  const isBadData = [400, 413, 415, 422].includes(problem.status);
  const code = isBadData ? 'BAD_DATA' : (CODES[problem.status] ?? 'UNKNOWN_ERROR');
  return {
    status: problem.status === 422 ? 400 : problem.status,
    body: { code, message: problem.detail, description },
  };
}
