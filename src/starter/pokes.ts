import type { StockNews } from '../workflows/messages';
import type { Dispatch } from './dispatch';

/** Close enough for a person, far enough to make one poke out of a burst. */
const POKE_SPACING_MS = 250;

/** Pokes that run in the background after the answer: at most one in flight per connection, spaced, the rest coalesced. */
export interface Pokes {
  /** Without `news` a listing may have sold out. */
  poke(connectionId: number, news?: StockNews): void;
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
  const busy = new Map<number, { next: StockNews | undefined }>();
  const inFlight = new Set<Promise<void>>();

  const inBackground = (what: string, work: () => Promise<void>): Promise<void> => {
    const running = work()
      .catch((error: unknown) => onLost(what, error))
      .finally(() => inFlight.delete(running));
    inFlight.add(running);
    return running;
  };

  const send = (connectionId: number, news: StockNews): Promise<void> =>
    inBackground(`inventory sync of connection ${connectionId}`, () => dispatch.pokeInventorySync(connectionId, news));

  function poke(connectionId: number, news: StockNews = {}): void {
    const current = busy.get(connectionId);
    if (current) {
      current.next = current.next?.hasZeros === false || current.next === undefined ? news : current.next;
      return;
    }
    const turn: { next: StockNews | undefined } = { next: undefined };
    busy.set(connectionId, turn);
    void send(connectionId, news).then(() => {
      const timer = setTimeout(() => {
        busy.delete(connectionId);
        if (turn.next) poke(connectionId, turn.next);
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
        if (!turn.next) continue;
        void send(connectionId, turn.next);
        turn.next = undefined;
      }
      await Promise.all(inFlight);
    },
  };
}
