import { increffTraits, increffWriter } from '../increff-protocol';
import { credentialsOf, settingsOf } from '../opening';
import type { Capabilities, Connector } from '../ports';
import { increffAssureClient } from './client';
import { inventoryUpdateOf, stockVerdictsOf } from './mapper';
import { increffAssureSettings } from './settings';

/** Increff’s warehouse system Assure: takes stock per client, fulfillment location and SKU code. */
export const increffAssureConnector: Connector = {
  ...increffTraits,
  channel: 'increff-assure',
  displayName: 'Increff Assure',
  settings: increffAssureSettings,

  open(connection, context): Capabilities {
    const settings = settingsOf(increffAssureSettings, connection);
    const credentials = credentialsOf(increffTraits.credentials, connection);
    const client = increffAssureClient({ connection, credentials, settings, context });
    return {
      inventoryWriter: increffWriter(settings, async (lines, call) => {
        const answer = await client.updateInventory(inventoryUpdateOf(lines, settings), call);
        return stockVerdictsOf(lines, answer, client.stockUpdate);
      }),
    };
  },
};
