import type { Channel } from '../contracts/channels';
import { ajioConnector } from './ajio';
import { eshopboxConnector } from './eshopbox';
import { increffAssureConnector } from './increff-assure';
import { increffOmsConnector } from './increff-oms';
import type { Connector } from './ports';
import { shipheroConnector } from './shiphero';

const CONNECTORS: Readonly<Record<Channel, Connector>> = {
  ajio: ajioConnector,
  eshopbox: eshopboxConnector,
  'increff-oms': increffOmsConnector,
  'increff-assure': increffAssureConnector,
  shiphero: shipheroConnector,
};

/** The connector of a channel; there is one for every name in `CHANNELS`. */
export const connectorFor = (channel: Channel): Connector => CONNECTORS[channel];

/** Every connector, for what must know them all: configuration, checks, lists. */
export const allConnectors = (): readonly Connector[] => Object.values(CONNECTORS);
