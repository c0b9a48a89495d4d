import { proxyActivities } from '@temporalio/workflow';
import type { VersionedActivities } from './activities';

const { pokeStaleWork } = proxyActivities<VersionedActivities>({ startToCloseTimeout: '10s' });

/** As it was when the first runs were started. */
export async function VersionedWorkflow(): Promise<void> {
  await pokeStaleWork();
}
