import type { Command } from 'commander';
import { z } from 'zod';
import { takesStock } from '../../connectors/capabilities';
import { connectorFor } from '../../connectors/registry';
import type { Connection } from '../../contracts/connection';
import { heldUpBy, listWaitingRuns, wakeRuns } from '../attention-runs';
import { addCommand, connectionId, type Execute } from '../command';
import { CREDENTIALS_OPTIONS, checkFields, credentialsOptions, readCredentials } from '../connection-input';
import type { CliContext } from '../context';
import { CliError, sayFailure } from '../failures';
import { counted, type Outcome } from '../output';

const id = connectionId;

/** `connections pause|resume|restore`: whether a connection's work goes out. */
export function addStatusCommands(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'pause <id>',
    summary: 'let nothing go out; what comes in is kept',
    example: 'connections pause 294 --reason "sale is over"',
    options: [['--reason <text>', 'why, for whoever looks next']],
    input: z.object({ id, reason: z.string().max(500).optional() }),
    async run(input, context) {
      const connection = await context.connection(input.id);
      if (connection.status === 'needs_reauth') {
        throw new CliError(
          `connection ${input.id} needs new credentials and sends nothing: see \`connections restore --help\``,
        );
      }
      await context.stores.connections.setStatus(input.id, 'paused', input.reason ?? 'paused by hand');
      return {
        json: { id: input.id, status: 'paused' },
        lines: [`Connection ${input.id} is paused. Requests under way end; every worker knows within a minute.`],
      };
    },
  });

  addCommand(connections, execute, {
    usage: 'resume <id>',
    summary: 'end a pause and send what has waited',
    example: 'connections resume 294',
    input: z.object({ id }),
    async run(input, context) {
      const connection = await context.connection(input.id);
      if (connection.status === 'needs_reauth') {
        throw new CliError(`connection ${input.id} needs new credentials: use \`connections restore ${input.id}\``);
      }
      return activate(context, connection);
    },
  });

  addCommand(connections, execute, {
    usage: 'restore <id>',
    summary: 'take refused credentials as good again, or new ones, and send what has waited',
    example: 'connections restore 294 --credentials-stdin < credentials.json',
    options: CREDENTIALS_OPTIONS,
    // The way out when a key is lost.
    worksWithoutKeys: true,
    input: z.object({ id, ...credentialsOptions }),
    async run(input, context) {
      // Without any key the new ones would be stored in the clear beside sealed ones.
      if (context.stores.seals.keys.current === undefined) await context.requireKeys();
      const connection = await context.connection(input.id);
      const credentials = await readCredentials(input, context.readStdin);
      if (credentials !== undefined) {
        checkFields(connectorFor(connection.channel), { credentials });
        await context.stores.connections.setCredentials(input.id, credentials);
      }
      const stored = credentials === undefined ? [] : [`The new credentials of connection ${input.id} are stored.`];
      if (connection.status === 'paused') {
        if (credentials === undefined) {
          throw new CliError(`connection ${input.id} is paused: use \`connections resume ${input.id}\``);
        }
        const words = `It stays paused until \`connections resume ${input.id}\`.`;
        return { json: { id: input.id, status: 'paused', woken: [] }, lines: [...stored, words] };
      }
      const outcome = await activate(context, connection);
      return { ...outcome, lines: [...stored, ...outcome.lines] };
    },
  });
}

/** What a run waits for that an active connection may give it. */
const WAITS_FOR_CONNECTION = ['needs_reauth', 'paused'] as const;

/** Makes the connection active, wakes the runs that waited for it, and its sync. Repeating it is harmless. */
async function activate(context: CliContext, connection: Connection): Promise<Outcome> {
  const { stores, client, dispatch, config } = context;
  const connector = connectorFor(connection.channel);
  await stores.connections.setStatus(connection.id, 'active', null);
  const woken: string[] = [];
  try {
    for (const word of WAITS_FOR_CONNECTION) {
      woken.push(...(await wakeRuns(client, await listWaitingRuns(client, heldUpBy(connection, connector, word)))));
    }
    if (takesStock(connector)) await dispatch.pokeInventorySync(connection.id);
  } catch (error) {
    const { message } = sayFailure(error, config);
    throw new CliError(
      `connection ${connection.id} is active, but its runs could not be woken: ${message}; then repeat this command`,
    );
  }
  return {
    json: { id: connection.id, status: 'active', woken },
    lines: [
      `Connection ${connection.id} is active. ${counted(woken.length, 'waiting run')} woken.`,
      ...woken.map((workflowId) => `  ${workflowId}`),
    ],
  };
}
