import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { type FailureDetails, type FailureType, isFailureType } from '../contracts/failures';

/** What an activity failed of, as a workflow sees it. */
export interface ReadFailure {
  /** `Unexpected`: a failure outside our closed set, such as a bug. */
  type: FailureType | 'Unexpected';
  message: string;
  details: FailureDetails;
}

/** What the SDK calls an attempt that a stopping worker, a pause or a reset of the activity ended. */
const STOPPED_BY_TEMPORAL = new Set(['WorkerShutdown', 'ActivityPause', 'ActivityReset']);
const LOST: ReadFailure = { type: 'AttemptLost', message: 'the worker was lost in the middle of it', details: {} };

const isDetails = (value: unknown): value is FailureDetails => typeof value === 'object' && value !== null;

/** Reads the failure of an activity; throws anything else on, such as a cancellation. */
export function readFailure(error: unknown): ReadFailure {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) return readTimeout(cause);
  if (!(cause instanceof ApplicationFailure)) throw error;
  return readApplicationFailure(cause);
}

/**
 * A deadline over all attempts tells what the last one failed of; any other timeout means that nobody heard from the worker, whose
 * last heartbeat says how often the channel had failed before.
 */
const readTimeout = ({ cause, lastHeartbeatDetails }: TimeoutFailure): ReadFailure => {
  if (cause instanceof ApplicationFailure) return readApplicationFailure(cause);
  return isDetails(lastHeartbeatDetails) ? { ...LOST, details: lastHeartbeatDetails } : LOST;
};

function readApplicationFailure(cause: ApplicationFailure): ReadFailure {
  if (STOPPED_BY_TEMPORAL.has(cause.type ?? '')) return LOST;
  const [first] = cause.details ?? [];
  const details = isDetails(first) ? first : {};
  return { type: isFailureType(cause.type) ? cause.type : 'Unexpected', message: cause.message, details };
}
