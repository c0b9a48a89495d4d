import { createConnectionCache } from './connection-cache';
import { createConnectionStore } from './connections';
import { type Database, openDatabase } from './database';
import { createGateStore } from './gates';
import { createGatewayKeyStore } from './gateway-keys';
import { createOrderStore } from './orders';
import { createParkedEventStore } from './parked-events';
import { createPushStore } from './pushes';
import { createSecretBox } from './secret-box';
import { createStockLevelStore } from './stock-levels';
import { createSubmissionStore } from './submissions';

export interface StoreOptions {
  mysqlUrl: string;
  credentialsKey: Buffer | undefined;
  /** Open connections to MySQL at most. */
  connectionLimit?: number;
}

/** Every repository over one pool; connects when the first statement runs. */
export function openStores({ mysqlUrl, credentialsKey, connectionLimit = 10 }: StoreOptions) {
  const db: Database = openDatabase(mysqlUrl, { connectionLimit });
  // Token refreshes hold a row while they speak to a channel; on a pool of their own they hold up nothing else.
  const refreshDb: Database = openDatabase(mysqlUrl, { connectionLimit: 4 });
  const box = createSecretBox(credentialsKey);
  const connections = createConnectionStore(db, box);
  return {
    db,
    connections: { ...connections, replaceToken: createConnectionStore(refreshDb, box).replaceToken },
    cache: createConnectionCache(connections),
    keys: createGatewayKeyStore(db),
    gates: createGateStore(db),
    levels: createStockLevelStore(db),
    pushes: createPushStore(db),
    submissions: createSubmissionStore(db),
    orders: createOrderStore(db),
    parked: createParkedEventStore(db),
    async close(): Promise<void> {
      await Promise.all([db.close(), refreshDb.close()]);
    },
  };
}

export type Stores = ReturnType<typeof openStores>;
