import { cancellationSignal } from '@temporalio/activity';
import { takesStock } from '../connectors/capabilities';
import { ConnectorError } from '../connectors/errors';
import type { FileDownload } from '../connectors/http/file-download';
import type { Connector } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import { TREATMENT } from '../contracts/failures';
import type { CsvImportResult, InventorySync } from '../contracts/inventory-sync';
import type { IntakeResult, SubmissionDraft } from '../contracts/submission';
import { csvDraft, sumsLocations } from '../intake/csv-draft';
import { FileFault } from '../intake/file-fault';
import { readStockCsv } from '../intake/stock-csv';
import type { ConnectionStore } from '../store/connections';
import type { InventorySyncStore } from '../store/inventory-syncs';
import type { SubmissionStore } from '../store/submissions';
import { importResult } from './import-records';

export interface CsvImportDeps {
  inventorySyncs: Pick<InventorySyncStore, 'find' | 'recordStored' | 'recordRefused'>;
  connections: Pick<ConnectionStore, 'find'>;
  connectorFor(channel: Channel): Connector;
  download: FileDownload;
  store(draft: SubmissionDraft): Promise<IntakeResult>;
  submissions: Pick<SubmissionStore, 'finishDone'>;
  withdraw(submissionId: string): Promise<unknown>;
  countRows(submissionId: string): Promise<{ rows: number; badRows: number }>;
}

/** Why a file is refused for good, in words for whoever named it; undefined when it is worth another try, or our own fault. */
function refusalOf(error: unknown): string | undefined {
  // Without the file's own words: what stands at an address need not be the caller's.
  if (error instanceof FileFault) return error.unquoted;
  return error instanceof ConnectorError && !TREATMENT[error.type].retried ? error.message : undefined;
}

/** A fault that makes the connection take no file. */
const refused = (message: string): ConnectorError => new ConnectorError('InputInvalid', message);

export const createCsvImportActivities = (deps: CsvImportDeps) => {
  /** Whose stock the file tells. */
  async function targetOf(sync: InventorySync) {
    const connection: Connection | undefined = await deps.connections.find(sync.connectionId);
    if (connection?.accountSlug !== sync.accountSlug) throw refused(`there is no connection ${sync.connectionId}`);
    const connector = deps.connectorFor(connection.channel);
    if (!takesStock(connector)) throw refused(`${connector.displayName} takes no stock`);
    const settings = connector.settings.safeParse(connection.settings);
    if (!settings.success) throw refused(`the settings of connection ${connection.id} cannot be used`);
    return { connection, connector, sumLocations: sumsLocations(connection, settings.data) };
  }

  async function read(sync: InventorySync): Promise<SubmissionDraft> {
    const target = await targetOf(sync);
    const csv = await deps.download({ url: sync.url, signal: cancellationSignal() }, (bytes) =>
      readStockCsv(bytes, target),
    );
    // True as of when the caller asked, and one message however often it is read: a repeated attempt finds its submission.
    return csvDraft(csv, target, { messageId: sync.id, publishedAtMs: sync.createdAtMs });
  }

  const resultOf = async (syncId: string) => importResult(await deps.inventorySyncs.find(syncId), deps.countRows);

  return {
    /**
     * Fetches the file of a waiting sync and stores its rows as a submission; rows at fault are lines with their error. A file
     * that cannot be taken is refused with its reason, which is no failure. Does nothing for a sync that no longer waits.
     */
    async importCsv({ syncId }: { syncId: string }): Promise<CsvImportResult> {
      const sync = await deps.inventorySyncs.find(syncId);
      if (sync?.state !== 'waiting') return importResult(sync, deps.countRows);
      let draft: SubmissionDraft;
      try {
        draft = await read(sync);
      } catch (error) {
        const reason = refusalOf(error);
        if (reason === undefined) throw error;
        await deps.inventorySyncs.recordRefused(syncId, reason);
        return resultOf(syncId);
      }
      // Aborted while it was fetched: then nothing has to be taken back.
      const now = await deps.inventorySyncs.find(syncId);
      if (now?.state !== 'waiting') return importResult(now, deps.countRows);
      const { submissionId } = await deps.store(draft);
      if (!(await deps.inventorySyncs.recordStored(syncId, submissionId))) {
        await deps.withdraw(submissionId);
        await deps.submissions.finishDone(sync.connectionId);
      }
      return resultOf(syncId);
    },
  };
};
