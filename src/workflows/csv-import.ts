import {
  CancellationScope,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { HomeActivities, ImportActivities } from '../activities';
import { CSV_IMPORT_TASK_QUEUE } from '../contracts/ids';
import type { CsvImportResult } from '../contracts/inventory-sync';
import { FILE_DOWNLOAD, HOME, MAX_LOST_DOWNLOADS, POKE, PROBE_INTERVAL_MS } from './activity-options';
import { setOutcome } from './attention';
import { type ReadFailure, readFailure } from './failure-reading';
import { importDetails, importRefusal } from './wording';

export interface CsvImportInput {
  syncId: string;
  connectionId: number;
  displayName: string;
}

const { refuseImport } = proxyActivities<HomeActivities>(HOME);
const { pokeConnection } = proxyActivities<HomeActivities>(POKE);

/** Fetches a file of stock that a caller named and wakes the connection's sync; a file that cannot be had is refused with the reason. */
export async function CsvImportWorkflow(input: CsvImportInput): Promise<CsvImportResult> {
  try {
    return await importFile(input);
  } catch (error) {
    if (!isCancellation(error) || !patched('refuses-when-cancelled')) throw error;
    // Whoever named the file is told, even though nobody fetches it any more.
    await CancellationScope.nonCancellable(async () => {
      const { syncId, connectionId, displayName } = input;
      const result = await refuseImport({ syncId, reason: 'the import was cancelled by a person' });
      // It had been stored already.
      if (result.submissionId !== null) await pokeConnection({ connectionId }).catch(readFailure);
      setOutcome(result.status);
      setCurrentDetails(importDetails(displayName, 'The import was cancelled by a person', result));
    });
    throw error;
  }
}

async function importFile(input: CsvImportInput): Promise<CsvImportResult> {
  const { connectionId, displayName } = input;
  setCurrentDetails(importDetails(displayName, 'The file is being fetched'));
  const result = await fetchOrRefuse(input);
  // Also after an abort: what it withdrew may leave an older value to be shown again.
  if (result.submissionId !== null) await pokeConnection({ connectionId }).catch(readFailure);
  setOutcome(result.status);
  setCurrentDetails(importDetails(displayName, `The file is ${result.status}`, result));
  return result;
}

async function fetchOrRefuse(input: CsvImportInput): Promise<CsvImportResult> {
  const { syncId, displayName } = input;
  const { importCsv } = proxyActivities<ImportActivities>({
    ...FILE_DOWNLOAD,
    taskQueue: CSV_IMPORT_TASK_QUEUE,
    summary: `${displayName} · fetch the file`,
  });
  for (let lost = 0; ; ) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof CsvImportWorkflow>(input);
    const asked: CsvImportResult | ReadFailure = await importCsv({ syncId }).catch(readFailure);
    if (!('type' in asked)) return asked;
    const isLost = asked.type === 'AttemptLost' && ++lost <= MAX_LOST_DOWNLOADS && patched('lost-downloads-go-on');
    if (!isLost && asked.type !== 'StoreUnavailable') return refuseImport({ syncId, reason: importRefusal(asked) });
    // Our own outage is no reason to refuse anybody's file.
    await sleep(PROBE_INTERVAL_MS, { summary: isLost ? 'its worker was lost' : 'MySQL could not be reached' });
  }
}
