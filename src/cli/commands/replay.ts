import { readFile } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, type Execute } from '../command';
import type { CliContext } from '../context';
import { CliError, codeOf, UsageError } from '../failures';
import { counted } from '../output';
import { type RecordedEvent, type RecordedHistory, readHistory } from '../recorded-history';
import { type Divergence, findDivergence } from '../replay-run';

/** What a replay needs of the outside: Temporal, and only where a run is named. */
export interface ReplayContext extends Pick<CliContext, 'requireKeys'> {
  withClient<T>(use: (client: Client) => Promise<T>): Promise<T>;
}

const input = z.object({
  history: z.string().min(1, 'is empty'),
  runId: z.string().min(1, 'is empty').optional(),
});

/** `replay`: tells whether a run that happened still fits today's workflows. */
export function addReplayCommand(program: Command, execute: Execute<ReplayContext>): void {
  addCommand(program, execute, {
    usage: 'replay <history>',
    summary: "replay a downloaded history, or a run by its workflow id, with this checkout's workflows",
    example: 'replay history.json',
    options: [['--run-id <id>', 'which run of the workflow id; by default the newest']],
    input,
    worksWithoutKeys: true,
    async run({ history: named, runId }, context) {
      const text = await textOfFile(named);
      if (text !== undefined && runId !== undefined) throw new UsageError('--run-id belongs to a workflow id');
      const recorded =
        text === undefined ? await fetchRun(context, named, runId) : readHistory(text.replace(/^\uFEFF/, ''), named);
      const divergence = await findDivergence(recorded);
      const { workflowId, workflowType, events, isOpen } = recorded;
      const run = { workflowId, runId: recorded.runId, workflowType, events: events.length, isOpen };
      return {
        json: { ...run, replays: divergence === undefined, divergence: divergence ?? null },
        lines: [divergence ? divergedWords(recorded, divergence) : replayedWords(recorded)],
        failed: divergence !== undefined,
      };
    },
  });
}

/** The text of the file; undefined when there is none, so that it must be a workflow id. */
async function textOfFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if ((code === 'ENOENT' || code === 'ENOTDIR') && !path.endsWith('.json')) return undefined;
    throw new CliError(`${path}: ${code}`);
  }
}

const fetchRun = ({ withClient }: ReplayContext, workflowId: string, runId?: string): Promise<RecordedHistory> =>
  withClient(async (client) => {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    return readHistory(historyToJSON(history), workflowId);
  });

const eventWords = ({ id, type, subject }: RecordedEvent): string =>
  `event ${id}, ${type}${subject === '' ? '' : ` (${subject})`}`;

const replayedWords = ({ workflowId, workflowType, events, isOpen }: RecordedHistory): string =>
  `✓ ${workflowId} (${workflowType}) replays with this code: ${counted(events.length, 'event')}${isOpen ? ' so far, the run has not ended' : ''}.`;

const divergedWords = ({ workflowId, workflowType }: RecordedHistory, { kind, event, reason }: Divergence): string =>
  kind === 'differs'
    ? `✗ ${workflowId} (${workflowType}) does not replay: this code diverges at ${eventWords(event)}: ${reason}.`
    : `✗ ${workflowId} (${workflowType}) does not replay: this code fails at ${eventWords(event)}: ${reason}`;
