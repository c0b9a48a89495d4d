import { patched, proxyActivities } from '@temporalio/workflow';
import type { VersionedActivities } from './activities';

const { pokeStaleWork, countParked } = proxyActivities<VersionedActivities>({ startToCloseTimeout: '10s' });

/** With a new step, while runs of the old way are open. */
export async function VersionedWorkflow(): Promise<void> {
  if (patched('count-parked')) await countParked();
  await pokeStaleWork();
}
