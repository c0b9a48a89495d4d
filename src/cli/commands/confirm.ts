import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { z } from 'zod';
import { confirmCancelled, confirmNotCancelled } from '../../workflows/messages';
import { findWaitingRun } from '../attention-runs';
import { addCommand, type Execute } from '../command';
import { CliError } from '../failures';

const CALL_DEADLINE_MS = 5_000;
const ORDER_RUN = 'UnfulfillableOrderWorkflow';

const workflowId = z.string().min(1, 'is empty');

/** `confirm`: answers an order run that asks what is to be seen at the other system. */
export function addConfirmCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'confirm <workflowId>',
    summary: 'tell an order run what you saw at the system that it asks about',
    example: 'confirm unfulfillable-order/spykar/POB1/O-1/5d41402a --cancelled --lines 1,2',
    options: [
      ['--cancelled', 'the lines are cancelled there: they count as cancelled, and the run goes on'],
      ['--not-cancelled', 'they are not: they are asked for again, without being read back first'],
      ['--lines <numbers>', 'line item sequence numbers, with commas between; left out: every line that is open there'],
    ],
    input: z
      .object({
        workflowId,
        cancelled: z.boolean().default(false),
        notCancelled: z.boolean().default(false),
        lines: z
          .string()
          .transform((text) => text.split(',').map((line) => line.trim()))
          .refine((lines) => lines.every((line) => line !== ''), 'has an empty number in it')
          .optional(),
      })
      .refine(({ cancelled, notCancelled }) => cancelled !== notCancelled, 'say --cancelled or --not-cancelled'),
    async run({ workflowId: id, cancelled, lines }, { client, stores }) {
      const run = await findWaitingRun(client, id);
      if (run.type !== ORDER_RUN)
        throw new CliError(`workflowId: ${id} is no run of an order: use \`retry\` or \`give-up\``);
      const known = (await stores.orders.findByWorkflow(id))?.lines.map((line) => line.lineItemSequenceNumber);
      const stranger = known && lines?.find((line) => !known.includes(line));
      if (stranger !== undefined)
        throw new CliError(`--lines: the order has no line ${stranger}; it has ${known?.join(', ')}`);
      const signal = cancelled ? confirmCancelled : confirmNotCancelled;
      const seen = lines ? { lines } : {};
      await within(client, () => client.workflow.getHandle(id, run.runId).signal(signal, seen));
      const which = lines ? `line ${lines.join(', line ')}` : 'every line that is open there';
      return {
        json: { workflowId: id, attention: run.attention, signal: signal.name, ...seen },
        lines: [`${id} was told what is ${cancelled ? '' : 'not '}cancelled: ${which}.`],
      };
    },
  });
}

const within = <T>(client: Client, call: () => Promise<T>): Promise<T> =>
  client.withDeadline(Date.now() + CALL_DEADLINE_MS, call);
