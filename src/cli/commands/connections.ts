import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, connectionId, type Execute, name } from '../command';
import { viewOf } from '../connection-view';
import { facts, table, tokenWords } from '../output';
import { addAddCommand } from './connection-add';
import { addStatusCommands } from './connection-status';
import { addTestCommand } from './connection-test';

/** `connections add|list|show|test|pause|resume|restore`: one account on one channel each. */
export function addConnectionCommands(program: Command, execute: Execute): void {
  const connections = program
    .command('connections')
    .description('accounts on channels: credentials, settings, status')
    .helpCommand(false);
  addAddCommand(connections, execute);
  addListCommand(connections, execute);
  addShowCommand(connections, execute);
  addTestCommand(connections, execute);
  addStatusCommands(connections, execute);
}

function addListCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'list',
    summary: 'list the connections',
    example: 'connections list --account spykar',
    options: [['--account <slug>', 'only the connections of this account']],
    input: z.object({ account: name.optional() }),
    async run({ account }, { stores }) {
      const found = await stores.connections.list(account === undefined ? {} : { accountSlug: account });
      const rows = found.map((one) => [
        one.id,
        one.channel,
        one.accountSlug,
        one.externalChannelId,
        one.externalWarehouseId,
        one.locationId,
        one.status,
        tokenWords(one, Date.now()),
      ]);
      return {
        json: found.map(viewOf),
        lines:
          rows.length === 0
            ? ['There is no connection yet: see `connections add --help`.']
            : table(['id', 'channel', 'account', 'ext. channel', 'warehouse', 'location', 'status', 'token'], rows),
      };
    },
  });
}

function addShowCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'show <id>',
    summary: 'show one connection: settings, status, and how its stock stands',
    example: 'connections show 294',
    input: z.object({ id: connectionId }),
    async run({ id }, { stores, connection: find }) {
      const connection = await find(id);
      const view = viewOf(connection);
      const stock = await stores.levels.countByState(id);
      const said = (counts: Record<string, unknown>) =>
        Object.entries(counts)
          .map(([key, value]) => `${key} ${value}`)
          .join(', ');
      return {
        json: { ...view, stock },
        lines: [
          ...facts([
            ['id', view.id],
            ['channel', view.channel],
            ['account', view.accountSlug],
            ['external channel', view.externalChannelId],
            ['external warehouse', view.externalWarehouseId],
            ['location', view.locationId ?? 'any'],
            ['status', view.statusReason === null ? view.status : `${view.status}: ${view.statusReason}`],
            ['credentials', view.sealFault ?? said(view.credentials)],
            ['token', tokenWords(connection, Date.now())],
            ['stock levels', said(stock) || 'none'],
          ]),
          '',
          ...(view.settings === null
            ? ['settings do not fit:', ...view.settingsFaults.map((fault) => `  ${fault}`)]
            : facts(Object.entries(view.settings).map(([key, value]) => [`settings.${key}`, JSON.stringify(value)]))),
        ],
      };
    },
  });
}
