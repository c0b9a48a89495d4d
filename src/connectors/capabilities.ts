import type { Connector } from './ports';

/** Whether the channel takes stock, at once or as a job. */
export const takesStock = ({ capabilities }: Pick<Connector, 'capabilities'>): boolean =>
  capabilities.includes('inventoryWriter') || capabilities.includes('jobInventoryWriter');
