import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import { z } from 'zod';
import { inventorySyncWorkflowId } from '../../contracts/ids';
import { removeConnection } from '../../store/connection-changes';
import { readUnfinishedWork, type UnfinishedWork } from '../../store/connection-overview';
import { addCommand, connectionId, type Execute } from '../command';
import { CliError, sayFailure } from '../failures';
import { counted } from '../output';

const CALL_DEADLINE_MS = 5_000;
const MAX_ORDERS = 1_000;
const MAX_ORDERS_SHOWN = 10;
const REASON = 'the connection was removed before it was sent';

/** `connections remove`: deletes a connection and ends what worked for it. */
export function addRemoveCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'remove <id>',
    summary: 'delete a connection and its credentials; what was sent, answered and received stays stored',
    example: 'connections remove 294',
    options: [
      ['--yes', 'do not ask'],
      ['--force', 'also while stock waits or an order runs: the stock is given up, the order asks for somebody'],
    ],
    // A connection whose key is lost can go, too.
    worksWithoutKeys: true,
    input: z.object({ id: connectionId, yes: z.boolean().default(false), force: z.boolean().default(false) }),
    async run({ id, yes, force }, context) {
      const { stores, client, config } = context;
      const { channel, accountSlug } = await context.connection(id);
      const left = await readUnfinishedWork(stores.db, id, MAX_ORDERS);
      const faults = faultsOf(left);
      if (faults.length > 0 && !force) {
        throw new CliError(`connection ${id} still has work: wait, or give it up with --force`, faults, { ...left });
      }
      const what = `connection ${id} (${channel}, ${accountSlug})`;
      const also = faults.length === 0 ? '' : ` It still has work: ${faults.join('; ')}.`;
      if (!yes && !(await context.ask(`Remove ${what} with its credentials?${also}`))) {
        return { json: { id, removed: false }, lines: ['Nothing was removed.'], failed: true };
      }
      const removed = await removeConnection(stores.db, id, REASON);
      if (!removed) throw new CliError(`there is no connection ${id}`);
      await stores.submissions.finishDone(id);
      const run = await cancelSync(client, id).catch((error: unknown) => ({
        problem: sayFailure(error, config).message,
      }));
      const keys = (await stores.keys.list(accountSlug)).filter(
        (key) => key.connectionId === id && key.revokedAt === null,
      );
      const workflowId = inventorySyncWorkflowId(id);
      const problem = typeof run === 'object' ? run.problem : null;
      return {
        json: {
          id,
          removed: true,
          givenUpLines: removed.lines,
          cancelledRun: run === true ? workflowId : null,
          problem,
          orders: left.orders,
          files: left.files,
          keys: keys.map(({ keyId }) => keyId),
        },
        lines: [
          `C${what.slice(1)} is removed, with its credentials and token.`,
          ...(removed.lines === 0 ? [] : [`${counted(removed.lines, 'waiting line')} given up.`]),
          ...(run === true ? [`The run ${workflowId} is cancelled.`] : []),
          ...(problem === null
            ? []
            : [`✗ The run ${workflowId} may still be open (${problem}): cancel it when Temporal is back.`]),
          ...orderLines(id, left.orders),
          ...(keys.length === 0
            ? []
            : [`Keys that are of no use any more: ${keys.map(({ keyId }) => `keys revoke ${keyId}`).join(', ')}`]),
          'Kept: stock levels, submissions, pushes and what was answered, orders. What the channel shows stays as it is.',
        ],
        failed: problem !== null,
      };
    },
  });
}

function faultsOf({ lines, orders, files }: UnfinishedWork): string[] {
  const ordersFault = `${counted(orders.length, 'order')}${orders.length === MAX_ORDERS ? ' or more' : ''}: ${some(orders)}`;
  return [
    ...(lines > 0 ? [`${counted(lines, 'stock line')} to be sent`] : []),
    ...(orders.length > 0 ? [ordersFault] : []),
    ...(files > 0 ? [`${counted(files, 'file')} to be fetched`] : []),
  ];
}

const some = (ids: readonly string[]): string =>
  [...ids.slice(0, MAX_ORDERS_SHOWN), ...(ids.length > MAX_ORDERS_SHOWN ? ['…'] : [])].join(', ');

const orderLines = (id: number, orders: readonly string[]): string[] =>
  orders.length === 0
    ? []
    : [
        `${counted(orders.length, 'order')} will ask for somebody: ${some(orders)}`,
        `Add the connection again and \`retry --connection ${id}\`, or \`give-up --connection ${id}\`.`,
      ];

/** Cancels the connection's sync; false when none was open. The sweep starts none for a connection that is not there. */
async function cancelSync(client: Client, id: number): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(inventorySyncWorkflowId(id));
    await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () => handle.cancel());
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
