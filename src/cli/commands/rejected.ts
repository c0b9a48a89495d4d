import type { Command } from 'commander';
import { z } from 'zod';
import type { Connection } from '../../contracts/connection';
import { csvOf, wordsCell } from '../../starter/csv-output';
import { type RejectedLevel, rejectedLevels } from '../../store/rejected-levels';
import { addCommand, connectionId, type Execute } from '../command';
import type { CliContext } from '../context';
import { counted, moment, type Outcome, oneLine } from '../output';
import { createGroups, type RejectedGroup } from '../rejected-groups';

const MAX_GROUPS_SHOWN = 20;
/** The columns that `submit` reads, and what helps to decide. */
const COLUMNS = ['sku', 'quantity', 'location', 'accepted', 'since', 'error'];

/** `rejected`: the lines that a channel refused, by reason or as a file. */
export function addRejectedCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'rejected <connectionId>',
    summary: 'list the stock lines that the channel refused, grouped by its reason',
    example: 'rejected 294 --csv > rejected.csv',
    options: [['--csv', 'print every line as CSV, with the columns that `submit` reads']],
    input: z.object({ connectionId, csv: z.boolean().default(false) }),
    async run(input, context) {
      const connection = await context.connection(input.connectionId);
      return input.csv ? asCsv(context, connection) : asGroups(context, connection);
    },
  });
}

async function asGroups({ stores }: CliContext, { id }: Connection): Promise<Outcome> {
  const groups = createGroups();
  for await (const page of rejectedLevels(stores.db, id)) for (const level of page) groups.add(level);
  const found = groups.all();
  const lines = found.reduce((sum, group) => sum + group.lines, 0);
  const nowMs = Date.now();
  const json = {
    connectionId: id,
    lines,
    reasons: found.map(({ sinceMs, ...group }) => ({ ...group, since: new Date(sinceMs).toISOString() })),
  };
  if (lines === 0) return { json, lines: [`Connection ${id}: the channel has refused no line.`] };
  const more = found.length - MAX_GROUPS_SHOWN;
  return {
    json,
    lines: [
      `Connection ${id}: ${counted(lines, 'line')} refused, ${counted(found.length, 'reason')}.`,
      ...found.slice(0, MAX_GROUPS_SHOWN).flatMap((group) => groupLines(group, nowMs)),
      ...(more > 0 ? ['', `… and ${counted(more, 'reason')} more: --csv prints every line.`] : []),
      '',
      `They wait for a newer value, or for \`redrive --rejected --connection ${id}\` when the cause is mended.`,
    ],
  };
}

function groupLines({ reason, lines, zeros, sinceMs, samples }: RejectedGroup, nowMs: number): string[] {
  const atZero = zeros === 0 ? '' : `, ${zeros} of them at zero`;
  const names = samples.map(({ listing, locationId, desiredQuantity }) =>
    oneLine(`${listing}${locationId === '' ? '' : ` at ${locationId}`} (wanted ${desiredQuantity})`),
  );
  return [
    '',
    oneLine(reason),
    `  ${counted(lines, 'line')}${atZero}, since ${moment(sinceMs, nowMs)}`,
    `  ${names.join(', ')}${lines > samples.length ? ', …' : ''}`,
  ];
}

const csvRow = (level: RejectedLevel): (string | number | null)[] => [
  wordsCell(level.listing),
  level.desiredQuantity,
  wordsCell(level.locationId),
  level.acknowledgedQuantity,
  new Date(level.sinceMs).toISOString(),
  wordsCell(level.error ?? ''),
];

async function asCsv({ stores }: CliContext, { id }: Connection): Promise<Outcome> {
  const text = [csvOf([COLUMNS])];
  const rows: object[] = [];
  for await (const page of rejectedLevels(stores.db, id)) {
    text.push(csvOf(page.map(csvRow)));
    for (const { sinceMs, ...level } of page) rows.push({ ...level, since: new Date(sinceMs).toISOString() });
  }
  // The rows carry their own line ends, and every line that is printed gets one.
  return { json: { connectionId: id, lines: rows.length, rows }, lines: [text.join('').replace(/\r\n$/, '\r')] };
}
