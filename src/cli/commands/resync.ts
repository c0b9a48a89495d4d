import type { Command } from 'commander';
import { z } from 'zod';
import { takesStock } from '../../connectors/capabilities';
import { connectorFor } from '../../connectors/registry';
import { addCommand, connectionId, type Execute } from '../command';
import { CliError } from '../failures';
import { counted } from '../output';
import { pokeOrSay } from '../poke';

/** `resync`: sends everything that a connection should show once more. */
export function addResyncCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'resync <connectionId>',
    summary: 'send every stock level of a connection again, with its current value',
    example: 'resync 294',
    input: z.object({ connectionId }),
    async run(input, context) {
      const connection = await context.connection(input.connectionId);
      const connector = connectorFor(connection.channel);
      if (!takesStock(connector)) {
        throw new CliError(`connection ${connection.id}: ${connector.displayName} takes no stock`);
      }
      const lines = await context.stores.levels.markAllDirty(connection.id);
      if (lines === 0) {
        return {
          json: { connectionId: connection.id, lines, status: connection.status, poked: false },
          lines: [`Connection ${connection.id} has no stock level yet: there is nothing to send.`],
        };
      }
      const poke = await pokeOrSay(context, connection);
      return {
        json: { connectionId: connection.id, lines, status: connection.status, poked: poke.poked },
        lines: [`${counted(lines, 'line')} of connection ${connection.id} will go out. ${poke.words}`],
      };
    },
  });
}
