import { z } from 'zod';
import { increffSettings } from '../increff-protocol';

/** `settings` of an Increff Assure connection, the common ones included. */
export const increffAssureSettings = increffSettings.extend({
  /** The client's number in Assure. */
  clientId: z.int32().min(1),
  /** The fulfillment location whose stock is set; a connection is one location. */
  fulfillmentLocationId: z.int32().min(1),
  /** The pool whose stock is set; without it the common one. */
  inventoryPoolId: z.int32().min(0).optional(),
  /** The path of stock updates: the one in the source document, which is the OMS's as well; elsewhere `/sellfast/inventories/absolute-update` is seen. */
  inventoryPath: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9_-]+)+$/, 'is not a path like /usp/inventories/absolute')
    .default('/usp/inventories/absolute'),
});

export type IncreffAssureSettings = z.output<typeof increffAssureSettings>;
