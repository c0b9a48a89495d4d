import { z } from 'zod';
import { table } from '../cli/output';
import type { LineVerdict, Seen, TwinEntry } from './demo-effects';

type Row = readonly [channel: string, arrived: string, verdict: string];

const stockBody = z.object({
  inventoryList: z.array(
    z.object({ inventory: z.union([z.number(), z.string()]), productId: z.string(), variantId: z.string() }),
  ),
});
const ajioCancelBody = z.object({
  order_id: z.string(),
  order_lines: z.array(
    z.object({ cancelled_quantity: z.number(), confirmed_quantity: z.number(), order_item_id: z.string() }),
  ),
});
const wmsCancelBody = z.object({
  customerOrderNumber: z.string(),
  items: z.array(z.object({ quantity: z.string(), lineItemSequenceNumber: z.string() })),
});

/** How the twin answered, and whether it changed something for this line. */
const answered = (entry: TwinEntry, key: string): string => {
  const status = entry.status === null ? 'not answered' : `HTTP ${entry.status}`;
  const applied = entry.applied.find((effect) => effect.key === key);
  return applied?.what === 'cancel'
    ? `${status}, cancelled ${applied.quantity ?? ''}`.trimEnd()
    : `${status}, nothing cancelled`;
};

const VERDICT_WORDS: Record<string, string> = { success: 'accepted', error: 'rejected' };

function stockVerdict(
  entry: TwinEntry,
  verdicts: readonly LineVerdict[],
  productId: string,
  variantId: string,
): string {
  const line = verdicts.find(({ listing }) => listing === `${productId}/${variantId}`);
  if (!line) return `HTTP ${entry.status ?? '–'}, no verdict stored`;
  return `${VERDICT_WORDS[line.status] ?? line.status}${line.error === null ? '' : `: ${line.error}`}`;
}

function rowsOf(channel: string, entry: TwinEntry, verdicts: readonly LineVerdict[]): Row[] {
  const stock = stockBody.safeParse(entry.body);
  if (stock.success) {
    return stock.data.inventoryList.map(({ inventory, productId, variantId }) => [
      channel,
      `stock ${productId}/${variantId} = ${inventory}`,
      stockVerdict(entry, verdicts, productId, variantId),
    ]);
  }
  const cancel = ajioCancelBody.safeParse(entry.body);
  if (cancel.success) {
    return cancel.data.order_lines.map((line) => [
      channel,
      `${cancel.data.order_id}: ${line.order_item_id} cancelled ${line.cancelled_quantity}, confirmed ${line.confirmed_quantity}`,
      answered(entry, line.order_item_id),
    ]);
  }
  const wmsCancel = wmsCancelBody.safeParse(entry.body);
  if (wmsCancel.success) {
    return wmsCancel.data.items.map((item) => [
      channel,
      `${wmsCancel.data.customerOrderNumber}: line ${item.lineItemSequenceNumber}, quantity ${item.quantity}`,
      answered(entry, item.lineItemSequenceNumber),
    ]);
  }
  const isLogin = entry.applied.some(({ what }) => what === 'login');
  return [[channel, isLogin ? 'login' : `${entry.method} ${entry.path}`, `HTTP ${entry.status ?? '–'}`]];
}

/** What really arrived at the twins, one row for each line or call, in the order of arrival. */
export function arrivals({ ajio, eshopbox, submission }: Seen): string[] {
  const all = [
    ...ajio.map((entry) => ({ channel: 'ajio', entry })),
    ...eshopbox.map((entry) => ({ channel: 'eshopbox', entry })),
  ].sort((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at));
  const rows = all.flatMap(({ channel, entry }) => rowsOf(channel, entry, submission?.lines ?? []));
  return rows.length === 0 ? ['Nothing arrived at a channel.'] : table(['channel', 'what arrived', 'verdict'], rows);
}
