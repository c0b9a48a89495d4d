import { z } from 'zod';
import { codeList } from '../increff-protocol';

/** `PUT <inventoryPath>`, request; without `inventoryPoolId` the update is for the common pool. */
export type InventoryUpdate = {
  clientId: number;
  clientSkuId: string;
  inventoryPoolId?: number;
  quantity: number;
  fulfillmentLocationId: number;
}[];

/** `PUT <inventoryPath>`, answer: HTTP 200 also when every SKU failed. */
export const inventoryAnswer = z
  .object({ failureSkus: codeList, successSkus: codeList })
  .refine((answer) => answer.failureSkus || answer.successSkus, 'neither failureSkus nor successSkus');

export type InventoryAnswer = z.output<typeof inventoryAnswer>;
