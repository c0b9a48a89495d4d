import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, connectionId, type Execute, required } from '../command';
import type { CliContext } from '../context';
import { linesToTell, readFileFor, STANDARD_INPUT, stockTarget, storeCsv, watchSubmission } from '../csv-submission';
import { checkFailedFile, type FailedFile, failedCsv, writeFailedFile } from '../failed-rows';
import { CliError, sayFailure } from '../failures';
import { counted, facts, type Outcome } from '../output';
import { pokeOrSay } from '../poke';
import { describeSyncRun, syncRunWords } from '../sync-run';

const MS_PER_SECOND = 1_000;
const MAX_ROWS_SHOWN = 10;
const WITHDRAWN = 'withdrawn before it was sent';

const input = z.object({
  file: z.string().min(1, 'is empty'),
  connection: required(z.string()).pipe(connectionId),
  wait: z.boolean().default(true),
  timeout: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'is no number of seconds from 1 to 99999')
    .default('600')
    .transform(Number),
  failed: z.string().min(1, 'is empty').optional(),
  force: z.boolean().default(false),
});
type Input = z.output<typeof input>;

/** `submit`: makes a connection show the quantities of a CSV file. */
export function addSubmitCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'submit <file>',
    summary: 'send the quantities of a CSV file (`-`: standard input) and tell how each row fared',
    example: 'submit stock.csv --connection 294',
    options: [
      ['--connection <id>', 'whose stock the file tells'],
      ['--wait', "wait for the channel's verdict on each row; so it is anyway"],
      ['--no-wait', 'store the rows and return; only rows that cannot be read are told'],
      ['--timeout <seconds>', 'how long to wait (600)'],
      ['--failed <file>', 'where failed rows are written, with their errors (<file>.failed.csv)'],
      ['--force', 'overwrite the file of failed rows'],
    ],
    input,
    run: submit,
  });
}

/** Rows from standard input have no file to be named after. */
function failedFileOf({ file, failed, force }: Input): FailedFile | undefined {
  const path = failed ?? (file === STANDARD_INPUT ? undefined : `${file}.failed.csv`);
  return path === undefined ? undefined : { path, overwrites: force };
}

async function submit(given: Input, context: CliContext): Promise<Outcome> {
  const connection = await context.connection(given.connection);
  const target = stockTarget(connection);
  const failedFile = failedFileOf(given);
  if (failedFile) await checkFailedFile(failedFile, given.file);
  const csv = await readFileFor(given.file, target, context.stdin);
  const { submissionId, changedStock } = await storeCsv(context, target, csv);

  const tell = (words: string): void => context.progress.write(`${words}\n`);
  tell(`Submission ${submissionId}: ${counted(csv.rows.length, 'row')} stored for connection ${connection.id}.`);
  if (csv.ignoredColumns.length > 0) tell(`Columns that are not read: ${csv.ignoredColumns.join(', ')}`);
  const poke = changedStock ? await pokeOrSay(context, connection) : undefined;
  if (poke && !poke.poked) tell(poke.words);

  // Nothing is decided on a connection that sends nothing, however long one waits.
  const waits = given.wait && connection.status === 'active';
  const timeoutMs = waits ? given.timeout * MS_PER_SECOND : 0;
  // From here on the rows are stored, whatever fails: whoever reads the failure has to know under which id.
  const named = (what: string) => (error: unknown) => {
    const { message } = sayFailure(error, context.config);
    throw new CliError(`submission ${submissionId} is stored, but ${what}: ${message}`, [], { submissionId });
  };
  const unread = named('its state could not be read');
  const stored = { id: submissionId, accountSlug: connection.accountSlug };
  const submission = await watchSubmission(context, stored, timeoutMs).catch(unread);
  const { failed, open, superseded, accepted } = await linesToTell(context, submissionId).catch(unread);
  const errors = new Map(failed.map(({ row, error }) => [row, error ?? WITHDRAWN]));
  if (failedFile && errors.size > 0) {
    const words = `its ${counted(errors.size, 'failed row')} could not be written`;
    await writeFailedFile(failedFile, failedCsv(csv, errors)).catch(named(words));
  }
  const changedNothing = superseded > 0 && superseded === csv.rows.length;
  const run =
    open.length > 0 && given.wait ? await describeSyncRun(context.client, context.config, connection.id) : null;
  const writtenTo = errors.size > 0 ? (failedFile?.path ?? null) : null;
  return {
    json: {
      submissionId,
      connectionId: connection.id,
      status: submission.status,
      counts: { total: csv.rows.length, accepted, failed: errors.size, superseded, open: open.length },
      poked: poke?.poked ?? false,
      ignoredColumns: csv.ignoredColumns,
      failedRows: [...errors].map(([row, error]) => ({ row, error })),
      openRows: open.map(({ row }) => row),
      failedFile: writtenTo,
    },
    lines: [
      ...facts([
        ['submission', submissionId],
        ['status', submission.status],
        ['accepted', accepted],
        ['failed', errors.size],
        ['superseded', superseded],
        ['open', open.length],
      ]),
      ...(changedNothing
        ? ['Nothing was changed: newer values of every row came meanwhile. Look, and submit again.']
        : []),
      ...some([...errors].map(([row, error]) => `  row ${row}: ${error}`)),
      ...(writtenTo === null ? [] : [`The failed rows are in ${writtenTo}: correct them and submit that file.`]),
      ...(run === null
        ? []
        : [
            `${counted(open.length, 'row')} open: ${poke?.poked === false ? poke.words : `the sync: ${syncRunWords(run)}.`}`,
            ...some(open.map(({ row, listing }) => `  row ${row}: ${listing}`)),
          ]),
    ],
    failed: errors.size > 0 || changedNothing || (given.wait && open.length > 0),
  };
}

/** The first few of many lines, and how many more there are. */
const some = (lines: readonly string[]): string[] =>
  lines.length <= MAX_ROWS_SHOWN
    ? [...lines]
    : [...lines.slice(0, MAX_ROWS_SHOWN), `  … and ${lines.length - MAX_ROWS_SHOWN} more`];
