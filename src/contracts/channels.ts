/** Every kind of external system that has a connector. A new channel adds its name here and its connector to the registry. */
export const CHANNELS = ['ajio', 'eshopbox', 'increff-oms', 'increff-assure', 'shiphero'] as const;

export type Channel = (typeof CHANNELS)[number];

/** A marketplace or warehouse system receives our stock; a WMS is where the truth about an order comes from. */
export type ChannelRole = 'sales' | 'wms';

export const isChannel = (value: string): value is Channel => (CHANNELS as readonly string[]).includes(value);
