import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { type FailureDetails, type FailureType, isFailureType } from '../contracts/failures';

/** What an activity failed of, as a workflow sees it. */
export interface ReadFailure {
  /** `Unexpected`: a failure outside our closed set, such as a bug. */
  type: FailureType | 'Unexpected';
  message: string;
  details: FailureDetails;
}

const isDetails = (value: unknown): value is FailureDetails => typeof value === 'object' && value !== null;

/** Reads the failure of an activity; throws anything else on, such as a cancellation. */
export function readFailure(error: unknown): ReadFailure {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof TimeoutFailure)
    return { type: 'ChannelUnavailable', message: 'the activity timed out', details: {} };
  if (!(cause instanceof ApplicationFailure)) throw error;
  const [first] = cause.details ?? [];
  const details = isDetails(first) ? first : {};
  return { type: isFailureType(cause.type) ? cause.type : 'Unexpected', message: cause.message, details };
}
