import type { Command } from 'commander';
import { z } from 'zod';
import { connectorFor } from '../../connectors/registry';
import type { Connection } from '../../contracts/connection';
import { changeConnection } from '../../store/connection-changes';
import { addCommand, connectionId, type Execute } from '../command';
import { type Change, changesOf, storedSettings, withChanges } from '../connection-change';
import { checkFields } from '../connection-input';
import { CliError, UsageError } from '../failures';
import { table } from '../output';

/** `connections set`: changes settings and what the WMS calls a connection. */
export function addSetCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'set <id> [changes...]',
    summary: 'change settings, location or external ids: key=value; secrets belong to `connections restore`',
    example: 'connections set 294 timeZone=Asia/Kolkata requestsPerMinute=60 location=POB1',
    options: [
      ['--reset <keys...>', 'back to the default, or to none: --reset requestsPerMinute location'],
      ['--dry-run', 'check, show before and after, and change nothing'],
    ],
    input: z.object({
      id: connectionId,
      changes: z.array(z.string()).default([]),
      reset: z.array(z.string()).default([]),
      dryRun: z.boolean().default(false),
    }),
    async run({ id, changes, reset, dryRun }, { stores, connection: find }) {
      if (changes.length + reset.length === 0)
        throw new UsageError('<changes>: give at least one key=value, or --reset');
      const before = await find(id);
      const connector = connectorFor(before.channel);
      const wanted = changesOf(changes, reset, connector, storedSettings(before));
      const after = withChanges(before, wanted);
      checkFields(connector, { settings: after.settings });
      const told = wanted.map((change) => ({
        key: change.key,
        before: shown(before, change),
        after: shown({ ...before, ...after }, change),
      }));
      if (!dryRun && !(await changeConnection(stores.db, id, after)))
        throw new CliError(`stock of connection ${id} is on its way: pause it, and set its location when nothing is`);
      const attention = `${before.channel}_misconfigured`;
      return {
        json: { id, changes: told, dryRun },
        lines: [
          ...table(
            ['setting', 'before', 'after'],
            told.map((change) => [change.key, words(change.before), words(change.after)]),
          ),
          '',
          dryRun
            ? 'Nothing was changed.'
            : `Connection ${id} is changed; every process knows within a minute. Runs that waited for it: retry --attention ${attention} --connection ${id}`,
          ...(told.some(({ key, before: old, after: now }) => key === 'location' && old !== now)
            ? ['Stock of the location before is forgotten; what the WMS sends for the new one counts from now on.']
            : []),
        ],
      };
    },
  });
}

/** The value in force: with its default where none is set; undefined where there is none, or the settings do not fit. */
function shown(connection: Connection, { key, column, setting }: Change): unknown {
  if (column !== undefined) return connection[column];
  const settings = connectorFor(connection.channel).settings.safeParse(connection.settings);
  return settings.success ? Reflect.get(settings.data, setting ?? key) : undefined;
}

const words = (value: unknown): string | null =>
  value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
