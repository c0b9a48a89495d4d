import { increffTraits, increffWriter } from '../increff-protocol';
import { credentialsOf, settingsOf } from '../opening';
import type { Capabilities, Connector } from '../ports';
import { increffOmsClient } from './client';
import { inventoryUpdateOf, stockVerdictsOf } from './mapper';
import { increffOmsSettings } from './settings';

/** Increff’s order management system: takes stock per location and SKU code. */
export const increffOmsConnector: Connector = {
  ...increffTraits,
  channel: 'increff-oms',
  displayName: 'Increff OMS',
  settings: increffOmsSettings,

  open(connection, context): Capabilities {
    const settings = settingsOf(increffOmsSettings, connection);
    const credentials = credentialsOf(increffTraits.credentials, connection);
    const client = increffOmsClient({ connection, credentials, settings, context });
    return {
      inventoryWriter: increffWriter(settings, async (lines, call) => {
        const answer = await client.updateInventory(inventoryUpdateOf(lines, settings), call);
        return stockVerdictsOf(lines, answer, client.stockUpdate);
      }),
    };
  },
};
