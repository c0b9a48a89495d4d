import type { Client } from '@temporalio/client';
import { makeNamespaceReady, type NamespaceState } from '../namespace';
import type { Database } from '../store/database';
import { migrate } from '../store/migrate';

/** What a set-up found and did; everything was there when both lists are empty and both schedules are `unchanged`. */
export interface SetupResult extends NamespaceState {
  migrations: string[];
}

/**
 * Makes database and namespace ready for the programs: tables, search attributes that can be searched by, schedules. Does
 * only what is missing, so that it can be repeated at any time and by several at once.
 */
export async function runSetup({ db, client }: { db: Database; client: Client }): Promise<SetupResult> {
  const migrations = await migrate(db);
  return { migrations, ...(await makeNamespaceReady(client, { update: true })) };
}
