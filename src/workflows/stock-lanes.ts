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

/** What was known when a chunk was sent off. */
interface Moment {
  news: number;
  answers: number;
}

/**
 * Sends a connection's stock over as many lanes as it may use at once. A chunk claims its lines only when it may leave and answers how
 * much is left, so that a listing that sells out goes before everything that has not left. Where the channel works
 * off jobs, which may take long, the last of several lanes is kept for zero stock, and a question to a person waits for none.
 */
export function createLanes(input: SyncedConnection, totals: SyncTotals, news: News) {
  const nextId = idsFrom(Date.now, Math.random);
  /** What an outage left undone: taken up first, under the same ids. */
  const undone: Push[] = [];
  const inUse = { general: 0, zeros: 0 };
  const found: Pick<Round, 'outages' | 'refusals'> = { outages: [], refusals: [] };
  let known: Pick<DueStock, 'lanes' | 'asJobs'> = { lanes: 1, asJobs: false };
  /** Chunks that have not answered: each takes a push of those that are due. */
  let departing = 0;
  let wanted = 0;
  let answers = 0;
  /** When the next line that has to wait becomes due. */
  let dueAtMs = Number.POSITIVE_INFINITY;
  let thrown: { error: unknown } | undefined;

  const hasZeroLane = () => known.asJobs && known.lanes > 1;
  const generalLanes = () => (hasZeroLane() ? known.lanes - 1 : known.lanes);
  const isStopped = () => found.outages.length > 0 || thrown !== undefined || workflowInfo().continueAsNewSuggested;

  function learn({ due }: PushReport, onlyZeros: boolean, sentAt: Moment): void {
    known = { lanes: due.lanes, asJobs: due.asJobs };
    if (due.hasZeros) news.hasZeros = true;
    if (due.pushes === 0 && due.nextDueInMs !== null) dueAtMs = Math.min(dueAtMs, Date.now() + due.nextDueInMs);
    if (onlyZeros) return;
    // What came after it was counted must not be forgotten for it.
    const newer = news.count > sentAt.news ? 1 : 0;
    wanted = Math.max(due.pushes - departing, newer, answers > sentAt.answers ? wanted : 0);
  }

  async function send(push: Push): Promise<PushReport> {
    let sentAt = { news: news.count, answers };
    if (!push.job) {
      departing++;
      const left = await sendChunk(input, push).finally(() => departing--);
      learn(left, push.onlyZeros, sentAt);
      answers++;
      if (!left.job) return left;
      push.job = { pushId: left.job.pushId, deadlineMs: Date.now() + left.job.deadlineInMs };
      sentAt = { news: news.count, answers };
    }
    const ended = await endJob(input, push.job);
    learn(ended, push.onlyZeros, sentAt);
    return ended;
  }

  async function run(push: Push): Promise<void> {
    const report = await send(push).catch(readFailure);
    if (!('type' in report)) {
      addUp(totals, report);
      const trouble = troubleOf(input, push, report);
      if (trouble) (trouble.type === 'ChannelRejected' ? found.refusals : found.outages).push(trouble);
      return;
    }
    const { settled } = report.details;
    if (settled === undefined) {
      found.outages.push(report);
      undone.push(push);
      return;
    }
    found.refusals.push(report);
    totals.pushes += 1;
    totals[report.type === 'ChannelRejected' ? 'rejected' : 'unknown'] += settled.lines;
    wanted = Math.max(wanted, 1);
  }

  function start(lane: 'general' | 'zeros'): void {
    const left = lane === 'general' ? undone.shift() : undefined;
    const push = left ? { ...left, onlyZeros: false } : { pushId: nextId(), onlyZeros: lane === 'zeros' };
    inUse[lane]++;
    news.hasZeros = false;
    if (lane === 'general') wanted--;
    void run(push)
      .catch((error: unknown) => {
        thrown = { error };
      })
      .finally(() => {
        inUse[lane]--;
        answers++;
      });
  }

  /** Waits for an answer or news, and beside jobs for the next line that becomes due. */
  async function move(): Promise<void> {
    const before = { news: news.count, answers };
    const hasMoved = () => answers > before.answers || news.count > before.news;
    if (!known.asJobs || dueAtMs === Number.POSITIVE_INFINITY) await condition(hasMoved);
    else if (!(await condition(hasMoved, Math.max(dueAtMs - Date.now(), 100)))) {
      dueAtMs = Number.POSITIVE_INFINITY;
      news.hasZeros = true;
      wanted = Math.max(wanted, 1);
    }
    if (news.count > before.news) wanted = Math.max(wanted, 1);
  }

  return {
    /** Sorts before every id that the lanes use. */
    firstId: nextId(),

    /** Sends until nothing is due, or until something is in the way of every push; jobs may go on then. */
    async sendDue(): Promise<Round> {
      // One push tells how much there is.
      wanted = Math.max(1, undone.length);
      for (;;) {
        while (!isStopped() && wanted > 0 && inUse.general < generalLanes()) start('general');
        const isFull = inUse.general >= generalLanes();
        if (!isStopped() && hasZeroLane() && news.hasZeros && isFull && inUse.zeros === 0) start('zeros');
        if (inUse.general + inUse.zeros === 0 || (isStopped() && departing === 0)) break;
        await move();
      }
      if (thrown) throw thrown.error;
      const nextDueInMs = dueAtMs === Number.POSITIVE_INFINITY ? null : Math.max(0, dueAtMs - Date.now());
      dueAtMs = Number.POSITIVE_INFINITY;
      return { outages: found.outages.splice(0), refusals: found.refusals.splice(0), nextDueInMs };
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
