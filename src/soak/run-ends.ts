import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { SentSignal } from './check/recorded';
import { createDice } from './dice';

/** Runs of each kind that are ended in one turn. */
const MOST_A_TURN = 4;
/** How many of the open runs of a kind are looked at, to end one of them. */
const CANDIDATES = 50;
/** How long one request to Temporal may take, which may be away; a run that takes longer to end is asked about again. */
const ASKS_FOR_MS = 10_000;
const ASKS_AGAIN_AFTER_MS = 500;

export interface RunEndOptions {
  client: Client;
  seed: number;
  /** Sends the events of an order once more, as the WMS would for an order that failed; resolves when they are acknowledged. */
  sendAgain(orderNumber: string): Promise<void>;
  onEnd(end: SentSignal): void;
}

export interface RunEnds {
  /** Ends some open runs of orders and of stock, as a person does in the Web UI: cancel or terminate. */
  turn(): Promise<void>;
  /** Resolves when every order whose run was cancelled was sent again. */
  settled(): Promise<void>;
}

/** Unfulfillable orders carry their number in the id of their run: `unfulfillable-order/<account>/<channel id>/<number>/…`. */
const orderNumberOf = (workflowId: string): string => decodeURIComponent(workflowId.split('/')[3] ?? '');

/** Whether Temporal said that there is nothing more to wait for, rather than that it is away or that the run goes on. */
const saysEnded = (error: unknown): boolean =>
  error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError;

export function createRunEnds({ client, seed, sendAgain, onEnd }: RunEndOptions): RunEnds {
  const dice = createDice(seed, 'run ends');
  const owed: Promise<void>[] = [];

  /** Asks until Temporal answers. */
  async function insist(ask: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await client.withDeadline(Date.now() + ASKS_FOR_MS, ask);
        return;
      } catch (error) {
        if (saysEnded(error)) return;
        await sleep(ASKS_AGAIN_AFTER_MS);
      }
    }
  }

  /**
   * A cancelled run finishes its order first, and waits for a worker that is away. An event that comes while it still runs is taken
   * for known, so the order is sent again only when the run has ended.
   */
  async function cancelAndSendAgain(workflowId: string): Promise<void> {
    const handle = client.workflow.getHandle(workflowId);
    await insist(() => handle.cancel());
    await insist(() => handle.result());
    await sendAgain(orderNumberOf(workflowId));
  }

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
    if (signal === 'terminate') await handle.terminate('a person terminated it');
    else if (workflowType !== 'UnfulfillableOrderWorkflow') await handle.cancel();
    else owed.push(cancelAndSendAgain(workflowId));
  }

  return {
    async turn() {
      const ends: Promise<void>[] = [];
      for (let count = dice.int(0, MOST_A_TURN); count > 0; count--) {
        ends.push(endOne('UnfulfillableOrderWorkflow'), endOne('InventorySyncWorkflow'));
      }
      // Temporal may be away; the next turn comes.
      await Promise.allSettled(ends);
    },
    async settled() {
      await Promise.all(owed);
    },
  };
}
