import { createFinding, type Finding } from './finding';
import type { Recorded, TwinCall } from './recorded';
import { compare, type EventVersion, type Truth, truthKey, truthKeyOfTwinKey } from './truth';

/** A request may carry what was true this long before it was received: it was read from the database, then sent. */
const READ_TO_RECEIVED_MS = 10_000;

/** Versions in the order in which a twin applied them. */
interface Effect {
  call: TwinCall;
  version: EventVersion;
}

/**
 * I2. The last word that a twin heard of each listing is its newest acknowledged version, unless that was rejected; the
 * ledger of answered attempts never goes back; no request carries a value that had been replaced when it was made. A
 * request that nobody waits for any more may still arrive late: those are counted apart, as long as a newer word followed.
 */
export function checkVersions(recorded: Recorded, truth: Truth): Finding {
  const finding = createFinding('I2', 'no stale overwrite');
  const figures = { 'lines applied': 0, 'ledger rows': 0, 'late, corrected': 0, 'shown wrong for at most, ms': 0 };
  const rejected = new Set(
    recorded.tables.levels
      .filter(({ state }) => state === 'rejected')
      .map((level) => truthKey(level.connectionId, level.listing)),
  );

  const effects = new Map<string, Effect[]>();
  for (const { calls } of Object.values(recorded.twins)) {
    const inOrder = calls
      .filter(({ effectSeq }) => effectSeq !== null)
      .sort((a, b) => (a.effectSeq ?? 0) - (b.effectSeq ?? 0));
    for (const call of inOrder) {
      for (const { what, key: twinKey, quantity } of call.applied) {
        const key = what === 'stock' ? truthKeyOfTwinKey(twinKey) : undefined;
        if (key === undefined || quantity === null) continue;
        figures['lines applied'] += 1;
        const version = truth.versionOf(key, quantity);
        if (!version) finding.violate(`${key} was set to ${quantity}, which no event said`);
        else effects.set(key, [...(effects.get(key) ?? []), { call, version }]);
      }
    }
  }

  for (const [key, told] of effects) {
    const truthOfKey = truth.listings.get(key);
    if (!truthOfKey) continue;
    let highest = told[0];
    let wrongSinceMs: number | undefined;
    for (const effect of told) {
      if (highest && compare(effect.version, highest.version) < 0) {
        figures['late, corrected'] += 1;
        wrongSinceMs ??= effect.call.atMs;
      } else {
        if (wrongSinceMs !== undefined)
          figures['shown wrong for at most, ms'] = Math.max(
            figures['shown wrong for at most, ms'],
            effect.call.atMs - wrongSinceMs,
          );
        wrongSinceMs = undefined;
        highest = effect;
      }
    }
    if (
      !rejected.has(key) &&
      compare(told.at(-1)?.version ?? truthOfKey.newest.version, truthOfKey.newest.version) !== 0
    ) {
      finding.violate(
        `${key}: the last word is of ${told.at(-1)?.version.id}, the newest is ${truthOfKey.newest.version.id}`,
      );
    }
    for (const { call, version } of told) {
      if (!wasReplacedBefore(call, version, truthOfKey.acked) || isExcused(call, recorded)) continue;
      finding.violate(
        `${key}: request ${call.seq} carried ${version.id}, which had been replaced ${READ_TO_RECEIVED_MS} ms before`,
      );
    }
  }

  const known = new Map<string, { version: EventVersion; sentAtMs: number }>();
  for (const row of [...recorded.tables.ledger].sort((a, b) => a.sentAtMs - b.sentAtMs)) {
    if (row.late === 1) continue;
    figures['ledger rows'] += 1;
    const key = truthKey(row.connectionId, row.listing);
    const version = { atMs: row.versionAtMs, id: row.versionId };
    const before = known.get(key);
    if (before && compare(version, before.version) < 0)
      finding.violate(`${key}: ${version.id} was sent after ${before.version.id}`);
    else known.set(key, { version, sentAtMs: row.sentAtMs });
  }
  return finding.done(figures);
}

/** Whether a newer version had been acknowledged well before the request was received. */
const wasReplacedBefore = (
  call: TwinCall,
  version: EventVersion,
  acked: readonly { version: EventVersion; atMs: number }[],
): boolean => acked.some((one) => one.atMs < call.atMs - READ_TO_RECEIVED_MS && compare(one.version, version) > 0);

/** A process that was stopped holds what it has read; and a file is asked for before it is read. */
function isExcused(call: TwinCall, { disturbances }: Recorded): boolean {
  if (call.twin === 'shiphero') return true;
  return disturbances.some(
    ({ kind, atMs, untilMs }) => kind === 'freeze' && atMs < call.atMs && call.atMs < untilMs + 2 * READ_TO_RECEIVED_MS,
  );
}
