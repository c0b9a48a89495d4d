import type { Call } from './ports';

/** What an answer says of the request that it answers. */
export interface Receipt {
  /** What was asked for, for people: "ShipHero, reading a sync". */
  what: string;
  /** The channel's own id of the request: its support asks for it. */
  requestId?: string;
  /** What the request cost in the end, where the channel counts credits; absent where the answer does not say. */
  credits?: number;
}

/** What an account may spend: every request costs credits, and some come back each second. */
export interface Credits {
  left: number;
  max: number;
  perSecond: number;
}

/** Reads the account's credits, for one credit; offered by channels that count them. */
export interface CreditReader {
  readCredits(call: Call): Promise<Credits>;
}
