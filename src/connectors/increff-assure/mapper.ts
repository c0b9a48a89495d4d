import type { StockLine, Verdict } from '../../contracts/stock';
import type { AnswerContext } from '../http/answers';
import { codeOf, codeVerdictsOf, MAX_SKUS } from '../increff-protocol';
import { checkStockLines } from '../stock-lines';
import type { InventoryAnswer, InventoryUpdate } from './schemas';
import type { IncreffAssureSettings } from './settings';

/** Throws `InvariantBroken`, before anything is sent, for lines that Increff Assure cannot take as one update. */
export function inventoryUpdateOf(lines: readonly StockLine[], settings: IncreffAssureSettings): InventoryUpdate {
  checkStockLines(lines, MAX_SKUS, 'Increff Assure');
  const { clientId, inventoryPoolId, fulfillmentLocationId } = settings;
  return lines.map(({ listing, quantity }) => ({
    clientId,
    clientSkuId: codeOf(listing),
    ...(inventoryPoolId === undefined ? {} : { inventoryPoolId }),
    quantity,
    fulfillmentLocationId,
  }));
}

/** What the answer says of each line. */
export function stockVerdictsOf(
  lines: readonly StockLine[],
  { failureSkus, successSkus }: InventoryAnswer,
  context: AnswerContext,
): Verdict[] {
  const failed = { field: 'failureSkus', codes: failureSkus ?? [] };
  const succeeded = { field: 'successSkus', codes: successSkus ?? [] };
  return codeVerdictsOf(lines, { failed, succeeded }, context);
}
