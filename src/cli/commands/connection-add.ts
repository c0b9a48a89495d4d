import type { Command } from 'commander';
import { z } from 'zod';
import { connectorFor } from '../../connectors/registry';
import { CHANNELS } from '../../contracts/channels';
import { SharedTableError } from '../../store/shared-table';
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
    summary: 'add a connection, or one whose row another program has made; nothing is sent to the channel',
    example: `connections add --channel ${CHANNELS[0]} --account spykar --id 294 --external-channel CH1286 --location POB1 --credentials '{"username":"…","password":"…"}'`,
    options: [
      ['--channel <name>', `the kind of system: ${CHANNELS.join(', ')}`],
      ['--account <slug>', 'whose account it is'],
      ...CREDENTIALS_OPTIONS,
      [
        '--id <number>',
        'the id that the WMS knows it by; without it the next free one. Is there such a row in ie_appinstall_connection, its inputFields and accessToken are used',
      ],
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
      const settings = readSettings(input.settings);
      const shared = input.id === undefined ? undefined : await stores.connections.findShared(input.id);
      if (credentials === undefined && shared === undefined) {
        const noRow = input.id === undefined ? '' : `: ie_appinstall_connection has no row ${input.id} that holds them`;
        throw new UsageError(
          `--credentials, --credentials-file or --credentials-stdin: one of them is required${noRow}`,
        );
      }
      const taken = () =>
        new CliError(`--id: there is a connection ${input.id} already; see \`connections show ${input.id}\``);
      if (input.id !== undefined && (await stores.connections.find(input.id))) throw taken();
      const held = z.record(z.string(), z.unknown()).safeParse(shared?.credentials);
      if (credentials === undefined && !held.success) {
        throw new CliError(`inputFields of row ${input.id} in ie_appinstall_connection: is not a JSON object`);
      }
      checkFields(connectorFor(input.channel), { credentials: credentials ?? held.data, settings });
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
          if (error instanceof SharedTableError) throw new CliError(error.message);
          throw codeOf(error) === 'ER_DUP_ENTRY' ? taken() : error;
        });
      return {
        json: { id, channel: input.channel, accountSlug: input.account },
        lines: [
          `Connection ${id} (${input.channel}, ${input.account}) is stored. Try it: connections test ${id}`,
          ...(shared
            ? [`It uses ${credentials ? 'the' : 'inputFields and'} accessToken of its row in ie_appinstall_connection.`]
            : []),
        ],
      };
    },
  });
}
