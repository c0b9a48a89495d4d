import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, connectionId, type Execute, name, required } from '../command';
import { CliError } from '../failures';
import { table } from '../output';

/** `keys create|list|revoke`: the keys of the programs that post to the gateway. */
export function addKeyCommands(program: Command, execute: Execute): void {
  const keys = program.command('keys').description('keys of the programs that post to the gateway').helpCommand(false);

  addCommand(keys, execute, {
    usage: 'create',
    summary: 'create a key for an account and print it, once',
    example: 'keys create --account spykar --name "event gateway"',
    options: [
      ['--account <slug>', 'the account that the key speaks for'],
      ['--name <text>', 'who holds the key'],
      ['--connection <id>', 'let the key touch this one connection only'],
    ],
    input: z.object({ account: required(name), name: required(name), connection: connectionId.optional() }),
    async run(input, { stores, connection }) {
      if (input.connection !== undefined) {
        const { accountSlug } = await connection(input.connection);
        if (accountSlug !== input.account) {
          throw new CliError(
            `connection ${input.connection} belongs to account ${accountSlug}, not to ${input.account}`,
          );
        }
      }
      const holder = { accountSlug: input.account, name: input.name, connectionId: input.connection ?? null };
      const { keyId, key } = await stores.keys.create(holder);
      return {
        json: { keyId, key, ...holder },
        lines: [
          `key      ${key}`,
          `id       ${keyId}`,
          '',
          'This is the only time that the key is shown: store it now, and send it as the header x-api-key.',
        ],
      };
    },
  });

  addCommand(keys, execute, {
    usage: 'list',
    summary: 'list the keys, without the keys themselves',
    example: 'keys list --account spykar',
    options: [['--account <slug>', 'only the keys of this account']],
    input: z.object({ account: name.optional() }),
    async run({ account }, { stores }) {
      const found = await stores.keys.list(account);
      return {
        json: found,
        lines:
          found.length === 0
            ? ['There is no key yet: see `keys create --help`.']
            : table(
                ['id', 'account', 'connection', 'name', 'created', 'status'],
                found.map((key) => [
                  key.keyId,
                  key.accountSlug,
                  key.connectionId ?? 'all',
                  key.name,
                  key.createdAt.toISOString().slice(0, 10),
                  key.revokedAt === null ? 'valid' : `revoked ${key.revokedAt.toISOString().slice(0, 10)}`,
                ]),
              ),
      };
    },
  });

  addCommand(keys, execute, {
    usage: 'revoke <keyId>',
    summary: 'revoke a key for good; the gateway refuses it at once',
    example: 'keys revoke 01JZ0000000000000000000000',
    input: z.object({ keyId: z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'is not a key id (see `keys list`)') }),
    async run({ keyId }, { stores }) {
      if (!(await stores.keys.revoke(keyId))) throw new CliError(`no valid key has the id ${keyId}`);
      return { json: { keyId, revoked: true }, lines: [`Key ${keyId} is revoked.`] };
    },
  });
}
