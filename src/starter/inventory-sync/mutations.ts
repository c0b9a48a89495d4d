import type { GraphQLResolveInfo } from 'graphql';
import { takesStock } from '../../connectors/capabilities';
import type { Connector } from '../../connectors/ports';
import type { Channel } from '../../contracts/channels';
import type { Connection } from '../../contracts/connection';
import type { InventorySyncStore } from '../../store/inventory-syncs';
import type { SubmissionStore } from '../../store/submissions';
import type { SyncProgressStore } from '../../store/sync-progress';
import type { Withdrawal } from '../../store/withdrawal';
import { mayUse } from '../auth';
import { connectionIdOf } from './ids';
import { syncNode } from './nodes';
import { findSync } from './queries';
import { badInput, notFound } from './refusals';
import { metaOf, type RequestScope } from './scope';

const MAX_URL_LENGTH = 2_000;
const MAX_ACCOUNT_ID_LENGTH = 100;

export interface MutationDeps {
  /** Takes addresses that are not encrypted. */
  allowHttp: boolean;
  findConnection(id: number): Promise<Connection | undefined>;
  connectorFor(channel: Channel): Connector;
  files: Pick<InventorySyncStore, 'create' | 'abort'>;
  syncs: Pick<SyncProgressStore, 'find'>;
  submissions: Pick<SubmissionStore, 'finishDone'>;
  withdraw(submissionId: string): Promise<Withdrawal>;
  /** Begins to fetch the file, in the background: what cannot be begun now is found later. */
  startImport(syncId: string): void;
  poke(connectionId: number): void;
}

/** Refuses an address that nobody should fetch; what it leads to is looked at when it is fetched. */
function checkUrl(text: string, allowHttp: boolean): void {
  const no = (message: string) => badInput('url', message);
  if (text.length > MAX_URL_LENGTH) throw no(`url is longer than ${MAX_URL_LENGTH} characters`);
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) throw no('Invalid url');
  const { protocol, username, password } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') throw no('url must begin with https://');
  if (protocol === 'http:' && !allowHttp) throw no('url must begin with https://');
  if (username !== '' || password !== '') throw no('url must not hold credentials');
}

const isFinished = (status: string): boolean => status !== 'pending' && status !== 'processing';

/** The two things that the protocol lets a caller do. */
export function createMutations(deps: MutationDeps) {
  const { files, syncs, submissions, withdraw } = deps;

  /** Takes back what was not sent; says how many rows that were. */
  async function takeBack(submissionId: string, connectionId: number): Promise<number> {
    const { withdrawnRows } = await withdraw(submissionId);
    await submissions.finishDone(connectionId);
    deps.poke(connectionId);
    return withdrawnRows.length;
  }

  return {
    async inventory_sync(
      { data }: { data: { url: string; warehouse_id: string; customer_account_id?: string | null } },
      scope: RequestScope,
      info: GraphQLResolveInfo,
    ) {
      const meta = metaOf(scope, info);
      checkUrl(data.url, deps.allowHttp);
      const customerAccountId = data.customer_account_id ?? null;
      if ((customerAccountId?.length ?? 0) > MAX_ACCOUNT_ID_LENGTH)
        throw badInput('customer_account_id', `customer_account_id is longer than ${MAX_ACCOUNT_ID_LENGTH} characters`);
      const connectionId = connectionIdOf(data.warehouse_id);
      const connection = connectionId === undefined ? undefined : await deps.findConnection(connectionId);
      if (!connection || !mayUse(scope.holder, connection)) throw notFound('warehouse_id', 'Warehouse');
      const connector = deps.connectorFor(connection.channel);
      if (!takesStock(connector)) throw badInput('warehouse_id', `${connector.displayName} takes no stock`);
      const { id } = await files.create({
        connectionId: connection.id,
        accountSlug: connection.accountSlug,
        keyId: scope.holder.keyId,
        url: data.url,
        customerAccountId,
      });
      deps.startImport(id);
      return { ...meta, sync_id: id };
    },

    async inventory_sync_abort(
      { data }: { data: { sync_id: string; reason?: string | null } },
      scope: RequestScope,
      info: GraphQLResolveInfo,
    ) {
      const meta = metaOf(scope, info);
      const find = () => findSync(syncs, data.sync_id, scope.holder, 'sync_id');
      const tooLate = (status: string) => badInput('sync_id', `Sync cannot be aborted, its status is ${status}`);
      const before = await find();
      if (isFinished(before.status)) throw tooLate(before.status);
      // Rows first: an abort that breaks off here can be sent again.
      if (before.submissionId !== null) {
        const withdrawn = await takeBack(before.submissionId, before.connectionId);
        const { status } = await find();
        if (withdrawn === 0 && isFinished(status)) throw tooLate(status);
      }
      if (!(await files.abort(before.id, data.reason ?? null))) throw tooLate((await find()).status);
      const after = await find();
      // Its rows were stored between the two looks.
      if (before.submissionId === null && after.submissionId !== null)
        await takeBack(after.submissionId, after.connectionId);
      return { ...meta, sync: syncNode(await find()) };
    },
  };
}
