import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import { z } from 'zod';
import { ATTENTION } from '../../contracts/search-attributes';
import { confirmCancelled, confirmNotCancelled, giveUp } from '../../workflows/messages';
import { addCommand, type Execute } from '../command';
import { CliError } from '../failures';

const CALL_DEADLINE_MS = 5_000;
const ORDER_RUN = 'UnfulfillableOrderWorkflow';

const workflowId = z.string().min(1, 'is empty');

/** `give-up` and `confirm`: answer one run that waits for a person. */
export function addAnswerCommands(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'give-up <workflowId>',
    summary: 'end a run that waits for a person, with its failure as the reason',
    example: 'give-up inventory-sync/294',
    input: z.object({ workflowId }),
    async run(input, { client }) {
      const run = await findWaiting(client, input.workflowId);
      await within(client, () => run.handle.signal(giveUp));
      return {
        json: { workflowId: input.workflowId, attention: run.attention, signal: giveUp.name },
        lines: [`${input.workflowId}, which waited for ${run.attention}, is given up.`],
      };
    },
  });

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
      const run = await findWaiting(client, id);
      if (run.type !== ORDER_RUN)
        throw new CliError(`workflowId: ${id} is no run of an order: use \`retry\` or \`give-up\``);
      const known = (await stores.orders.findByWorkflow(id))?.lines.map((line) => line.lineItemSequenceNumber);
      const stranger = known && lines?.find((line) => !known.includes(line));
      if (stranger !== undefined)
        throw new CliError(`--lines: the order has no line ${stranger}; it has ${known?.join(', ')}`);
      const signal = cancelled ? confirmCancelled : confirmNotCancelled;
      const seen = lines ? { lines } : {};
      await within(client, () => run.handle.signal(signal, seen));
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

/** The open run of that id, which must be asking: a signal that answers no question is lost without a word. */
async function findWaiting(client: Client, id: string) {
  const handle = client.workflow.getHandle(id);
  const { status, type, typedSearchAttributes, runId } = await within(client, () => handle.describe()).catch(
    (error: unknown) => {
      if (error instanceof WorkflowNotFoundError) throw new CliError(`workflowId: there is no run ${id}`);
      throw error;
    },
  );
  if (status.name !== 'RUNNING')
    throw new CliError(`workflowId: the run ${id} has ended (${status.name.toLowerCase()})`);
  const attention = typedSearchAttributes.get(ATTENTION);
  if (attention === undefined)
    throw new CliError(`workflowId: the run ${id} waits for nobody, so an answer would be lost`);
  return { handle: client.workflow.getHandle(id, runId), type, attention };
}
