import { deprecatePatch, proxyActivities } from '@temporalio/workflow';
import type { VersionedActivities } from './activities';

const { pokeStaleWork, countParked } = proxyActivities<VersionedActivities>({ startToCloseTimeout: '10s' });

/** When no run of the old way is open or kept any more. */
export async function VersionedWorkflow(): Promise<void> {
  deprecatePatch('count-parked');
  await countParked();
  await pokeStaleWork();
}
