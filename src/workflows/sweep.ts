import { proxyActivities } from '@temporalio/workflow';
import type { HomeActivities } from '../activities';
import type { SweepResult } from '../activities/upkeep';
import { UPKEEP } from './activity-options';

const { pokeStaleWork, deleteExpired } = proxyActivities<HomeActivities>(UPKEEP);

/** Finds work that was stored and forgotten, because Temporal was down or a poke got lost, and starts it. Runs by schedule. */
export const SweepWorkflow = (): Promise<SweepResult> => pokeStaleWork();

/** Forgets what is older than the retention. Runs by schedule. */
export const RetentionWorkflow = (): Promise<{ rows: number }> => deleteExpired();
