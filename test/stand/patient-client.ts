import { Client } from '@temporalio/client';

const PATIENCE_MS = 120_000;

/**
 * A client that waits for Temporal longer than the product does, for tests in which Temporal is there: a call that takes some
 * seconds only says that the machine is busy.
 */
export class PatientClient extends Client {
  override withDeadline<R>(_deadline: number | Date, call: () => Promise<R>): Promise<R> {
    return super.withDeadline(Date.now() + PATIENCE_MS, call);
  }
}
