import { createDice, type Dice } from './dice';
import { CONNECTIONS, type SoakConnection } from './tenants';

/** An inventory event. Its quantity tells which event a channel shows: number + 1, and 0 for one event of each listing at most. */
export interface StockEvent {
  kind: 'stock';
  number: number;
  connectionId: number;
  messageId: string;
  /** Seconds of the source's clock, which is skewed; several events share one. */
  publishedAtSeconds: number;
  /** Numbers of listings, each once; those in `zeros` are sold out. */
  listings: readonly number[];
  zeros: readonly number[];
  /** A listing whose line cannot be used; null: all can. */
  badListing: number | null;
}

/** An order event; `lines` are numbers of lines, quantities are 1. */
export interface OrderEvent {
  kind: 'order';
  number: number;
  connectionId: number;
  orderNumber: string;
  lines: readonly number[];
  /** The marketplace has packed it, so that it refuses to cancel. */
  isPacked: boolean;
}

/** An event that cannot be used: of a connection that does not exist, or of a warehouse that nobody serves. */
export interface UnusableEvent {
  kind: 'unusable-stock' | 'unusable-order';
  number: number;
  accountSlug: string;
}

export type SoakEvent = StockEvent | OrderEvent | UnusableEvent;

export interface Load {
  events: readonly SoakEvent[];
  /** Numbers of events in the order in which they are sent, repeats included. */
  order: readonly number[];
}

/** What the soak makes of its events; each share of all. */
export interface LoadMix {
  orders: number;
  unusable: number;
  repeated: number;
}

export const USUAL_MIX: LoadMix = { orders: 0.05, unusable: 0.02, repeated: 0.1 };

const EVENTS_PER_SECOND = 4;
const MAX_SKEW_SECONDS = 90;
const SHUFFLED_OVER = 150;
const MAX_COPIES = 10;
const LINES = { min: 6, max: 14 };

const takers = CONNECTIONS.filter(({ weight }) => weight > 0);
const orderTakers = CONNECTIONS.filter(({ externalChannelId }) => externalChannelId !== null);

function oneOf(dice: Dice, all: readonly SoakConnection[], weightOf: (one: SoakConnection) => number): SoakConnection {
  let left = dice.int(
    1,
    all.reduce((sum, one) => sum + weightOf(one), 0),
  );
  for (const one of all) {
    left -= weightOf(one);
    if (left <= 0) return one;
  }
  throw new RangeError('there is no connection to choose from');
}

/** The events of a run, all from the seed. */
export function makeLoad({
  seed,
  events: count,
  mix = USUAL_MIX,
}: {
  seed: number;
  events: number;
  mix?: LoadMix;
}): Load {
  const dice = createDice(seed, 'load');
  const soldOut = new Set<string>();

  const stock = (number: number): StockEvent => {
    const { id, listings } = oneOf(dice, takers, ({ weight }) => weight);
    const chosen = dice.several(dice.int(LINES.min, LINES.max), listings);
    const zeros = chosen.filter((listing) => !soldOut.has(`${id}/${listing}`) && dice.chance(0.1));
    for (const listing of zeros) soldOut.add(`${id}/${listing}`);
    const skew = dice.chance(0.2) ? dice.int(-MAX_SKEW_SECONDS, MAX_SKEW_SECONDS) : 0;
    return {
      kind: 'stock',
      number,
      connectionId: id,
      messageId: `m${seed}-${dice.int(0, 99_999)}-${number}`,
      publishedAtSeconds: MAX_SKEW_SECONDS + Math.floor(number / EVENTS_PER_SECOND) + skew,
      listings: chosen,
      zeros,
      badListing: dice.chance(0.02) ? (chosen.find((listing) => !zeros.includes(listing)) ?? null) : null,
    };
  };
  let lastOrder: OrderEvent | undefined;
  const order = (number: number): OrderEvent => {
    // Now and then another event of the order before, for lines that were not named yet.
    if (lastOrder && !lastOrder.isPacked && dice.chance(0.1)) {
      const next = Math.max(...lastOrder.lines) + 1;
      lastOrder = { ...lastOrder, number, lines: [next] };
      return lastOrder;
    }
    const { id } = oneOf(dice, orderTakers, () => 1);
    const lines = Array.from({ length: dice.int(1, 3) }, (_, index) => index + 1);
    lastOrder = {
      kind: 'order',
      number,
      connectionId: id,
      orderNumber: `O${seed}-${number}`,
      lines,
      isPacked: dice.chance(0.04),
    };
    return lastOrder;
  };
  const unusable = (number: number): UnusableEvent => ({
    kind: dice.chance(0.5) ? 'unusable-stock' : 'unusable-order',
    number,
    accountSlug: oneOf(dice, orderTakers, () => 1).accountSlug,
  });

  const events = Array.from({ length: count }, (_, number): SoakEvent => {
    if (dice.chance(mix.orders)) return order(number);
    if (dice.chance(mix.unusable)) return unusable(number);
    return stock(number);
  });
  const sends = events.flatMap(({ number }) => {
    const copies = dice.chance(mix.repeated) ? dice.int(2, MAX_COPIES) : 1;
    return Array.from({ length: copies }, (_, copy) => ({ number, at: number + dice.int(0, SHUFFLED_OVER) + copy }));
  });
  return { events, order: sends.sort((a, b) => a.at - b.at).map(({ number }) => number) };
}

/** The quantity that an event gives a listing, or that a channel shows of it. */
export const quantityOf = (event: StockEvent, listing: number): number =>
  event.zeros.includes(listing) ? 0 : event.number + 1;
