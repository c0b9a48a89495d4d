import type { Dispatch } from './dispatch';

/** Close enough for a person, far enough to make one poke out of a burst. */
const POKE_SPACING_MS = 250;

/** Pokes that run in the background after the answer: at most one in flight per connection, spaced, the rest coalesced. */
export interface Pokes {
  poke(connectionId: number): void;
  startOrder(orderId: string): void;
  startImport(syncId: string): void;
  /** Resolves when nothing is in flight. */
  drain(): Promise<void>;
}

/** `onLost` is told of a poke that failed; the sweep will find its work. */
export function createPokes(
  dispatch: Pick<Dispatch, 'pokeInventorySync' | 'startOrder' | 'startImport'>,
  onLost: (what: string, error: unknown) => void,
): Pokes {
  const busy = new Map<number, { again: boolean }>();
  const inFlight = new Set<Promise<void>>();

  const inBackground = (what: string, work: () => Promise<void>): Promise<void> => {
    const running = work()
      .catch((error: unknown) => onLost(what, error))
      .finally(() => inFlight.delete(running));
    inFlight.add(running);
    return running;
  };

  function poke(connectionId: number): void {
    const current = busy.get(connectionId);
    if (current) {
      current.again = true;
      return;
    }
    const turn = { again: false };
    busy.set(connectionId, turn);
    void inBackground(`inventory sync of connection ${connectionId}`, () =>
      dispatch.pokeInventorySync(connectionId),
    ).then(() => {
      const timer = setTimeout(() => {
        busy.delete(connectionId);
        if (turn.again) poke(connectionId);
      }, POKE_SPACING_MS);
      timer.unref();
    });
  }

  return {
    poke,
    startOrder: (orderId) => void inBackground(`order ${orderId}`, () => dispatch.startOrder(orderId)),
    startImport: (syncId) => void inBackground(`import ${syncId}`, () => dispatch.startImport(syncId)),
    async drain() {
      // What was coalesced and still waits for its turn goes out now, so that a stopping gateway leaves nothing to the sweep.
      for (const [connectionId, turn] of busy) {
        if (!turn.again) continue;
        turn.again = false;
        void inBackground(`inventory sync of connection ${connectionId}`, () =>
          dispatch.pokeInventorySync(connectionId),
        );
      }
      await Promise.all(inFlight);
    },
  };
}
