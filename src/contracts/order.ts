/** One line of an order that the warehouse cannot ship. */
export interface OrderLine {
  /** The WMS's own number of the line; identifies it within the order. */
  lineItemSequenceNumber: string;
  /** The WMS's `orderItemID`. */
  orderItemId: string;
  /** The WMS's `itemID`. */
  itemId: string;
  /** What the marketplace calls the line: `customerOrderItemID`. */
  marketplaceItemId: string;
  /** Whole pieces, at least 1. */
  quantity: number;
  /** Pieces of what the marketplace calls this line that the seller cancelled with other requests; it shows their sum. Absent: none. */
  cancelledBefore?: number;
  /** Pieces of `quantity` that the buyer, or the marketplace itself, has cancelled there: it is not asked for them. Absent: none. */
  buyerCancelled?: number;
  /** Pieces of `quantity` that the marketplace has cancelled for us while the rest stayed open: only the rest is asked for. Absent: none. */
  sellerCancelled?: number;
  /** Pieces of what the marketplace calls this line that the buyer or the marketplace has cancelled, as was found out for other requests. Absent: none. */
  buyerCancelledBefore?: number;
}

/** Some pieces of a line: `quantity` of them, counted on from `firstPiece`. */
export interface LinePieces extends OrderLine {
  /** 1 for the pieces that the first event named; more for those that a later one added. */
  firstPiece: number;
}

/** An order as both sides know it; no customer, no address. */
export interface OrderRef {
  /** `customerOrderNumber`. */
  orderNumber: string;
  vendorOrderNumber: string | null;
  externalChannelId: string;
}

/** What an order's row holds apart from its progress; a run carries it, so that it can store the order again. No customer. */
export interface OrderRecord extends OrderRef {
  accountSlug: string;
  connectionId: number;
  wmsConnectionId: number;
  lines: LinePieces[];
}

/** What a channel said of one line that we asked it to cancel. `unknown`: the answer does not mention it, or names the order only. */
export type CancelVerdict =
  | { lineItemSequenceNumber: string; verdict: 'cancelled' }
  | { lineItemSequenceNumber: string; verdict: 'refused' | 'unknown'; message: string };

export interface CancelOrderRequest {
  order: OrderRef;
  lines: readonly OrderLine[];
  /** When the marketplace accepted the cancel of these lines, ISO-8601 UTC; the same in every try. */
  cancelledAt: string;
}

/** What a channel shows for a line when it is read back. `shipped`: packed or on its way, so that only a person can decide. */
export type ObservedLineState = 'open' | 'cancelled' | 'shipped' | 'missing';

export interface ObservedOrderLine {
  lineItemSequenceNumber: string;
  state: ObservedLineState;
  /** Pieces of the line's quantity that somebody else than the seller has cancelled, those that were known before among them. Absent: nothing new. */
  buyerCancelled?: number;
  /** Pieces of the line's quantity that were cancelled for us while others are open, those that were known before among them. Absent: nothing new. */
  sellerCancelled?: number;
  /** Beside the pieces that we ask for there are as many again: a request that arrives late would take them on top. Absent: no, or not known. */
  hasSpare?: boolean;
  /** The channel's word for the state. */
  channelWords: string;
}

/** The business result of an order run, apart from the workflow's status. */
export type OrderOutcome =
  | 'cancelled'
  | 'partially_cancelled'
  | 'cancelled_at_marketplace_only'
  | 'not_cancelled'
  | 'gave_up';
