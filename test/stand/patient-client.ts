import { Client } from '@temporalio/client';
import { PATIENCE_MS } from './waiting';

/** A client that waits for Temporal longer than the product does, for tests in which Temporal is there. */
export class PatientClient extends Client {
  override withDeadline<R>(_deadline: number | Date, call: () => Promise<R>): Promise<R> {
    return super.withDeadline(Date.now() + PATIENCE_MS, call);
  }
}
