import { MAX_QUANTITY, type StockLine } from '../contracts/stock';
import { ConnectorError } from './errors';

/**
 * Throws `InvariantBroken`, before anything is sent, for lines that cannot go out as one update: more than the channel
 * takes, a listing twice, a quantity that is no whole number from 0 to {@link MAX_QUANTITY}.
 */
export function checkStockLines(lines: readonly StockLine[], maxLines: number, displayName: string): void {
  if (lines.length > maxLines) {
    throw new ConnectorError('InvariantBroken', `${lines.length} lines in one call, ${displayName} takes ${maxLines}`);
  }
  if (new Set(lines.map(({ listing }) => listing)).size !== lines.length) {
    throw new ConnectorError('InvariantBroken', 'the same listing stands twice in one call');
  }
  for (const { quantity } of lines) {
    if (!Number.isInteger(quantity) || quantity < 0 || quantity > MAX_QUANTITY) {
      throw new ConnectorError('InvariantBroken', 'a quantity must be a whole number that the channel takes');
    }
  }
}
