import { connectionOf, sequenceNumberOf } from '../bodies';
import type { Load } from '../load';
import { createFinding, type Finding } from './finding';
import { type Recorded, twinOf } from './recorded';
import { type Truth, truthKey, truthKeyOfTwinKey, versionOfEvent } from './truth';

const FINAL: Readonly<Record<string, string>> = { success: 'delivered', superseded: 'superseded', error: 'rejected' };

/** What the twins show in the end, by the key of {@link Truth}. */
function shownByTwins(recorded: Recorded): Map<string, number> {
  const shown = new Map<string, number>();
  for (const { stock } of Object.values(recorded.twins)) {
    for (const quantities of Object.values(stock)) {
      for (const [twinKey, quantity] of Object.entries(quantities)) {
        const key = truthKeyOfTwinKey(twinKey);
        if (key !== undefined) shown.set(key, quantity);
      }
    }
  }
  return shown;
}

/**
 * I1. Every line of an acknowledged event is delivered, superseded by an acknowledged newer one, or rejected with a verdict;
 * every listing shows the quantity of its newest version unless that was rejected; every acknowledged order line is cancelled
 * on both sides unless the marketplace has packed it; every unusable event is kept.
 */
export function checkAcceptedLines(recorded: Recorded, load: Load, truth: Truth): Finding {
  const finding = createFinding('I1', 'no loss');
  const { tables } = recorded;
  const figures: Record<string, number> = {
    lines: 0,
    delivered: 0,
    superseded: 0,
    rejected: 0,
    listings: truth.listings.size,
  };
  const count = (name: string) => {
    figures[name] = (figures[name] ?? 0) + 1;
  };

  const rowsOf = new Map<string, (typeof tables.lines)[number][]>();
  for (const row of tables.lines) {
    const key = `${row.connectionId} ${row.messageId}`;
    const rows = rowsOf.get(key);
    if (rows) rows.push(row);
    else rowsOf.set(key, [row]);
  }
  for (const { event, ack } of truth.stockEvents) {
    const rows = rowsOf.get(`${event.connectionId} ${event.messageId}`) ?? [];
    figures.lines = (figures.lines ?? 0) + event.listings.length;
    if (rows.length !== event.listings.length) {
      finding.violate(
        `event ${event.messageId} was acknowledged with ${event.listings.length} lines, ${rows.length} are stored`,
      );
    }
    if (rows.some((row) => row.submissionId !== ack.submissionId))
      finding.violate(`event ${event.messageId} is stored under another id than was answered`);
    for (const row of rows) {
      const fate = FINAL[row.status];
      if (fate === undefined) finding.violate(`a line of ${event.messageId} is still ${row.status}`);
      else count(fate);
      if (fate === 'superseded') {
        const newest = truth.listings.get(truthKey(event.connectionId, row.listing))?.newest.version;
        if (newest?.id === versionOfEvent(event).id)
          finding.violate(`the newest line of ${row.listing} counts as superseded`);
      }
    }
  }
  for (const { id, status, totalCount, finishedCount } of tables.submissions) {
    if (finishedCount !== totalCount || status === 'pending' || status === 'processing')
      finding.violate(`submission ${id} is ${status}, ${finishedCount} of ${totalCount} lines`);
  }

  const shown = shownByTwins(recorded);
  const levels = new Map(tables.levels.map((level) => [truthKey(level.connectionId, level.listing), level]));
  for (const [key, { connectionId, newest, listing }] of truth.listings) {
    const level = levels.get(key);
    if (level?.versionId !== newest.version.id || level.desiredQuantity !== newest.quantity) {
      finding.violate(
        `${listing}: the newest acknowledged quantity is ${newest.quantity}, stored is ${level?.desiredQuantity}`,
      );
    } else if (level.state === 'rejected') {
      count('listings rejected');
    } else if (level.state !== 'clean') {
      finding.violate(`${listing} is still ${level.state}`);
    } else if (shown.get(key) !== newest.quantity) {
      finding.violate(
        `${listing}: ${twinOf(connectionOf(connectionId).channel)} shows ${shown.get(key)}, the newest is ${newest.quantity}`,
      );
    } else count('listings shown');
  }

  const orderLines = new Map(
    tables.orderLines.map((line) => [`${line.connectionId} ${line.lineItemSequenceNumber}`, line]),
  );
  const answered = new Set(recorded.acks.filter(({ httpStatus }) => httpStatus < 300).map(({ number }) => number));
  for (const event of load.events) {
    if (event.kind !== 'order' || !answered.has(event.number)) continue;
    for (const line of event.lines) {
      count('order lines');
      const row = orderLines.get(`${event.connectionId} ${sequenceNumberOf(event.orderNumber, line)}`);
      if (row?.marketplaceState === 'cancelled' && row.wmsState === 'cancelled' && row.status === 'done')
        count('order lines cancelled');
      else if (row?.status === 'failed' && event.isPacked) count('order lines given up');
      else
        finding.violate(
          `order ${event.orderNumber}, line ${line}: ${row ? `${row.status}, ${row.marketplaceState}, ${row.wmsState}` : 'not stored'}`,
        );
    }
  }

  const unexpected = recorded.acks.filter(
    ({ number, httpStatus }) => httpStatus >= 300 && load.events[number]?.kind !== 'unusable-stock',
  );
  for (const { number, httpStatus } of unexpected) finding.violate(`event ${number} was refused with ${httpStatus}`);
  const kept = tables.parked.filter(({ status }) => status === 'parked');
  const posted = new Set(recorded.acks.map(({ number }) => number));
  const unusable = load.events.filter(({ kind, number }) => kind.startsWith('unusable') && posted.has(number));
  figures.parked = kept.length;
  if (kept.length !== unusable.length)
    finding.violate(`${unusable.length} unusable events were answered, ${kept.length} are kept`);
  if (recorded.quietAfterMs === null) finding.violate('it never came to rest');
  return finding.done(figures);
}
