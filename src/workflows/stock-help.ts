import { patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { SyncTotals } from '../contracts/stock';
import { ASIDE, HOME, LOOK_INTERVAL_MS } from './activity-options';
import { type Attention, type Decision, failWith, setOutcome } from './attention';
import { nextProbeMs } from './channel-call';
import { type ReadFailure, readFailure } from './failure-reading';
import type { SyncedConnection } from './stock-sending';
import { linesOf } from './wording';

/** What a sync knows while it runs. */
export interface SyncState {
  input: SyncedConnection;
  attention: Attention;
  totals: SyncTotals;
  /** What a person has to see once everything else is sent. */
  refusal?: ReadFailure | undefined;
  /** The first push that it is about. */
  refusedSince?: string | undefined;
  /** Whether there was news since this turn began. */
  isStirred: boolean;
}

const home = proxyActivities<HomeActivities>(HOME);
const aside = proxyActivities<HomeActivities>(ASIDE);

/** Failures that time alone may heal: the channel is asked again now and then without a person. */
export const HEALS_BY_ITSELF: ReadonlySet<string> = new Set([
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

export const PAUSED = 'The connection is paused: its stock is kept and goes out when it is resumed.';

/** The failure that needs a person, or else the first. */
export const mostPressing = (failures: readonly ReadFailure[]): ReadFailure | undefined =>
  failures.find((failure) => !HEALS_BY_ITSELF.has(failure.type)) ?? failures[0];

export interface HelpOptions {
  /** Ends the wait early when it turns true. */
  wake?: () => boolean;
  /** Other lines are due then: it returns at the latest then. */
  dueInMs?: number;
}

/** What waits, a sentence; none where it cannot be told. */
async function factsOf({ input: { connectionId }, totals }: SyncState): Promise<string[]> {
  if (!patched('claims-at-departure')) return [];
  const waiting = await aside.countWaiting({ connectionId }).catch(readFailure);
  const refused = totals.rejected > 0 ? [`The channel has refused ${linesOf(totals.rejected)} in this run.`] : [];
  if ('type' in waiting) return refused;
  const zeros = waiting.zeros > 0 ? `, ${waiting.zeros} of them at zero` : '';
  return [
    waiting.lines === 0 ? 'No line waits to be sent.' : `To be sent: ${linesOf(waiting.lines)}${zeros}.`,
    ...refused,
  ];
}

/**
 * Asks for help and returns when it is worth another try, asking on unless a person sent `retry`; throws when somebody gave up or nobody
 * came.
 */
export async function helpOrFail(
  state: SyncState,
  failure: ReadFailure,
  { wake = () => false, dueInMs }: HelpOptions = {},
): Promise<Decision> {
  const { attention } = state;
  const { connectionId, channel, displayName } = state.input;
  const waitFor = nextLookMs(failure, dueInMs);
  const decision = await attention.ask(channel, failure, {
    title: `Stock for ${displayName} is waiting`,
    connection: state.input,
    facts: await factsOf(state),
    leaves:
      '`giveUp` leaves what waits unsent, and what the channel refused as it shows it now; a newer event for a listing sends that listing again.',
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
    await helpOrFail(state, revived);
  }
  attention.clear(`Stock for ${displayName} goes out again`);
  return decision;
}
