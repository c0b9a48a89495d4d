import { createSender } from './events';
import { createObserver } from './observer';
import { type StandOptions, startStand } from './stand';
import { createTenants } from './tenants';

/** A stand with the hands and eyes that a test needs. */
export async function startScene(options: StandOptions = {}) {
  const stand = await startStand(options);
  return {
    stand,
    tenants: createTenants(stand),
    send: createSender(stand),
    see: createObserver(stand),
    stop: stand.stop,
  };
}

export type Scene = Awaited<ReturnType<typeof startScene>>;
