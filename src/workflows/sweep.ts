import { continueAsNew, patched, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { SweepResult } from '../activities/upkeep';
import { SWEEP_PAUSE, SWEEPS_PER_RUN, UPKEEP } from './activity-options';
import { readFailure } from './failure-reading';
import { sweepDetails } from './wording';

export interface SweepInput {
  /** Sweeps once and returns what it found, instead of going on. */
  once?: boolean;
}

const { pokeStaleWork, deleteExpired } = proxyActivities<HomeActivities>(UPKEEP);

/**
 * Finds work that was stored and forgotten, because Temporal was down or a poke got lost, and starts it. One run goes on for good;
 * its schedule starts it again when somebody ended it.
 */
export async function SweepWorkflow({ once = false }: SweepInput = {}): Promise<SweepResult> {
  if (once || !patched('sweep-goes-on')) return pokeStaleWork();
  for (let sweeps = 0; sweeps < SWEEPS_PER_RUN; sweeps++) {
    // A sweep that failed has left everything where it was: the next one finds it.
    const found = await pokeStaleWork().catch(readFailure);
    setCurrentDetails(sweepDetails(found));
    await sleep(SWEEP_PAUSE, { summary: 'until the next sweep' });
  }
  return continueAsNew<typeof SweepWorkflow>({});
}

/** Forgets what is older than the retention. Runs by schedule. */
export const RetentionWorkflow = (): Promise<{ rows: number }> => deleteExpired();
