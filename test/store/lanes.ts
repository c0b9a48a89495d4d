import { newId } from '../../src/store/new-id';
import type { ClaimedLine, PushStore } from '../../src/store/pushes';

/** A push on its way, as the activity of a lane holds it. */
export interface OpenPush {
  pushId: string;
  attempt: number;
  lines: ClaimedLine[];
}

interface Leaving {
  connectionId: number;
  batchSize?: number;
  runId?: string;
  /** An attempt after another one; a new push if absent. */
  pushId?: string;
  onlyZeros?: boolean;
}

/** Leaves with what is due, as one lane does; undefined when nothing is, or when the push is closed. */
export async function leave(pushes: PushStore, leaving: Leaving): Promise<OpenPush | undefined> {
  const departure = { batchSize: 20, runId: 'run-1', pushId: newId(), ...leaving };
  const start = await pushes.depart(departure);
  return start.open ? { pushId: departure.pushId, attempt: start.attempt, lines: start.lines } : undefined;
}

/** Leaves again and again until nothing is due, at most `most` times. */
export async function leaveAll(pushes: PushStore, leaving: Leaving, most = 40): Promise<OpenPush[]> {
  const open: OpenPush[] = [];
  while (open.length < most) {
    const push = await leave(pushes, leaving);
    if (!push) break;
    open.push(push);
  }
  return open;
}

/** Has the channel accept everything that is due; nobody else sends for the connection meanwhile. */
export async function deliverAll(pushes: PushStore, leaving: Leaving): Promise<void> {
  for (const { pushId, attempt, lines } of await leaveAll(pushes, leaving)) {
    const verdicts = lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
    await pushes.settle(pushId, attempt, lines, verdicts, Date.now());
  }
}
