import type { Command } from 'commander';
import { z } from 'zod';
import { addCommand, connectionId, type Execute, name } from '../command';
import type { CliContext } from '../context';
import { counted, type Outcome, table } from '../output';
import { pokeOrSay } from '../poke';
import { createRedrive, type RedriveResult } from '../redrive';

const PAGE = 50;

/** `redrive`: tries what was set aside once more. */
export function addRedriveCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'redrive',
    summary: 'run parked events again, or with --rejected send refused stock lines again',
    example: 'redrive --account spykar',
    options: [
      ['--account <slug>', 'only events of this account'],
      ['--ignored', 'also the events that were ignored because they seemed not to be for us'],
      ['--rejected', 'instead of events: the stock lines that the channel refused'],
      ['--connection <id>', 'whose refused stock lines'],
    ],
    input: z
      .object({
        account: name.optional(),
        ignored: z.boolean().default(false),
        rejected: z.boolean().default(false),
        connection: connectionId.optional(),
      })
      .refine(
        ({ rejected, connection }) => rejected === (connection !== undefined),
        '--rejected and --connection belong together',
      )
      .refine(
        ({ rejected, ignored, account }) => !rejected || (!ignored && account === undefined),
        '--rejected takes neither --ignored nor --account',
      ),
    run: ({ connection, ignored, account }, context) =>
      connection === undefined ? redriveEvents(context, ignored, account) : reviveRejected(context, connection),
  });
}

async function reviveRejected(context: CliContext, id: number): Promise<Outcome> {
  const connection = await context.connection(id);
  const lines = await context.stores.levels.reviveRejected(id);
  if (lines === 0) return { json: { connectionId: id, lines, poked: false }, lines: ['No line is rejected.'] };
  const poke = await pokeOrSay(context, connection);
  return {
    json: { connectionId: id, lines, poked: poke.poked },
    lines: [`${counted(lines, 'rejected line')} of connection ${id} will go out again. ${poke.words}`],
  };
}

async function redriveEvents(context: CliContext, withIgnored: boolean, account: string | undefined): Promise<Outcome> {
  const { parked } = context.stores;
  const redrive = createRedrive(context);
  const results = new Map<string, RedriveResult>();
  for (const status of withIgnored ? (['parked', 'ignored'] as const) : (['parked'] as const)) {
    for (let afterId = ''; ; ) {
      const page = await parked.list({
        status,
        afterId,
        limit: PAGE,
        ...(account === undefined ? {} : { accountSlug: account }),
      });
      // One that was parked and is now ignored would otherwise be run twice.
      for (const event of page) if (!results.has(event.id)) results.set(event.id, await redrive(event));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      afterId = last.id;
    }
  }
  const all = [...results.values()];
  if (all.length === 0) return { json: { events: [], redriven: 0, left: 0 }, lines: ['No event is parked.'] };
  const redriven = all.filter((result) => result.redriven).length;
  const rows = all.map((result) => [result.id, result.kind, result.accountSlug, result.result, result.words]);
  return {
    json: { events: all, redriven, left: all.length - redriven },
    lines: [
      ...table(['event', 'kind', 'account', 'result', ''], rows),
      '',
      `${counted(redriven, 'event')} redriven, ${all.length - redriven} left.`,
    ],
  };
}
