import { listingOf, listingParts } from '../../contracts/ids';
import type { ObservedStock, StockLine, Verdict } from '../../contracts/stock';
import { ConnectorError } from '../errors';
import { type AnswerContext, contractViolation, refusal } from '../http/answers';
import { cleanWords } from '../http/words';
import { checkStockLines } from '../stock-lines';
import type { InventoryAnswer, InventoryUpdate, ProductsAnswer } from './schemas';
import { type AjioSettings, MAX_STOCK_LINES } from './settings';

/** Only HTTP 200 answers reach a mapper's verdicts. */
const OK = 200;

/** Our listing as Ajio's two identifiers. Throws `InvariantBroken` for a listing that this connector did not make. */
export function productOf(listing: string): { productId: string; variantId: string } {
  const [productId, variantId, ...rest] = listingParts(listing);
  if (!productId || !variantId || rest.length > 0) {
    throw new ConnectorError('InvariantBroken', 'a listing of Ajio is productId/variantId');
  }
  return { productId, variantId };
}

/** Throws `InvariantBroken`, before anything is sent, for lines that Ajio cannot take as one update. */
export function inventoryUpdateOf(lines: readonly StockLine[], settings: AjioSettings): InventoryUpdate {
  checkStockLines(lines, MAX_STOCK_LINES, 'Ajio');
  return {
    inventoryList: lines.map(({ listing, quantity }) => ({
      inventory: settings.quantityAsString ? String(quantity) : quantity,
      ...productOf(listing),
    })),
  };
}

/** The messages of the lines that an answer finds fault with, by listing. */
function rejectionsOf(
  lines: readonly StockLine[],
  { failedProductList, refusedWith = OK }: Pick<InventoryAnswer, 'failedProductList' | 'refusedWith'>,
  context: AnswerContext,
): Map<string, string> {
  const sent = new Set(lines.map(({ listing }) => listing));
  const rejections = new Map<string, string>();
  for (const { productId, variantId, message } of failedProductList) {
    const listing = listingOf(productId, variantId);
    if (!sent.has(listing)) throw contractViolation('the answer names a line that was not sent', refusedWith, context);
    rejections.set(listing, cleanWords(message ?? '', context.secrets) || 'rejected without a reason');
  }
  return rejections;
}

/**
 * What the answer says of each line. A FAILED that names lines says nothing of the others; a 4xx that names lines applied none of the
 * others, and only for the sake of those.
 */
export function stockVerdictsOf(
  lines: readonly StockLine[],
  answer: InventoryAnswer,
  context: AnswerContext,
): Verdict[] {
  const rejections = rejectionsOf(lines, answer, context);
  const { refusedWith } = answer;
  if (refusedWith === undefined && answer.status === 'FAILED' && rejections.size === 0) {
    throw refusal('ChannelRejected', OK, 'Ajio said FAILED without naming a line', context);
  }
  return lines.map(({ listing }): Verdict => {
    const message = rejections.get(listing);
    if (message !== undefined) return { listing, verdict: 'rejected', message };
    if (refusedWith !== undefined) {
      return { listing, verdict: 'unsent', message: `Ajio answered ${refusedWith} because of other lines` };
    }
    const { status } = answer;
    if (status === 'SUCCESS' || (status === 'PARTIAL_SUCCESS' && rejections.size > 0)) {
      return { listing, verdict: 'accepted' };
    }
    return { listing, verdict: 'unknown', message: `Ajio said ${status} and did not name this line` };
  });
}

/** What Ajio shows for each listing; null for one that it does not list. */
export function observedStockOf(listings: readonly string[], products: ProductsAnswer): ObservedStock[] {
  const shown = new Map(
    products.flatMap(({ productId, variants }) =>
      variants.map(({ variantId, inventory }) => [listingOf(productId, variantId), inventory] as const),
    ),
  );
  return listings.map((listing) => ({ listing, quantity: shown.get(listing) ?? null }));
}
