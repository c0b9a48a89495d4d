import { createFinding, type Finding } from './finding';
import type { Recorded, TwinCall, TwinName } from './recorded';

const CHANNELS: Readonly<Record<TwinName, readonly string[]>> = {
  ajio: ['ajio'],
  eshopbox: ['eshopbox'],
  increff: ['increff-oms', 'increff-assure'],
  shiphero: ['shiphero'],
};
/** A call on the wire when a process died has nobody who could tell of it. */
const ON_THE_WIRE_MS = 30_000;

const isSilent = ({ atMs }: TwinCall, { disturbances }: Recorded): boolean =>
  disturbances.some((one) => one.atMs - ON_THE_WIRE_MS <= atMs && atMs <= one.untilMs + 1_000);

/** I6. Whatever went wrong can be seen: a reason in the row, a line in the log, a count in the metrics. */
export function checkVisibility(recorded: Recorded): Finding {
  const finding = createFinding('I6', 'every failure visible');
  const { tables, failures } = recorded;
  const figures = {
    'rows with a reason': 0,
    'failures logged': failures.length,
    'bad answers': 0,
    'counted in metrics': 0,
  };
  const demand = (what: string, reason: string | null): void => {
    if (reason === null || reason === '') finding.violate(`${what} gives no reason`);
    else figures['rows with a reason'] += 1;
  };
  for (const line of tables.lines)
    if (line.status === 'error') demand(`a rejected line of ${line.messageId}`, line.error);
  for (const level of tables.levels)
    if (level.state === 'rejected') demand(`${level.listing}, rejected,`, level.lastError);
  for (const row of tables.ledger) if (row.verdict !== 'accepted') demand(`a verdict on ${row.listing}`, row.message);
  for (const event of tables.parked) demand(`a parked ${event.kind}`, event.reason && event.message);
  for (const submission of tables.submissions)
    if (submission.errorCount > 0) demand(`submission ${submission.id}`, submission.error);
  for (const line of tables.orderLines) {
    if (line.status === 'failed') demand(`order ${line.orderNumber}`, line.error);
    if (line.marketplaceState === 'refused') demand(`line ${line.lineItemSequenceNumber}`, line.marketplaceMessage);
  }

  for (const [name, channels] of Object.entries(CHANNELS)) {
    const { calls } = Object.entries(recorded.twins).find(([twin]) => twin === name)?.[1] ?? { calls: [] };
    const bad = calls.filter((call) => call.status === null || call.status >= 400);
    // Who cut a call off may have been taken for dead: nobody was left to tell of it.
    const loud = bad.filter((call) => call.status !== null && !isSilent(call, recorded));
    figures['bad answers'] += bad.length;
    const logged = failures.filter(({ channel }) => channel !== null && channels.includes(channel)).length;
    if (logged < loud.length)
      finding.violate(`${name} answered badly ${loud.length} times, ${logged} failures were logged`);
  }
  for (const [pid, counted] of Object.entries(recorded.failureMetrics)) {
    const logged = failures.filter((failure) => failure.pid === Number(pid)).length;
    figures['counted in metrics'] += counted;
    if (logged !== counted) finding.violate(`process ${pid} logged ${logged} failures and counted ${counted}`);
  }
  return finding.done(figures);
}
