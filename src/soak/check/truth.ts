import { compareVersions } from '../../contracts/stock';
import { connectionOf, publishedAtMsOf } from '../bodies';
import { type Load, quantityOf, type StockEvent } from '../load';
import { lineOfTwinKey, listingNameOf } from '../tenants';
import type { Ack } from './recorded';

/** The order of truth of the soak's events, as one number and the identifier that decides between equals. */
export interface EventVersion {
  atMs: number;
  id: string;
}

/** Positive when `a` is newer. */
export const compare = (a: EventVersion, b: EventVersion): number =>
  compareVersions({ publishedAtMs: a.atMs, messageId: a.id }, { publishedAtMs: b.atMs, messageId: b.id });

/** What one listing should show. */
export interface ListingTruth {
  connectionId: number;
  listing: string;
  number: number;
  /** What the newest acknowledged event says. */
  newest: { quantity: number; version: EventVersion };
  /** The event that says 0; at most one does. */
  zero: EventVersion | undefined;
  /** Acknowledged versions by when they were, oldest acknowledgement first. */
  acked: { version: EventVersion; atMs: number }[];
}

/** What the sender was promised, by listing. */
export interface Truth {
  listings: ReadonlyMap<string, ListingTruth>;
  /** Acknowledged stock events. */
  stockEvents: readonly { event: StockEvent; ack: Ack }[];
  /** The version that a quantity of a listing belongs to; undefined for a quantity that no event gave it. */
  versionOf(key: string, quantity: number): EventVersion | undefined;
}

export const truthKey = (connectionId: number, listing: string): string => `${connectionId} ${listing}`;
export const versionOfEvent = (event: StockEvent): EventVersion => ({
  atMs: publishedAtMsOf(event),
  id: event.messageId,
});

/** Reads what the acknowledgements of a load promise. */
export function truthOf(load: Load, acks: readonly Ack[]): Truth {
  const listings = new Map<string, ListingTruth>();
  const first = new Map<number, Ack>();
  for (const ack of acks) {
    const known = first.get(ack.number);
    if (ack.httpStatus < 300 && (!known || ack.atMs < known.atMs)) first.set(ack.number, ack);
  }
  const stockEvents = [...first.values()]
    .sort((a, b) => a.atMs - b.atMs)
    .flatMap((ack) => {
      const event = load.events[ack.number];
      return event?.kind === 'stock' ? [{ event, ack }] : [];
    });
  for (const { event, ack } of stockEvents) {
    const version = versionOfEvent(event);
    for (const number of event.listings) {
      if (number === event.badListing) continue;
      const listing = listingNameOf(connectionOf(event.connectionId), number);
      const key = truthKey(event.connectionId, listing);
      const quantity = quantityOf(event, number);
      const newest = { quantity, version };
      const known = listings.get(key) ?? {
        connectionId: event.connectionId,
        listing,
        number,
        newest,
        zero: undefined,
        acked: [],
      };
      if (compare(version, known.newest.version) > 0) known.newest = newest;
      if (quantity === 0) known.zero = version;
      known.acked.push({ version, atMs: ack.atMs });
      listings.set(key, known);
    }
  }
  return {
    listings,
    stockEvents,
    versionOf(key, quantity) {
      if (quantity === 0) return listings.get(key)?.zero;
      const event = load.events[quantity - 1];
      return event?.kind === 'stock' && event.connectionId === Number(key.split(' ')[0])
        ? versionOfEvent(event)
        : undefined;
    },
  };
}

/** The key in {@link Truth} of what a twin calls a line; undefined for a line that is not of the soak's making. */
export function truthKeyOfTwinKey(key: string): string | undefined {
  const line = lineOfTwinKey(key);
  return line && truthKey(line.connectionId, line.listing);
}
