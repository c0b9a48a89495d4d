import type { StockLine, Verdict } from '../../contracts/stock';
import type { AnswerContext } from '../http/answers';
import { codeOf, codeVerdictsOf, MAX_SKUS } from '../increff-protocol';
import { checkStockLines } from '../stock-lines';
import type { InventoryAnswer, InventoryUpdate } from './schemas';
import type { IncreffOmsSettings } from './settings';

/** Throws `InvariantBroken`, before anything is sent, for lines that Increff OMS cannot take as one update. */
export function inventoryUpdateOf(lines: readonly StockLine[], settings: IncreffOmsSettings): InventoryUpdate {
  checkStockLines(lines, MAX_SKUS, 'Increff OMS');
  return {
    locationCode: settings.locationCode,
    products: lines.map(({ listing, quantity }) => ({ quantity, channelSkuCode: codeOf(listing) })),
  };
}

/** What the answer says of each line. */
export function stockVerdictsOf(
  lines: readonly StockLine[],
  { failureProducts, successProducts }: InventoryAnswer,
  context: AnswerContext,
): Verdict[] {
  const failed = { field: 'failureProducts', codes: failureProducts ?? [] };
  const succeeded = { field: 'successProducts', codes: successProducts ?? [] };
  return codeVerdictsOf(lines, { failed, succeeded }, context);
}
