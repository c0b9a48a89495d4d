import { createFinding, type Finding } from './finding';
import type { Recorded, TwinCall } from './recorded';

/** After a process died, what it had been told may not be known, for as long as an activity's timeout takes to notice. */
const FORGOTTEN_FOR_MS = 40_000;
const NOT_A_NO = [401, 408, 429];

const lineOf = (key: string): string => key.replace(/^(.*)\.(\d+)-1$/, '$1-$2');
const isCancel = (call: TwinCall): boolean => call.method === 'POST' && /(\/orders|\/cancel-order)$/.test(call.path);

/**
 * I3. Each order line is cancelled at most once on each side; the WMS is never asked for a line before the marketplace has
 * cancelled it; a cancellation that was refused (4xx) is not asked for again unless a person said so, or ended the run that knew.
 */
export function checkCancels(recorded: Recorded): Finding {
  const finding = createFinding('I3', 'orders once and in order');
  const { ajio, eshopbox } = recorded.twins;
  const atMarketplace = new Map<string, number>();
  const inWms = new Set<string>();
  const figures = {
    'cancelled at the marketplace': 0,
    'cancelled in the WMS': 0,
    'requests refused': 0,
    'asked again after a refusal by a person': 0,
    'runs that a person ended': recorded.signals.filter(({ signal }) => signal === 'cancel' || signal === 'terminate')
      .length,
  };

  for (const call of ajio.calls) {
    for (const { what, key } of call.applied) {
      if (what !== 'cancel') continue;
      if (atMarketplace.has(lineOf(key))) finding.violate(`line ${lineOf(key)} was cancelled twice at the marketplace`);
      else atMarketplace.set(lineOf(key), call.atMs);
      figures['cancelled at the marketplace'] += 1;
    }
  }
  for (const call of eshopbox.calls.filter(isCancel)) {
    for (const line of call.keys) {
      const cancelledAtMs = atMarketplace.get(line);
      if (cancelledAtMs === undefined || cancelledAtMs > call.atMs)
        finding.violate(`the WMS was asked for line ${line} before the marketplace had cancelled it`);
    }
    for (const { what, key } of call.applied) {
      if (what !== 'cancel') continue;
      if (inWms.has(key)) finding.violate(`line ${key} was cancelled twice in the WMS`);
      inWms.add(key);
      figures['cancelled in the WMS'] += 1;
    }
  }

  for (const calls of [ajio.calls, eshopbox.calls]) {
    const refusedAtMs = new Map<string, number>();
    for (const call of calls.filter(isCancel)) {
      const what = `${call.order} ${[...call.keys].sort().join(' ')}`;
      const before = refusedAtMs.get(what);
      if (before !== undefined) {
        if (wasAskedByPerson(recorded, call, before)) figures['asked again after a refusal by a person'] += 1;
        else if (!wasForgotten(recorded, before))
          finding.violate(`${call.twin}: ${what} was asked for again after a refusal`);
      }
      const isRefused =
        call.status !== null &&
        call.status >= 400 &&
        call.status < 500 &&
        !NOT_A_NO.includes(call.status) &&
        !isLogin412(call);
      if (isRefused) refusedAtMs.set(what, call.atMs);
      else refusedAtMs.delete(what);
      if (isRefused) figures['requests refused'] += 1;
    }
  }
  return finding.done(figures);
}

/** Eshopbox says 412 where others say 401. */
const isLogin412 = ({ status, account }: TwinCall): boolean => status === 412 && account === null;

const wasAskedByPerson = ({ signals }: Recorded, call: TwinCall, sinceMs: number): boolean =>
  signals.some(
    ({ workflowId, atMs, signal }) =>
      signal !== 'giveUp' &&
      atMs >= sinceMs &&
      atMs <= call.atMs &&
      call.order !== null &&
      workflowId.includes(`/${encodeURIComponent(call.order)}/`),
  );

const wasForgotten = ({ disturbances }: Recorded, atMs: number): boolean =>
  disturbances.some((one) => one.atMs - FORGOTTEN_FOR_MS <= atMs && atMs <= one.untilMs + 1_000);
