import type { Client } from '@temporalio/client';
import { makeNamespaceReady, type NamespaceState } from '../namespace';
import type { Database } from '../store/database';
import { migrate } from '../store/migrate';
import type { SharedTable } from '../store/shared-table';

/** What a set-up found and did; everything was there when both lists are empty and both schedules are `unchanged`. */
export interface SetupResult extends NamespaceState {
  migrations: string[];
  /** What was there before anything was done. */
  sharedTable: SharedTable;
}

/** What is at the place of the shared table, and what a set-up makes of it. */
export function sharedTableWords({ found, otherColumns }: SharedTable): string {
  const name = 'ie_appinstall_connection';
  const columns = otherColumns.length === 0 ? '' : ` with ${otherColumns.join(', ')}`;
  switch (found) {
    case 'absent':
      return `${name}: not there, is made with id, inputFields, accessToken`;
    case 'present':
      return `${name}: there${columns}, stays as it is`;
    case 'earlier version':
      return `${name}: that of an earlier version${columns}; what is ours is copied to connections once, and the table stays as it is`;
  }
}

/**
 * Makes database and namespace ready for the programs: tables, search attributes that can be searched by, schedules. Does
 * only what is missing, so that it can be repeated at any time and by several at once. `say` hears what was found before tables are made or changed.
 */
export async function runSetup({
  db,
  client,
  say = () => undefined,
}: {
  db: Database;
  client: Client;
  say?: (line: string) => void;
}): Promise<SetupResult> {
  let sharedTable: SharedTable = { found: 'absent', otherColumns: [] };
  const migrations = await migrate(db, {
    onFound: (table, toDo) => {
      sharedTable = table;
      if (table.found === 'absent' || toDo.length > 0) say(sharedTableWords(table));
    },
  });
  return { migrations, sharedTable, ...(await makeNamespaceReady(client, { update: true })) };
}
