import { createConnectionCache } from './connection-cache';
import { createConnectionStore } from './connections';
import { createCreditStore } from './credits';
import { type Database, type DatabaseOptions, openDatabase } from './database';
import { createEventClockStore } from './event-clocks';
import { createGateStore } from './gates';
import { createGatewayKeyStore } from './gateway-keys';
import { createInventorySyncStore } from './inventory-syncs';
import { createOrderStore } from './orders';
import { createParkedEventStore } from './parked-events';
import { createPushJobStore } from './push-jobs';
import { createPushStore } from './pushes';
import { createSealStore } from './seals';
import { createSecretBox } from './secret-box';
import { createStockLevelStore } from './stock-levels';
import { createSubmissionStore } from './submissions';
import { createSyncItemStore } from './sync-items';
import { createSyncProgressStore } from './sync-progress';
import { createWorkingTokenStore } from './working-tokens';

export interface StoreOptions extends DatabaseOptions {
  mysqlUrl: string;
  credentialsKey: Buffer | undefined;
  /** Keys that open what is there, and seal nothing. */
  credentialsReadKeys?: readonly Buffer[];
  /** Other programs read what we write into the table of connections that we share. @default false */
  sharedConnections?: boolean;
}

/** Longer than MySQL lets a statement wait for a row, which a login of another process may hold. */
const REFRESH_TIMEOUT_MS = 60_000;

/** Every repository over one pool; connects when the first statement runs. */
export function openStores({
  mysqlUrl,
  credentialsKey,
  credentialsReadKeys,
  sharedConnections,
  ...options
}: StoreOptions) {
  const db: Database = openDatabase(mysqlUrl, options);
  // Token refreshes hold a row while they speak to a channel; on a pool of their own they hold up nothing else.
  const refreshDb: Database = openDatabase(mysqlUrl, {
    ...options,
    connectionLimit: 4,
    statementTimeoutMs: REFRESH_TIMEOUT_MS,
  });
  const box = createSecretBox({ current: credentialsKey, others: credentialsReadKeys });
  const connections = createConnectionStore(db, box, { sharedConnections });
  return {
    db,
    connections: {
      ...connections,
      replaceToken: createConnectionStore(refreshDb, box, { sharedConnections }).replaceToken,
    },
    cache: createConnectionCache(connections),
    workingTokens: createWorkingTokenStore(db),
    seals: createSealStore(db, box),
    keys: createGatewayKeyStore(db),
    gates: createGateStore(db),
    levels: createStockLevelStore(db),
    pushes: createPushStore(db),
    jobs: createPushJobStore(db),
    credits: createCreditStore(db),
    submissions: createSubmissionStore(db),
    inventorySyncs: createInventorySyncStore(db),
    syncProgress: createSyncProgressStore(db),
    syncItems: createSyncItemStore(db),
    orders: createOrderStore(db),
    parked: createParkedEventStore(db),
    eventClocks: createEventClockStore(db),
    async close(): Promise<void> {
      await Promise.all([db.close(), refreshDb.close()]);
    },
  };
}

export type Stores = ReturnType<typeof openStores>;
