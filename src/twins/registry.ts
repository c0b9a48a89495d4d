import { startAjioTwin } from './ajio-twin';
import { startEshopboxTwin } from './eshopbox-twin';
import { startIncreffTwin } from './increff-twin';
import { startShipheroTwin } from './shiphero-twin';
import type { Twin, TwinOptions } from './twin';

/** A twin that `npm run twins` starts. */
export interface TwinEntry {
  name: string;
  /** Where it listens unless `--<name>-port` says otherwise. */
  defaultPort: number;
  start(options: TwinOptions): Promise<Omit<Twin, 'setState'>>;
}

/** Every twin there is; a new channel adds its line. */
export const TWINS: readonly TwinEntry[] = [
  { name: 'ajio', defaultPort: 7101, start: startAjioTwin },
  { name: 'eshopbox', defaultPort: 7102, start: startEshopboxTwin },
  { name: 'increff', defaultPort: 7103, start: startIncreffTwin },
  { name: 'shiphero', defaultPort: 7104, start: startShipheroTwin },
];
