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
import { HOME, LOOK_INTERVAL_MS, MAX_IDLE_MS, PROBE_INTERVAL_MS, QUIET_TIME } from './activity-options';
import { type Attention, createAttention, type Decision, failWith, setOutcome } from './attention';
import { nextProbeMs } from './channel-call';
import { type ReadFailure, readFailure } from './failure-reading';
import { stockChanged } from './messages';
import { onSignal } from './signals';
import { type SyncedConnection, sendAll } from './stock-sending';
import { syncDetails } from './wording';

export interface InventorySyncInput extends SyncedConnection {
  /** What the runs before this one did, when it was continued as new. */
  totals?: SyncTotals;
  /** What a person has to see once everything else is sent; likewise. */
  refusal?: ReadFailure;
}

const home = proxyActivities<HomeActivities>(HOME);
const NEEDS_REAUTH: ReadFailure = { type: 'ChannelAuthFailed', message: 'the credentials were refused', details: {} };
const NOTHING: SyncTotals = { pushes: 0, accepted: 0, rejected: 0, unknown: 0 };

/** Failures that time alone may heal: the channel is asked again now and then without a person. */
const HEALS_BY_ITSELF = new Set([
  'ChannelUnavailable',
  'ChannelRateLimited',
  'ChannelStillWorking',
  'StoreUnavailable',
  'AttemptLost',
  'ChannelContractViolated',
  'Unexpected',
]);

/** What may be over without anybody's doing, as when a dump was played into MySQL meanwhile: looked at now and then. */
const MAY_PASS = new Set(['InvariantBroken', 'ConnectionNotFound']);

/** When to look again although nobody answered; undefined for what only a person can end. */
function nextLookMs(failure: ReadFailure, dueInMs: number | undefined): number | undefined {
  if (HEALS_BY_ITSELF.has(failure.type)) return nextProbeMs(failure);
  if (dueInMs !== undefined) return Math.max(dueInMs, 100);
  return MAY_PASS.has(failure.type) && patched('looks-again') ? LOOK_INTERVAL_MS : undefined;
}

/** Makes one connection show what the warehouse last said; ends when there is nothing left to say. */
export async function InventorySyncWorkflow(input: InventorySyncInput): Promise<SyncTotals> {
  const attention = createAttention();
  try {
    return await sync(input, attention);
  } catch (error) {
    if (isCancellation(error) && patched('says-how-it-ended')) {
      setOutcome('cancelled');
      attention.clear(
        `Stock for ${input.displayName}: cancelled. What is not sent is kept; the sweep starts another run.`,
      );
    }
    throw error;
  }
}

