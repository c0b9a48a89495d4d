import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ATTENTION } from '../contracts/search-attributes';
import type { Stores } from '../store/stores';
import type { SentSignal } from './check/recorded';

const CALL_MS = 5_000;
const TURN_MS = 4_000;
const TRIES_BEFORE_GIVING_UP = 3;
const WAITING = `ExecutionStatus = "Running" AND ${ATTENTION.name} IS NOT NULL`;

/** The person at night: sends `retry` to runs that ask, restores connections, and in the end gives up orders that are refused again and again. */
export interface Ops {
  signals: readonly SentSignal[];
  /** From now on a refused order that was tried again before is given up. */
  beginToGiveUp(): void;
  stop(): Promise<void>;
}

export function startOps({ client, stores }: { client: Client; stores: Stores }): Ops {
  const signals: SentSignal[] = [];
  let givesUpSinceMs = Number.POSITIVE_INFINITY;
  const stopped = new AbortController();

  const decide = async (workflowId: string, attention: string): Promise<void> => {
    // More than once: the index may still show a run that has just been helped.
    const tries = signals.filter((one) => one.workflowId === workflowId && one.atMs > givesUpSinceMs).length;
    const isRefusedOrder = workflowId.startsWith('unfulfillable-order/') && attention.endsWith('_rejected');
    const isHopeless = isRefusedOrder && tries >= TRIES_BEFORE_GIVING_UP;
    const signal = isHopeless ? 'giveUp' : 'retry';
    signals.push({ atMs: Date.now(), workflowId, signal });
    await client.workflow.getHandle(workflowId).signal(signal);
  };

  const turn = async (): Promise<void> => {
    for (const { id, status } of await stores.connections.list()) {
      if (status === 'needs_reauth') await stores.connections.setStatus(id, 'active', null);
    }
    await client.withDeadline(Date.now() + CALL_MS, async () => {
      for await (const run of client.workflow.list({ query: WAITING })) {
        await decide(run.workflowId, run.typedSearchAttributes.get(ATTENTION) ?? '').catch(() => undefined);
      }
    });
  };

  const working = (async () => {
    while (!stopped.signal.aborted) {
      // Whatever is away now is there at the next turn.
      await turn().catch(() => undefined);
      await sleep(TURN_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();

  return {
    signals,
    beginToGiveUp() {
      givesUpSinceMs = Date.now();
    },
    async stop() {
      stopped.abort();
      await working;
    },
  };
}
