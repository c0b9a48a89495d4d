import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, type Execute } from '../command';
import { counted } from '../output';
import { runSetup, sharedTableWords } from '../setup';

/** `setup`: makes database and namespace ready. */
export function addSetupCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'setup',
    summary: 'create or update tables, search attributes and schedules; harmless to repeat',
    example: 'setup',
    input: z.object({}),
    async run(_input, { stores, client, config, progress }) {
      const result = await runSetup({ db: stores.db, client, say: (line) => progress.write(`${line}\n`) });
      const { migrations, registered, sharedTable, searchAttributes, schedules } = result;
      const there = searchAttributes.total - searchAttributes.added.length;
      return {
        json: result,
        lines: [
          sharedTableWords(sharedTable),
          migrations.length === 0
            ? 'migrations: all ran before'
            : `${counted(migrations.length, 'migration')} ran: ${migrations.join(', ')}`,
          `namespace ${config.temporal.namespace}: ${registered ? 'registered, it was not there' : 'there already'}`,
          searchAttributes.added.length === 0
            ? `search attributes: ${there} there already`
            : `search attributes: ${searchAttributes.added.join(', ')} added, ${there} there already`,
          ...schedules.map(({ id, did }) => `schedule ${id}: ${did === 'unchanged' ? 'there already' : did}`),
        ],
      };
    },
  });
}
