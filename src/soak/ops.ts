import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ATTENTION } from '../contracts/search-attributes';
import type { Stores } from '../store/stores';
import type { SentSignal } from './check/recorded';
import { createRunEnds } from './run-ends';

const CALL_MS = 5_000;
const TURN_MS = 4_000;
/** A run that was helped may have to wait for its turn, and the index may be late; more signals would only be more work. */
const PATIENCE_MS = 15_000;
const WAITING = `ExecutionStatus = "Running" AND ${ATTENTION.name} IS NOT NULL`;

/**
 * The person at night: sends `retry` to runs that ask, restores connections, cancels and terminates runs while the load is sent, and
 * in the end gives up orders that are refused still.
 */
export interface Ops {
  signals: readonly SentSignal[];
  /** To be asked when runs are ended no more; resolves when every order whose run was cancelled was sent again. */
  settled(): Promise<void>;
  /** Nothing is wrong any more: from now on an order that was tried again and refused again is given up. */
  beginToGiveUp(): void;
  stop(): Promise<void>;
}

/** Whether the run has asked the marketplace after its last signal and then asked for a person, so that its refusal is new. */
async function wasRefusedAgain(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  const since = (events ?? []).slice(
    (events ?? []).findLastIndex((one) => one.workflowExecutionSignaledEventAttributes),
  );
  const called = since.findIndex(
    (one) => one.activityTaskScheduledEventAttributes?.activityType?.name === 'cancelOnMarketplace',
  );
  return (
    called >= 0 &&
    since
      .slice(called)
      .some(
        ({ upsertWorkflowSearchAttributesEventAttributes: changed }) =>
          changed?.searchAttributes?.indexedFields?.[ATTENTION.name],
      )
  );
}

export interface OpsOptions {
  client: Client;
  stores: Stores;
  seed: number;
  /** Whether runs are still cancelled and terminated; not any more once everything is sent. */
  endsRuns(): boolean;
  sendAgain(orderNumber: string): Promise<void>;
}

export function startOps({ client, stores, seed, endsRuns, sendAgain }: OpsOptions): Ops {
  const signals: SentSignal[] = [];
  const runEnds = createRunEnds({ client, seed, sendAgain, onEnd: (end) => void signals.push(end) });
  const lastSignalMs = new Map<string, number>();
  let givesUpSinceMs = Number.POSITIVE_INFINITY;
  const stopped = new AbortController();

  const decide = async (workflowId: string, attention: string): Promise<void> => {
    const handle = client.workflow.getHandle(workflowId);
    const last = lastSignalMs.get(workflowId) ?? 0;
    const isRefusedOrder = workflowId.startsWith('unfulfillable-order/') && attention.endsWith('_rejected');
    const isHopeless = isRefusedOrder && last > givesUpSinceMs && (await wasRefusedAgain(handle));
    const nowMs = Date.now();
    const isFirstSince = nowMs > givesUpSinceMs && last < givesUpSinceMs;
    if (!isHopeless && !isFirstSince && nowMs - last < PATIENCE_MS) return;
    // Nothing is wrong any more, and still the marketplace does not show what was asked for: it never heard of it.
    const isUnheard = attention.endsWith('_outcome_unknown') && last > givesUpSinceMs;
    const signal = isHopeless ? 'giveUp' : isUnheard ? 'confirmNotCancelled' : 'retry';
    lastSignalMs.set(workflowId, nowMs);
    signals.push({ atMs: nowMs, workflowId, signal });
    await handle.signal(signal);
  };

  const turn = async (): Promise<void> => {
    for (const { id, status } of await stores.connections.list()) {
      if (status === 'needs_reauth') await stores.connections.setStatus(id, 'active', null);
    }
    await client.withDeadline(Date.now() + CALL_MS, async () => {
      for await (const run of client.workflow.list({ query: WAITING })) {
        await decide(run.workflowId, run.typedSearchAttributes.get(ATTENTION) ?? '').catch(() => undefined);
      }
      if (endsRuns()) await runEnds.turn();
    });
  };

  let lastTurn: Promise<void> = Promise.resolve();
  const working = (async () => {
    while (!stopped.signal.aborted) {
      // Whatever is away now is there at the next turn.
      lastTurn = turn().catch(() => undefined);
      await lastTurn;
      await sleep(TURN_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();

  return {
    signals,
    async settled() {
      await lastTurn;
      await runEnds.settled();
    },
    beginToGiveUp() {
      givesUpSinceMs = Date.now();
    },
    async stop() {
      stopped.abort();
      await working;
    },
  };
}
