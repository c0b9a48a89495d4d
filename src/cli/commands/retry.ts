import type { Command } from 'commander';
import { z } from 'zod';
import { CHANNELS } from '../../contracts/channels';
import { giveUp, retry } from '../../workflows/messages';
import { type Answer, answerRuns, findWaitingRun } from '../attention-runs';
import { addCommand, connectionId, type Execute, name } from '../command';
import type { CliContext } from '../context';
import { CliError } from '../failures';
import { counted, type Outcome, table } from '../output';
import { type SelectedRun, selectionWords, selectRuns } from '../run-selection';

const EXAMPLE = `${CHANNELS[0]}_rejected`;
/** How many runs are shown before a person is asked. */
const MAX_SHOWN = 20;

const SELECTORS = [
  ['--attention <value>', 'the reason they wait for, as the Web UI shows it; `all` for every reason'],
  ['--account <slug>', 'only runs of this account'],
  ['--connection <id>', 'only runs of this connection; an order is found by its marketplace and by its WMS'],
  ['--dry-run', 'list the runs and send nothing'],
] as const;

const selectors = {
  workflowId: z.string().min(1, 'is empty').optional(),
  attention: z
    .string()
    .regex(/^[a-z0-9_-]+$/, `is no word like ${EXAMPLE}, nor \`all\``)
    .optional(),
  account: name.optional(),
  connection: connectionId.optional(),
  dryRun: z.boolean().default(false),
};
const selected = z.object(selectors);

/** Says in which way the runs have to be named. */
function checkSelection(
  { workflowId, attention, account, connection }: z.output<typeof selected>,
  { addIssue }: z.core.$RefinementCtx,
): void {
  const isFiltered = attention !== undefined || account !== undefined || connection !== undefined;
  const fault = (message: string) => addIssue({ code: 'custom', path: ['attention'], message });
  if (workflowId === undefined && !isFiltered) fault('is required, or --connection, --account or a workflow id');
  if (workflowId !== undefined && isFiltered)
    fault('a workflow id takes neither --attention, --account nor --connection');
}

/** How an answer is told of. */
interface Words {
  signal: Answer;
  /** The key of the JSON document for the ids that were answered. */
  key: 'retried' | 'givenUp';
  did: string;
}

const RETRY: Words = { signal: retry, key: 'retried', did: 'retried' };
const GIVE_UP: Words = { signal: giveUp, key: 'givenUp', did: 'given up' };

/** `retry` and `give-up`: answer runs that wait for a person, one by its id or many by what they wait for. */
export function addAnswerCommands(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'retry [workflowId]',
    summary: 'let open runs that wait for a person try the step that failed again',
    example: `retry --attention ${EXAMPLE} --account spykar --dry-run`,
    options: SELECTORS,
    input: selected.superRefine(checkSelection),
    run: (input, context) => answer(context, input, RETRY, async () => true),
  });

  addCommand(program, execute, {
    usage: 'give-up [workflowId]',
    summary: 'end runs that wait for a person, with their failure as the reason; asks first when there are several',
    example: `give-up --attention ${EXAMPLE} --connection 294 --dry-run`,
    options: [...SELECTORS, ['--yes', 'do not ask']],
    input: z.object({ ...selectors, yes: z.boolean().default(false) }).superRefine(checkSelection),
    run: (input, context) =>
      answer(context, input, GIVE_UP, async (runs) => {
        if (input.yes || runs.length === 1) return true;
        const shown = [...tableOf(runs.slice(0, MAX_SHOWN))];
        if (runs.length > MAX_SHOWN) shown.push(`… and ${runs.length - MAX_SHOWN} more`);
        return context.ask(`${shown.join('\n')}\n\nGive up ${counted(runs.length, 'run')}? Nobody tries them again.`);
      }),
  });
}

const tableOf = (runs: readonly SelectedRun[]): string[] =>
  table(
    ['attention', 'account', 'connection', 'WMS', 'workflow'],
    runs.map((run) => [run.attention, run.accountSlug, run.connectionId, run.wmsConnectionId, run.workflowId]),
  );

async function answer(
  context: CliContext,
  { workflowId, dryRun, ...given }: z.output<typeof selected>,
  { signal, key, did }: Words,
  isAgreed: (runs: readonly SelectedRun[]) => Promise<boolean>,
): Promise<Outcome> {
  const { client } = context;
  if (workflowId !== undefined) {
    const run = await findWaitingRun(client, workflowId);
    const answered = dryRun ? [] : await answerRuns(client, [run], signal);
    if (!dryRun && answered.length === 0) throw new CliError(`workflowId: the run ${workflowId} has ended meanwhile`);
    return {
      json: { workflowId, attention: run.attention, signal: signal.name, dryRun },
      lines: [`${workflowId}, which waited for ${run.attention}, ${dryRun ? 'would be' : 'is'} ${did}.`],
    };
  }
  const selection = { ...given, attention: given.attention === 'all' ? undefined : given.attention };
  const runs = await selectRuns(context, selection);
  if (runs.length === 0) {
    return {
      json: { runs, [key]: [], dryRun },
      lines: [`No open run waits for that: ${selectionWords(selection)}.`],
      failed: true,
    };
  }
  const isGo = !dryRun && (await isAgreed(runs));
  const answered = isGo ? await answerRuns(client, runs, signal) : [];
  const ended = runs.length - answered.length;
  const verdict = isGo
    ? `${counted(answered.length, 'run')} ${did}${ended > 0 ? `, ${ended} had ended` : ''}.`
    : `${counted(runs.length, 'run')} would be ${did}${dryRun ? '' : '; nothing was sent'}.`;
  return {
    json: { runs, [key]: answered, dryRun },
    lines: [...tableOf(runs), '', verdict],
    failed: !isGo && !dryRun,
  };
}
