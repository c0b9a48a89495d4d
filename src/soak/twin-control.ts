import { z } from 'zod';
import type { Fault } from '../twins/faults';
import { orderItemOf } from './bodies';
import type { TwinCall, TwinName, TwinRecord } from './check/recorded';

const PAGE = 2_000;
const ANSWER_MS = 30_000;

/** The control interface of the four twins. */
export interface TwinControl {
  urls: Readonly<Record<TwinName, string>>;
  setState(twin: TwinName, patch: object): Promise<void>;
  setFaults(twin: TwinName, faults: readonly Fault[]): Promise<void>;
  expireTokens(twin: TwinName): Promise<void>;
  /** Requests that it has answered or is answering. */
  callCount(twin: TwinName): Promise<number>;
  record(twin: TwinName): Promise<TwinRecord>;
}

const applied = z.object({
  what: z.string(),
  account: z.string(),
  key: z.string(),
  order: z.string().optional(),
  quantity: z.number().nullish(),
});
const entry = z.object({
  seq: z.number(),
  at: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number().nullable(),
  body: z.unknown(),
  account: z.string().nullable(),
  applied: z.array(applied),
  effectSeq: z.number().nullable(),
  faults: z.array(z.string()),
  durationMs: z.number().nullable(),
});
const logPage = z.object({ entries: z.array(entry), lastSeq: z.number(), dropped: z.number() });
const state = z.object({
  violations: z.record(z.string(), z.number()),
  stock: z.record(z.string(), z.record(z.string(), z.number())).optional(),
});

/** The bodies that name lines, each with the keys that the twin's log uses for them. */
const named = z.union([
  z
    .object({ inventoryList: z.array(z.object({ productId: z.string(), variantId: z.string() })) })
    .transform(({ inventoryList }) => ({
      keys: inventoryList.map(({ productId, variantId }) => `${productId}/${variantId}`),
      order: null,
    })),
  z
    .object({ order_id: z.string(), order_lines: z.array(z.object({ order_item_id: z.string() })) })
    .transform(({ order_id, order_lines }) => ({
      keys: order_lines.map((line) => line.order_item_id),
      order: order_id,
    })),
  z
    .object({ customerOrderNumber: z.string(), items: z.array(z.object({ lineItemSequenceNumber: z.string() })) })
    .transform(({ customerOrderNumber, items }) => ({
      keys: items.map((item) => item.lineItemSequenceNumber),
      order: customerOrderNumber,
    })),
  z.object({ products: z.array(z.object({ channelSkuCode: z.string() })) }).transform(({ products }) => ({
    keys: products.map(({ channelSkuCode }) => channelSkuCode),
    order: null,
  })),
  z
    .array(z.object({ clientSkuId: z.string() }))
    .transform((lines) => ({ keys: lines.map(({ clientSkuId }) => clientSkuId), order: null })),
]);

const callOf = (twin: TwinName, { body, at, applied: changes, ...rest }: z.output<typeof entry>): TwinCall => {
  const { keys, order } = named.safeParse(body).data ?? { keys: [], order: null };
  return {
    ...rest,
    twin,
    atMs: Date.parse(at),
    applied: changes.map(({ quantity = null, order: of = null, ...change }) => ({ ...change, quantity, order: of })),
    keys,
    order,
  };
};

export function createTwinControl(urls: Readonly<Record<TwinName, string>>): TwinControl {
  const ask = async <T>(
    twin: TwinName,
    path: string,
    answer: z.ZodType<T>,
    init: { method?: string; body?: object } = {},
  ): Promise<T> => {
    const response = await fetch(`${urls[twin]}/__twin/${path}`, {
      method: init.method ?? 'GET',
      ...(init.body === undefined
        ? {}
        : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${twin}: ${path} was answered ${response.status}: ${text}`);
    return answer.parse(JSON.parse(text));
  };
  return {
    urls,
    async setState(twin, body) {
      await ask(twin, 'state', z.unknown(), { method: 'PUT', body });
    },
    async setFaults(twin, faults) {
      await ask(twin, 'faults', z.unknown(), { method: 'PUT', body: { faults } });
    },
    async expireTokens(twin) {
      await ask(twin, 'tokens/expire', z.unknown(), { method: 'POST', body: {} });
    },
    callCount: async (twin) => (await ask(twin, 'log?limit=1', logPage)).lastSeq,
    async record(twin) {
      const calls: TwinCall[] = [];
      let dropped = 0;
      for (let after = 0; ; ) {
        const page = await ask(twin, `log?after=${after}&limit=${PAGE}`, logPage);
        dropped = page.dropped;
        calls.push(...page.entries.map((one) => callOf(twin, one)));
        const last = page.entries.at(-1);
        if (!last || page.entries.length < PAGE) break;
        after = last.seq;
      }
      const { violations, stock = {} } = await ask(twin, 'state', state);
      return { calls, dropped, violations, stock };
    },
  };
}

/** A packed order, as the marketplace's state takes it. */
export const packedOrder = (orderNumber: string, lines: readonly number[], username: string) => ({
  [orderNumber]: {
    username,
    status: 'PACKED',
    lines: Object.fromEntries(lines.map((line) => [orderItemOf(orderNumber, line), { quantity: 1 }])),
  },
});
