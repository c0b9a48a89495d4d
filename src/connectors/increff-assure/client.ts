import type { AnswerContext } from '../http/answers';
import { type IncreffClientOptions, increffClient } from '../increff-protocol';
import type { Call } from '../ports';
import { type InventoryAnswer, type InventoryUpdate, inventoryAnswer } from './schemas';
import type { IncreffAssureSettings } from './settings';

/** What Increff Assure offers, in its own words; every method is one request. */
export interface IncreffAssureClient {
  updateInventory(update: InventoryUpdate, call: Call): Promise<InventoryAnswer>;
  /** What the answer to a stock update is an answer to. */
  readonly stockUpdate: AnswerContext;
}

/** Makes the client of one connection; nothing is sent yet. */
export function increffAssureClient(
  options: IncreffClientOptions & { settings: IncreffAssureSettings },
): IncreffAssureClient {
  const { put, stockUpdate } = increffClient('Increff Assure', options);
  return {
    stockUpdate,
    updateInventory: async (update, call) => put(options.settings.inventoryPath, update, inventoryAnswer, call),
  };
}
