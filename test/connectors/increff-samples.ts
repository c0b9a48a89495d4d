import { listingOf } from '../../src/contracts/ids';
import type { StockLine } from '../../src/contracts/stock';

/** The account of a freshly started twin. */
export const INCREFF_ACCOUNT = { authUsername: 'demo-increff', authPassword: 'demo-password' };
export const THEIR_ACCOUNT = { authUsername: 'their-increff', authPassword: 'no-password-of-theirs' };

/** Lines with codes that need an escape in a listing, a line's quantity being its index. */
export const increffLines = (count: number): StockLine[] =>
  Array.from({ length: count }, (_, index) => ({ listing: listingOf(`SKU/${index}`), quantity: index }));

/** What the twin calls a code. */
export const twinCodeOf = ({ quantity }: StockLine): string => `SKU%2F${quantity}`;
