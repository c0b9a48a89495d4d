import { condition, workflowInfo } from '@temporalio/workflow';
import { idsFrom } from '../contracts/ids';
import type { DueStock, PushReport, SyncTotals } from '../contracts/stock';
import { type ReadFailure, readFailure } from './failure-reading';
import { endJob, type Push, type SyncedConnection, sendChunk } from './stock-sending';

/** What became of everything that was due. */
export interface Round {
  /** What would meet every other push as well; its lines are still due. */
  outages: ReadFailure[];
  /** Of single pushes, whose lines have their verdicts. */
  refusals: ReadFailure[];
  /** When the next line that has to wait becomes due, milliseconds from the last answer; null when none waits. */
  nextDueInMs: number | null;
}

/** News that may come at any time. */
export interface News {
  /** How often there was some. */
  count: number;
  /** Whether a listing may have sold out since somebody set this to false. */
  hasZeros: boolean;
}

/**
 * Sends a connection's stock over as many lanes as it may use at once. A chunk claims its lines only when it may leave and answers how
 * much is left, so that a listing that sells out goes before everything that has not left. Where the channel works
 * off jobs, which may take long, the last of several lanes is kept for zero stock.
 */
export function createLanes(input: SyncedConnection, totals: SyncTotals, news: News) {
  const nextId = idsFrom(Date.now, Math.random);
  /** What an outage left undone: taken up first, under the same ids. */
  const undone: Push[] = [];
  let known: Pick<DueStock, 'lanes' | 'asJobs'> = { lanes: 1, asJobs: false };

  return {
    /** Sorts before every id that the lanes use. */
    firstId: nextId(),

    /** Sends until nothing is due, or until something is in the way of every push. */
    async sendDue(): Promise<Round> {
      const round: Round = { outages: [], refusals: [], nextDueInMs: null };
      const inUse = { general: 0, zeros: 0 };
      let departing = 0;
      // One push tells how much there is.
      let wanted = Math.max(1, undone.length);
      let seen = news.count;
      let changes = 0;
      let thrown: { error: unknown } | undefined;

      const hasZeroLane = () => known.asJobs && known.lanes > 1;
      const generalLanes = () => (hasZeroLane() ? known.lanes - 1 : known.lanes);
      const isStopped = () => thrown !== undefined || round.outages.length > 0 || workflowInfo().continueAsNewSuggested;

      function learn({ due }: PushReport, onlyZeros: boolean): void {
        known = { lanes: due.lanes, asJobs: due.asJobs };
        if (due.hasZeros) news.hasZeros = true;
        if (onlyZeros) return;
        // A lane that is about to leave takes a push of those.
        wanted = Math.max(0, due.pushes - departing);
        const { nextDueInMs } = due;
        if (due.pushes === 0 && nextDueInMs !== null)
          round.nextDueInMs = Math.min(nextDueInMs, round.nextDueInMs ?? nextDueInMs);
      }

      async function send(push: Push): Promise<PushReport> {
        if (!push.job) {
          departing++;
          const left = await sendChunk(input, push).finally(() => departing--);
          changes++;
          learn(left, push.onlyZeros);
          if (!left.job) return left;
          push.job = { pushId: left.job.pushId, deadlineMs: Date.now() + left.job.deadlineInMs };
        }
        const ended = await endJob(input, push.job);
        learn(ended, push.onlyZeros);
        return ended;
      }

      async function run(push: Push): Promise<void> {
        const report = await send(push).catch(readFailure);
        if (!('type' in report)) {
          addUp(totals, report);
          const trouble = troubleOf(input, push, report);
          if (trouble) (trouble.type === 'ChannelRejected' ? round.refusals : round.outages).push(trouble);
          return;
        }
        const { settled } = report.details;
        if (settled === undefined) {
          round.outages.push(report);
          undone.push(push);
          return;
        }
        round.refusals.push(report);
        totals.pushes += 1;
        totals[report.type === 'ChannelRejected' ? 'rejected' : 'unknown'] += settled.lines;
        wanted = Math.max(wanted, 1);
      }

      function start(lane: 'general' | 'zeros'): void {
        const push = (lane === 'general' && undone.shift()) || { pushId: nextId(), onlyZeros: lane === 'zeros' };
        inUse[lane]++;
        news.hasZeros = false;
        if (lane === 'general') wanted--;
        void run(push)
          .catch((error: unknown) => {
            thrown = { error };
          })
          .finally(() => {
            inUse[lane]--;
            changes++;
          });
      }

      for (;;) {
        while (!isStopped() && wanted > 0 && inUse.general < generalLanes()) start('general');
        if (!isStopped() && hasZeroLane() && news.hasZeros && inUse.general === generalLanes() && inUse.zeros === 0)
          start('zeros');
        if (inUse.general + inUse.zeros === 0) break;
        const before = changes;
        await condition(() => changes > before || news.count > seen);
        if (news.count > seen) wanted = Math.max(wanted, 1);
        seen = news.count;
      }
      if (thrown) throw thrown.error;
      return round;
    },
  };
}

function addUp(totals: SyncTotals, { accepted, rejected, unknown, unsent = 0 }: PushReport): void {
  if (accepted + rejected + unknown + unsent > 0) totals.pushes += 1;
  totals.accepted += accepted;
  totals.rejected += rejected;
  totals.unknown += unknown;
}

/** What went wrong with a job as a whole although each of its lines has a verdict. */
function troubleOf(
  { connectionId, channel }: SyncedConnection,
  push: Push,
  report: PushReport,
): ReadFailure | undefined {
  if (!report.trouble) return undefined;
  const { type, message, channelWords } = report.trouble;
  const settled = { pushId: push.job?.pushId ?? push.pushId, lines: report.rejected + report.unknown };
  return {
    type,
    message,
    details: { connectionId, channel, settled, ...(channelWords === undefined ? {} : { channelWords }) },
  };
}

export type Lanes = ReturnType<typeof createLanes>;
