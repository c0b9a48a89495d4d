import type { Command } from 'commander';
import { z } from 'zod';
import { isDatabaseBusy } from '../../store/database';
import type { Renewal, SealCount, SealStore } from '../../store/seals';
import { addCommand, type Execute } from '../command';
import { CliError } from '../failures';
import { counted, type Outcome, table } from '../output';

/** `credentials status|rotate`: the keys that the stored credentials and tokens are sealed with. */
export function addCredentialCommands(program: Command, execute: Execute): void {
  const credentials = program
    .command('credentials')
    .description('the keys that stored credentials and tokens are sealed with')
    .helpCommand(false);

  addCommand(credentials, execute, {
    usage: 'status',
    summary: 'count stored values by the key that they are sealed with',
    example: 'credentials status',
    worksWithoutKeys: true,
    input: z.object({}),
    run: async (_input, { stores }) => statusOf(stores.seals.keys, await stores.seals.count()),
  });

  addCommand(credentials, execute, {
    usage: 'rotate',
    summary: 'seal every stored value with the current key, row by row; harmless to repeat and while all programs run',
    example: 'credentials rotate --dry-run',
    options: [
      [
        '--seal-plain',
        'also seal values that are not sealed, in our own table; what other programs keep in ie_appinstall_connection is then no longer read',
      ],
      ['--dry-run', 'change nothing, tell what would be done'],
    ],
    worksWithoutKeys: true,
    input: z.object({ sealPlain: z.boolean().default(false), dryRun: z.boolean().default(false) }),
    run: (input, { stores }) => rotate(stores.seals, input),
  });
}

type Role = 'current' | 'only opens' | 'missing' | 'not sealed';

function statusOf(keys: SealStore['keys'], counts: readonly SealCount[]): Outcome {
  const roleOf = (keyId: string | null): Role => {
    if (keyId === null) return 'not sealed';
    if (keyId === keys.current) return 'current';
    return keys.readable.includes(keyId) ? 'only opens' : 'missing';
  };
  // Keys that nothing is sealed with any more are told too: those are the ones that may go.
  const keyIds = [...new Set<string | null>([...keys.readable, ...counts.map(({ keyId }) => keyId)])];
  const found = keyIds.map((keyId) => {
    const of = (column: SealCount['column']): number =>
      counts.find((count) => count.column === column && count.keyId === keyId)?.connections ?? 0;
    return { keyId, role: roleOf(keyId), credentials: of('inputFields'), tokens: of('accessToken') };
  });
  const rows = found.map(({ keyId, role, credentials, tokens }) => [keyId, role, credentials, tokens]);
  const isMissing = found.some(({ role }) => role === 'missing');
  return {
    json: { currentKeyId: keys.current ?? null, keys: found },
    lines: [
      ...(rows.length === 0 ? ['Nothing is stored yet.'] : table(['key', 'role', 'credentials', 'tokens'], rows)),
      ...(isMissing ? ['', 'Values of a missing key cannot be opened: add it to CREDENTIALS_READ_KEYS.'] : []),
    ],
    failed: isMissing,
  };
}

const HELD_WORDS = 'the row is held by another program; repeat the command';

async function rotate(seals: SealStore, options: { sealPlain: boolean; dryRun: boolean }): Promise<Outcome> {
  const { current } = seals.keys;
  if (current === undefined) throw new CliError('CREDENTIALS_KEY is not set: there is no key to seal with');
  const failures: { connectionId: number; fault: string }[] = [];
  const count: Record<Renewal['did'], number> = { renewed: 0, current: 0, plain: 0, failed: 0 };
  const ids = await seals.ids();
  for (const connectionId of ids) {
    try {
      for (const { did, fault } of await seals.renew(connectionId, options)) {
        count[did] += 1;
        if (fault !== undefined) failures.push({ connectionId, fault });
      }
    } catch (error) {
      if (!isDatabaseBusy(error)) throw error;
      count.failed += 1;
      failures.push({ connectionId, fault: `connection ${connectionId}: ${HELD_WORDS}` });
    }
  }
  // A process that still has another current key may have stored a token meanwhile.
  const left = (await seals.count()).filter(({ keyId }) => keyId !== null && keyId !== current);
  const isLeft = !options.dryRun && count.failed === 0 && left.length > 0;
  const { dryRun } = options;
  return {
    json: { dryRun, keyId: current, connections: ids.length, ...count, failures, leftOver: isLeft },
    lines: [
      `${counted(ids.length, 'connection')}, key ${current}: ${counted(count.renewed, 'value')} ${dryRun ? 'would be sealed anew' : 'sealed anew'}, ` +
        `${count.current} sealed with it before, ${count.plain} not sealed${count.plain > 0 ? ' (see --seal-plain)' : ''}, ${count.failed} failed.`,
      ...failures.map(({ fault }) => `✗ ${fault}`),
      ...(isLeft ? ['✗ A process with another CREDENTIALS_KEY has stored values meanwhile: repeat the command.'] : []),
    ],
    failed: count.failed > 0 || isLeft,
  };
}
