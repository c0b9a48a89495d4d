import type { SweepResult } from '../activities/upkeep';
import type { CsvImportResult } from '../contracts/inventory-sync';
import type { SyncTotals } from '../contracts/stock';
import type { ReadFailure } from './failure-reading';

export const linesOf = (count: number): string => (count === 1 ? '1 line' : `${count} lines`);

/** How a push reads in the Web UI's timeline, before it is known what will be most urgent when it may leave. */
export const pushSummary = (displayName: string, onlyZeros: boolean): string =>
  `${displayName} · ${onlyZeros ? 'zero stock' : 'what is most urgent'}`;

/** Where a sync stands, in markdown. */
export const syncDetails = (displayName: string, totals: SyncTotals, remark?: string): string =>
  [
    `### Stock for ${displayName}`,
    '',
    '| calls | accepted | rejected | unknown |',
    '|---|---|---|---|',
    `| ${totals.pushes} | ${totals.accepted} | ${totals.rejected} | ${totals.unknown} |`,
    ...(remark === undefined ? [] : ['', remark]),
  ].join('\n');

/** Where an order stands, in markdown. */
export const orderDetails = (orderNumber: string, stand: string): string => `### Order ${orderNumber}\n\n${stand}.`;

/** What the last sweep found, in markdown. */
export const sweepDetails = (found: SweepResult | ReadFailure): string =>
  'type' in found
    ? `### Sweep\n\nThe last one failed: ${found.message}. The next one makes up for it.`
    : [
        '### Sweep',
        '',
        '| connections | orders | files | could not be started |',
        '|---|---|---|---|',
        `| ${found.pokedConnections} | ${found.startedOrders} | ${found.startedImports} | ${found.failedCount} |`,
        ...(found.failed.length > 0 ? ['', `Not started: ${found.failed.join(', ')}.`] : []),
      ].join('\n');

/** Where an import stands, in markdown; no address, because an address may be a secret. */
export const importDetails = (
  displayName: string,
  stand: string,
  result?: Pick<CsvImportResult, 'submissionId' | 'rows' | 'badRows'>,
): string =>
  [
    `### File for ${displayName}`,
    '',
    `${stand}.`,
    ...(result && result.submissionId !== null
      ? ['', `Submission ${result.submissionId}: ${result.rows} rows, ${result.badRows} of them at fault.`]
      : []),
  ].join('\n');

/** Why a file was given up after the last attempt, for whoever named it. */
export const importRefusal = ({ type, message }: Pick<ReadFailure, 'type' | 'message'>): string =>
  type === 'ChannelUnavailable' || type === 'ChannelRateLimited'
    ? `the file could not be fetched: ${message}`
    : 'the file could not be taken because of a fault on our side; it was logged';
