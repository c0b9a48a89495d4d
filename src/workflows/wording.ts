import type { PlannedPush, SyncTotals } from '../contracts/stock';

const lines = (count: number): string => (count === 1 ? '1 line' : `${count} lines`);

/** "Channel · 20 lines, 3 at zero": how a push reads in the Web UI's timeline. */
export const pushSummary = (displayName: string, push: PlannedPush): string =>
  `${displayName} · ${lines(push.lineCount)}${push.zeroCount > 0 ? `, ${push.zeroCount} at zero` : ''}`;

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
