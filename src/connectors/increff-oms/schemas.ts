import { z } from 'zod';
import { codeList } from '../increff-protocol';

/** `PUT /usp/inventories/absolute`, request: the source document's table writes `channelskuCode`, its JSON as here. */
export interface InventoryUpdate {
  locationCode: string;
  products: { quantity: number; channelSkuCode: string }[];
}

/** `PUT /usp/inventories/absolute`, answer: HTTP 200 also when every SKU failed. */
export const inventoryAnswer = z
  .object({ failureProducts: codeList, successProducts: codeList })
  .refine((answer) => answer.failureProducts || answer.successProducts, 'neither failureProducts nor successProducts');

export type InventoryAnswer = z.output<typeof inventoryAnswer>;
