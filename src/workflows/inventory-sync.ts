import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { SyncTotals } from '../contracts/stock';
import { HOME, MAX_IDLE_MS, PROBE_INTERVAL_MS, QUIET_TIME } from './activity-options';
import { createAttention, setOutcome } from './attention';
import { type ReadFailure, readFailure } from './failure-reading';
import { type StockNews, stockChanged } from './messages';
import { planAndSend } from './planned-stock';
import { onSignal } from './signals';
import { HEALS_BY_ITSELF, helpOrFail, mostPressing, PAUSED, type SyncState } from './stock-help';
import { createLanes, type Lanes, type News, type Round } from './stock-lanes';
import type { SyncedConnection } from './stock-sending';
import { syncDetails } from './wording';

export interface InventorySyncInput extends SyncedConnection {
  /** What the runs before this one did, when it was continued as new. */
  totals?: SyncTotals;
  /** What a person has to see once everything else is sent; likewise. */
  refusal?: ReadFailure;
  /** The first push that `refusal` is about, and the first of all these runs. */
  refusedSince?: string;
  since?: string;
}

const home = proxyActivities<HomeActivities>(HOME);
const NOTHING: SyncTotals = { pushes: 0, accepted: 0, rejected: 0, unknown: 0 };

/** Makes one connection show what the warehouse last said; ends when there is nothing left to say. */
export async function InventorySyncWorkflow(input: InventorySyncInput): Promise<SyncTotals> {
  const { totals = NOTHING, refusal, refusedSince } = input;
  const state: SyncState = {
    input,
    attention: createAttention(),
    totals: { ...totals },
    refusal,
    // A run of before did not say it.
    refusedSince: refusedSince ?? (refusal ? '' : undefined),
    isStirred: true,
  };
  try {
    await sync(state, input);
    return state.totals;
  } catch (error) {
    if (isCancellation(error) && patched('says-how-it-ended')) {
      setOutcome('cancelled');
      state.attention.clear(
        `Stock for ${input.displayName}: cancelled. What is not sent is kept; the sweep starts another run.`,
      );
    }
    throw error;
  }
}

async function sync(state: SyncState, input: InventorySyncInput): Promise<void> {
  const news: News = { count: 0, hasZeros: false };
  onSignal(
    stockChanged,
    (sent) => {
      state.isStirred = true;
      news.count++;
      news.hasZeros ||= (sent as StockNews | undefined)?.hasZeros !== false;
    },
    { description: 'New stock was stored for the connection' },
  );
  const lanes = createLanes(input, state.totals, news);
  const since = input.since ?? lanes.firstId;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      const { totals, refusal, refusedSince } = state;
      const kept = { ...(refusal && { refusal }), ...(refusedSince === undefined ? {} : { refusedSince }) };
      await continueAsNew<typeof InventorySyncWorkflow>({
        ...input,
        totals,
        ...kept,
        ...(patched('claims-at-departure') ? { since } : {}),
      });
    }
    state.isStirred = false;
    const isOver = patched('claims-at-departure') ? await sendAndFinish(state, lanes, since) : await planAndSend(state);
    if (isOver) return;
  }
}

/** Sends what is due and looks what is left; true when nothing is. */
async function sendAndFinish(state: SyncState, lanes: Lanes, since: string): Promise<boolean> {
  const { input, attention, totals } = state;
  const { connectionId, displayName } = input;
  const round = await lanes.sendDue();
  noteRefusals(state, round);
  const outage = mostPressing(round.outages);
  if (outage?.type === 'ConnectionPaused') {
    // Resumed meanwhile, it says so.
    if (state.isStirred) return false;
    setOutcome('paused');
    attention.clear(syncDetails(displayName, totals, PAUSED));
    return true;
  }
  if (outage) {
    // What a channel refuses to tell of a job may be told later, and at its deadline it is over.
    await helpOrFail(state, outage, outage.type === 'ChannelRejected' ? { dueInMs: PROBE_INTERVAL_MS } : {});
    return false;
  }
  // Woken to go on as a new run.
  if (workflowInfo().continueAsNewSuggested) return false;
  if (!state.refusal) attention.clear(syncDetails(displayName, totals));

  const finished = await home
    .finishSubmissions({
      connectionId,
      ...(totals.rejected > 0 ? { rejectedSince: since } : {}),
      ...(state.refusedSince === undefined ? {} : { refusedSince: state.refusedSince }),
    })
    .catch(readFailure);
  if ('type' in finished) {
    await helpOrFail(state, finished);
    return false;
  }
  if (finished.freed > 0 || state.isStirred) return false;
  if (state.refusal && finished.refused > 0) return askAboutRefusal(state, state.refusal, round);
  if (state.refusal) {
    // Newer values took the place of what was refused, or a person had it sent again.
    forgetRefusal(state);
    attention.clear(syncDetails(displayName, totals));
  }
  const { nextDueInMs } = round;
  const isWaiting = nextDueInMs !== null && nextDueInMs <= MAX_IDLE_MS;
  const waitFor = isWaiting ? Math.max(nextDueInMs, 100) : QUIET_TIME;
  const summary = isWaiting ? 'until the next line is due' : 'for more news';
  const hasNews = await condition(() => state.isStirred, waitFor, { summary });
  if (hasNews || isWaiting) return false;
  setOutcome(finished.rejected > 0 || nextDueInMs !== null ? 'partial' : 'delivered');
  return true;
}

function noteRefusals(state: SyncState, { refusals }: Round): void {
  // What heals by itself must not hide what only a person can end.
  state.refusal = mostPressing(state.refusal ? [state.refusal, ...refusals] : refusals);
  for (const { details } of refusals) {
    const pushId = details.settled?.pushId;
    if (pushId !== undefined && pushId < (state.refusedSince ?? '~')) state.refusedSince = pushId;
  }
}

function forgetRefusal(state: SyncState): void {
  state.refusal = undefined;
  state.refusedSince = undefined;
}

/** Asks only now, when no other chunk is waiting: one that was refused holds up none. The question stays until what it is about is settled. */
async function askAboutRefusal(state: SyncState, refusal: ReadFailure, { nextDueInMs }: Round): Promise<false> {
  const dueInMs = HEALS_BY_ITSELF.has(refusal.type) ? null : nextDueInMs;
  const wake = () => state.isStirred;
  const decision = await helpOrFail(state, refusal, { wake, ...(dueInMs === null ? {} : { dueInMs }) });
  if (decision === 'retry') forgetRefusal(state);
  return false;
}
