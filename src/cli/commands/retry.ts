import type { Command } from 'commander';
import { z } from 'zod';
import { CHANNELS } from '../../contracts/channels';
import { listWaitingRuns, wakeRuns } from '../attention-runs';
import { addCommand, connectionId, type Execute, name } from '../command';
import { counted, table } from '../output';

const EXAMPLE = `${CHANNELS[0]}_rejected`;

/** `retry`: lets runs that wait for a person try the step that failed again. */
export function addRetryCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'retry',
    summary: 'send `retry` to every open run that waits for a person',
    example: `retry --attention ${EXAMPLE} --account spykar --dry-run`,
    options: [
      ['--attention <value>', 'the reason they wait for, as the Web UI shows it; `all` for every reason'],
      ['--account <slug>', 'only runs of this account'],
      ['--connection <id>', 'only runs of this connection'],
      ['--dry-run', 'list the runs and send nothing'],
    ],
    input: z.object({
      attention: z.string('is required').regex(/^[a-z0-9_-]+$/, `is no word like ${EXAMPLE}, nor \`all\``),
      account: name.optional(),
      connection: connectionId.optional(),
      dryRun: z.boolean().default(false),
    }),
    async run({ attention, account, connection, dryRun }, { client }) {
      const runs = await listWaitingRuns(client, {
        attention: attention === 'all' ? undefined : attention,
        accountSlug: account,
        connectionId: connection,
      });
      const woken = dryRun ? [] : await wakeRuns(client, runs);
      const verdict = dryRun
        ? `${counted(runs.length, 'run')} would be retried.`
        : `${counted(woken.length, 'run')} retried${woken.length < runs.length ? `, ${runs.length - woken.length} had ended` : ''}.`;
      const rows = runs.map((run) => [run.attention, run.accountSlug, run.connectionId, run.workflowId]);
      return {
        json: { runs, retried: woken, dryRun },
        lines: [
          ...(runs.length === 0 ? [] : [...table(['attention', 'account', 'connection', 'workflow'], rows), '']),
          runs.length === 0 ? 'No open run waits for that.' : verdict,
        ],
      };
    },
  });
}
