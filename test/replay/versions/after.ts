import { proxyActivities } from '@temporalio/workflow';
import type { VersionedActivities } from './activities';

const { pokeStaleWork, countParked } = proxyActivities<VersionedActivities>({ startToCloseTimeout: '10s' });

/** The new way alone: when no run has the patch in its history any more; also what a change without `patched` would be. */
export async function VersionedWorkflow(): Promise<void> {
  await countParked();
  await pokeStaleWork();
}
