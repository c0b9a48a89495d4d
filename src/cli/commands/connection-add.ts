import type { Command } from 'commander';
import { z } from 'zod';
import { connectorFor } from '../../connectors/registry';
import { CHANNELS } from '../../contracts/channels';
import { addCommand, connectionId, type Execute, name, required } from '../command';
import {
  CREDENTIALS_OPTIONS,
  checkFields,
  credentialsOptions,
  readCredentials,
  readSettings,
} from '../connection-input';
import { CliError, codeOf, UsageError } from '../failures';

/** `connections add`: stores a connection after its connector has checked every field. */
export function addAddCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'add',
    summary: 'add a connection; nothing is sent to the channel',
    example: `connections add --channel ${CHANNELS[0]} --account spykar --id 294 --external-channel CH1286 --location POB1 --credentials '{"username":"…","password":"…"}'`,
    options: [
      ['--channel <name>', `the kind of system: ${CHANNELS.join(', ')}`],
      ['--account <slug>', 'whose account it is'],
      ...CREDENTIALS_OPTIONS,
      ['--id <number>', 'the id that the WMS knows it by; without it the next free one'],
      ['--external-channel <id>', 'what the WMS calls the channel; order events are matched by it'],
      ['--external-warehouse <id>', 'what the WMS calls the warehouse; order events are matched by it'],
      ['--location <id>', 'the only location whose stock it shows; without it any'],
      ['--settings <json>', 'settings that differ from their defaults, as a JSON object'],
    ],
    input: z.object({
      channel: z.enum(CHANNELS, `must be one of ${CHANNELS.join(', ')}`),
      account: required(name),
      ...credentialsOptions,
      id: connectionId.optional(),
      externalChannel: name.optional(),
      externalWarehouse: name.optional(),
      location: name.optional(),
      settings: z.string().optional(),
    }),
    async run(input, { stores, readStdin }) {
      const credentials = await readCredentials(input, readStdin);
      if (credentials === undefined) {
        throw new UsageError('--credentials, --credentials-file or --credentials-stdin: one of them is required');
      }
      const settings = readSettings(input.settings);
      checkFields(connectorFor(input.channel), { credentials, settings });
      const taken = () =>
        new CliError(`--id: there is a connection ${input.id} already; see \`connections show ${input.id}\``);
      if (input.id !== undefined && (await stores.connections.find(input.id))) throw taken();
      const id = await stores.connections
        .insert({
          id: input.id,
          channel: input.channel,
          accountSlug: input.account,
          externalChannelId: input.externalChannel ?? null,
          externalWarehouseId: input.externalWarehouse ?? null,
          locationId: input.location ?? null,
          credentials,
          settings,
        })
        .catch((error: unknown) => {
          throw codeOf(error) === 'ER_DUP_ENTRY' ? taken() : error;
        });
      return {
        json: { id, channel: input.channel, accountSlug: input.account },
        lines: [`Connection ${id} (${input.channel}, ${input.account}) is stored. Try it: connections test ${id}`],
      };
    },
  });
}