async function sync(input: InventorySyncInput, attention: Attention): Promise<SyncTotals> {
  const { connectionId } = input;
  const totals = { ...(input.totals ?? NOTHING) };
  let refusal = input.refusal;
  let isStirred = true;
  onSignal(
    stockChanged,
    () => {
      isStirred = true;
    },
    { description: 'New stock was stored for the connection' },
  );

  for (;;) {
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof InventorySyncWorkflow>({ ...input, totals, ...(refusal && { refusal }) });
    }
    isStirred = false;
    const plan = await home.planPushes({ connectionId }).catch(readFailure);
    if ('type' in plan || plan.blockedBy === 'needs_reauth') {
      await helpOrFail(input, attention, 'type' in plan ? plan : NEEDS_REAUTH, () => false);
      continue;
    }
    if (plan.blockedBy === 'paused') {
      setOutcome('paused');
      attention.clear(
        syncDetails(
          input.displayName,
          totals,
          'The connection is paused: its stock is kept and goes out when it is resumed.',
        ),
      );
      return totals;
    }
    const failed = await sendAll(input, plan, totals);
    const outage = mostPressing(failed.outages);
    // What heals by itself must not hide what only a person can end.
    if (refusal && failed.refusals.length > 0 && patched('asks-what-is-most-pressing'))
      refusal = mostPressing([refusal, ...failed.refusals]);
    else refusal ??= mostPressing(failed.refusals);
    if (outage) {
      // What a channel refuses to tell of a job may be told later, and at its deadline it is over.
      const isUntold = plan.asJobs && outage.type === 'ChannelRejected' && patched('asks-for-refused-jobs');
      await helpOrFail(input, attention, outage, () => false, isUntold ? PROBE_INTERVAL_MS : undefined);
      continue;
    }
    attention.clear(syncDetails(input.displayName, totals));
    if (plan.pushes.length > 0) continue;

    const finished = await home.finishSubmissions({ connectionId }).catch(readFailure);
    if ('type' in finished) {
      await helpOrFail(input, attention, finished, () => false);
      continue;
    }
    if (refusal) {
      // Only now, when no other chunk is waiting: one that was refused holds up none, not even lines that are due later.
      const asked = refusal;
      const isHoldingUp = plan.nextDueInMs !== null && !HEALS_BY_ITSELF.has(asked.type);
      const dueInMs = isHoldingUp && patched('refusals-hold-up-no-line') ? (plan.nextDueInMs ?? undefined) : undefined;
      const decision = await helpOrFail(input, attention, asked, () => isStirred, dueInMs);
      // Without news it was woken only to go on as a new run, which asks on.
      const isOpen = decision === 'timeout' ? dueInMs !== undefined : decision === 'woken' && !isStirred;
      refusal = isOpen ? asked : undefined;
      continue;
    }
    const isWaiting = plan.nextDueInMs !== null && plan.nextDueInMs <= MAX_IDLE_MS;
    const waitFor = isWaiting ? Math.max(plan.nextDueInMs ?? 0, 100) : QUIET_TIME;
    const summary = isWaiting ? 'until the next line is due' : 'for more news';
    const hasNews = await condition(() => isStirred, waitFor, { summary });
    if (hasNews || isWaiting) continue;
    setOutcome(totals.rejected + totals.unknown > 0 ? 'partial' : 'delivered');
    return totals;
  }
}

/** The failure that needs a person, or else the first. */
const mostPressing = (failures: readonly ReadFailure[]): ReadFailure | undefined =>
  failures.find((failure) => !HEALS_BY_ITSELF.has(failure.type)) ?? failures[0];

/**
 * Asks for help and returns when it is worth another try, asking on unless a person sent `retry`; throws when somebody gave up or nobody
 * came. With `dueInMs` it returns then at the latest: other lines are due.
 */
async function helpOrFail(
  input: InventorySyncInput,
  attention: Attention,
  failure: ReadFailure,
  wake: () => boolean,
  dueInMs?: number,
): Promise<Decision> {
  const { connectionId, channel, displayName } = input;
  const waitFor = nextLookMs(failure, dueInMs);
  const decision = await attention.ask(channel, failure, {
    title: `Stock for ${displayName} is waiting`,
    // News keeps arriving while it waits: the history must not outgrow its limit for that.
    wake: () => wake() || workflowInfo().continueAsNewSuggested,
    ...(waitFor === undefined ? {} : { waitFor }),
  });
  if (decision === 'giveUp') {
    const reason = `given up: ${failure.details.channelWords ?? failure.message}`;
    // Where it cannot be written the stock is still due, and the sweep starts a run that asks again.
    await home.giveUpStock({ connectionId, reason }).catch(readFailure);
    await home.finishSubmissions({ connectionId }).catch(readFailure);
    setOutcome('gave_up');
    if (patched('says-how-it-ended')) attention.clear(`Stock for ${displayName} was given up`);
    throw failWith(failure, decision);
  }
  // Nobody came: the run ends and says why, its stock is kept, and the sweep starts another run.
  if (decision === 'timeout' && waitFor === undefined) {
    if (patched('says-how-it-ended')) attention.clear(`Stock for ${displayName}: nobody decided in time`);
    throw failWith(failure, decision);
  }
  if (decision !== 'retry') return decision;
  while (failure.type === 'ChannelRejected') {
    const revived = await home.reviveRejected({ connectionId }).catch(readFailure);
    if (!('type' in revived)) break;
    await helpOrFail(input, attention, revived, () => false);
  }
  attention.clear(`Stock for ${displayName} goes out again`);
  return decision;
}
