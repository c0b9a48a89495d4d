import type { AnswerContext } from '../http/answers';
import { type IncreffClientOptions, increffClient } from '../increff-protocol';
import type { Call } from '../ports';
import { type InventoryAnswer, type InventoryUpdate, inventoryAnswer } from './schemas';

/** What Increff OMS offers, in its own words; every method is one request. */
export interface IncreffOmsClient {
  updateInventory(update: InventoryUpdate, call: Call): Promise<InventoryAnswer>;
  /** What the answer to a stock update is an answer to. */
  readonly stockUpdate: AnswerContext;
}

/** Makes the client of one connection; nothing is sent yet. */
export function increffOmsClient(options: IncreffClientOptions): IncreffOmsClient {
  const { put, stockUpdate } = increffClient('Increff OMS', options);
  return {
    stockUpdate,
    updateInventory: async (update, call) => put('/usp/inventories/absolute', update, inventoryAnswer, call),
  };
}
