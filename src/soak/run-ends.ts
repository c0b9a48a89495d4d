import type { Client } from '@temporalio/client';
import type { SentSignal } from './check/recorded';
import { createDice } from './dice';

/** Runs of each kind that are ended in one turn. */
const MOST_A_TURN = 4;
/** How many of the open runs of a kind are looked at, to end one of them. */
const CANDIDATES = 50;
/** A cancelled run finishes its order first, and may have to wait for a worker that is away. */
const ENDS_WITHIN_MS = 10_000;

export interface RunEndOptions {
  client: Client;
  seed: number;
  /** Sends the events of an order once more, as the WMS would for an order that failed. */
  sendAgain(orderNumber: string): void;
  onEnd(end: SentSignal): void;
}

/** Unfulfillable orders carry their number in the id of their run: `unfulfillable-order/<account>/<channel id>/<number>/…`. */
const orderNumberOf = (workflowId: string): string => decodeURIComponent(workflowId.split('/')[3] ?? '');

/** Returns what ends some open runs of orders and of stock, as a person does in the Web UI: cancel or terminate. */
export function createRunEnds({ client, seed, sendAgain, onEnd }: RunEndOptions): () => Promise<void> {
  const dice = createDice(seed, 'run ends');

  async function endOne(workflowType: string): Promise<void> {
    const ids: string[] = [];
    const query = `ExecutionStatus = "Running" AND WorkflowType = "${workflowType}"`;
    for await (const { workflowId } of client.workflow.list({ query, pageSize: CANDIDATES })) {
      ids.push(workflowId);
      if (ids.length === CANDIDATES) break;
    }
    const workflowId = ids[dice.int(0, Math.max(ids.length - 1, 0))];
    if (workflowId === undefined) return;
    const handle = client.workflow.getHandle(workflowId);
    const signal = dice.chance(0.5) ? 'cancel' : 'terminate';
    onEnd({ atMs: Date.now(), workflowId, signal });
    if (signal === 'terminate') return void (await handle.terminate('a person terminated it'));
    await handle.cancel();
    if (workflowType !== 'UnfulfillableOrderWorkflow') return;
    await client.withDeadline(Date.now() + ENDS_WITHIN_MS, () => handle.result()).catch(() => undefined);
    sendAgain(orderNumberOf(workflowId));
  }

  return async () => {
    const ends: Promise<void>[] = [];
    for (let count = dice.int(0, MOST_A_TURN); count > 0; count--) {
      ends.push(endOne('UnfulfillableOrderWorkflow'), endOne('InventorySyncWorkflow'));
    }
    // Temporal may be away; the next turn comes.
    await Promise.allSettled(ends);
  };
}
