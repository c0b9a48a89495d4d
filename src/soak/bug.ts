import type { LoadMix } from './load';
import type { Edit } from './patch';
import type { Scenario } from './scenario';

/** A fault that is put into the build on purpose, to see that the soak finds it. */
export interface Bug {
  name: string;
  /** What it does wrong. */
  does: string;
  /** The invariant that has to be found violated. */
  breaks: string;
  edits: readonly Edit[];
  /** Load and trouble under which it shows. */
  scenario: Scenario;
}

/** The bundle that workers run; code of workflows, and what they share with activities, stands there once more. */
export const WORKFLOWS = 'workflow-bundle.js';

/** A load without trouble, slow enough that most of it is worked off while the faults are there; a bug adds what it needs to show. */
export const CALM: Scenario = { events: 300, blows: [], faults: {}, perSecond: 40, quietWithinMs: 180_000 };

/** Half of it orders. */
export const MANY_ORDERS: LoadMix = { orders: 0.5, unusable: 0.02, repeated: 0.1 };
