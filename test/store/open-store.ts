import type { DraftLine, SubmissionDraft } from '../../src/contracts/submission';
import { openDatabase } from '../../src/store/database';
import { storeSubmissions } from '../../src/store/intake';
import { migrate } from '../../src/store/migrate';
import { openStores } from '../../src/store/stores';
import { freshDatabase } from '../servers/servers';
import { PATIENCE_MS } from '../stand/waiting';

export const CREDENTIALS_KEY = Buffer.alloc(32, 7);
export const CONNECTION = 294;
export const T0 = Date.parse('2025-03-01T12:00:00Z');

/** All stores on an empty database of its own. */
export async function openTestStores() {
  const database = await freshDatabase();
  const patience = { connectTimeoutMs: PATIENCE_MS };
  const stores = openStores({ mysqlUrl: database.url, credentialsKey: CREDENTIALS_KEY, ...patience });
  await migrate(stores.db);
  return {
    ...stores,
    mysqlUrl: database.url,
    /** Another program's or process's pool on the same database. */
    openPool: () => openDatabase(database.url, patience),
    store: async (...drafts: SubmissionDraft[]) => storeSubmissions(stores.db, drafts),
    async close() {
      await stores.close();
      await database.drop();
    },
  };
}

export type TestStores = Awaited<ReturnType<typeof openTestStores>>;

export type TestLine = readonly [listing: string, quantity: number, locationId?: string];

/** Lines from `[listing, quantity]`; rows are counted from 1. */
export const linesOf = (...lines: readonly TestLine[]): DraftLine[] =>
  lines.map(([listing, quantity, locationId = 'POB1'], index) => ({ row: index + 1, listing, locationId, quantity }));

let messages = 0;

/** A submission of a connection that shows one location; a message of its own, published at `atMs`. */
export const draft = (lines: readonly DraftLine[], changes: Partial<SubmissionDraft> = {}): SubmissionDraft => {
  messages += 1;
  return {
    connectionId: CONNECTION,
    accountSlug: 'spykar',
    source: 'wms',
    messageId: `m${String(messages).padStart(6, '0')}`,
    publishedAtMs: T0,
    levelLocationId: 'POB1',
    sumLocations: false,
    lines,
    ...changes,
  };
};

/** The only entry of a list. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`one entry was expected, not ${items.length}`);
  return item;
}

export const levelOf = async (stores: TestStores, listing: string, connectionId = CONNECTION) =>
  only(await stores.levels.find(connectionId, listing));

export const submissionLines = async (stores: TestStores, id: string) =>
  stores.submissions.lines(id, { afterRow: 0, limit: 10_000 });
