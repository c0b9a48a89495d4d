import type { Fault } from '../twins/faults';
import type { TwinName } from './check/recorded';
import type { LoadMix } from './load';
import { type Blow, planBlows } from './trouble';

/** How much load, how fast, and what goes wrong meanwhile. */
export interface Scenario {
  events: number;
  mix?: LoadMix;
  /** Posts a second. */
  perSecond: number;
  blows: readonly Blow[];
  /** Faults that stay for the whole load; without them the usual ones come and go. */
  faults?: Partial<Record<TwinName, readonly Fault[]>>;
  tokensDieEveryMs?: number;
  /** How long it may take to come to rest after the last fault. */
  quietWithinMs: number;
}

const SECONDS_PER_KILL = 5;
/** Of which 6 are orders: about half of what two cores can carry beside everything else that runs here. */
const MAX_PER_SECOND = 120;
/** A lost poke is found by the sweep after 15 s of age and 20 s between two turns; a probe and its backoff come on top. */
const QUIET_WITHIN_MS = 600_000;

/** A run of so many events with so many kills: everything that can go wrong, at moments from the seed. */
export function fullScenario({ seed, events, kills }: { seed: number; events: number; kills: number }): Scenario {
  const seconds = Math.max(events / MAX_PER_SECOND, kills * SECONDS_PER_KILL);
  return {
    events,
    perSecond: Math.max(1, (events / seconds) * 1.5),
    blows: planBlows({ seed, kills }),
    quietWithinMs: QUIET_WITHIN_MS,
  };
}
