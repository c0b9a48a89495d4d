import type { Database } from './database';
import type { GatePass } from './gates';

/** What an account may spend, as the channel said it. */
export interface CreditReading {
  left: number;
  max: number;
  perSecond: number;
}

/** `unknown`: the channel has to be asked first. `impossible`: more than the account can ever have, which is `max`. */
export type CreditPass = GatePass | { unknown: true } | { impossible: true; max: number };

/** The credits of a channel account, kept in MySQL so that what one process plans to spend is not spent by another. */
export interface CreditStore {
  /** Takes the credits, also those that come back within `maxWaitMs`: the caller then waits as long as it is told. */
  reserve(gateKey: string, credits: number, maxWaitMs: number): Promise<CreditPass>;
  /** Never raises what we count ourselves: a reading does not know of what is reserved and not sent yet. */
  learn(gateKey: string, reading: CreditReading): Promise<void>;
  /** Adds what was reserved for a request and not paid; negative: takes what was paid above that. */
  correct(gateKey: string, difference: number): Promise<void>;
  /** What we count is wrong, such as when others spend from the same account: the next reservation is `unknown`. */
  doubt(gateKey: string): Promise<void>;
}

/** Others may spend from the same account: after this long the channel is asked again. */
const READING_LASTS_MS = 60_000;
/** The channel's clock and ours tick apart. */
const MARGIN_MS = 100;

/** The database's own clock, so that processes with different clocks agree. */
const NOW_MS = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)';
/**
 * As many as we count on. Not all that there can be: what is reserved leaves the account only when its request arrives, and a
 * full account gains nothing until then.
 */
const USABLE = 'creditsMax - LEAST(2 * perSecond, creditsMax / 10)';
/** What is there at this moment; below zero while reservations wait for credits to come back. */
const LEFT_NOW = `LEAST(${USABLE}, creditsLeft + (${NOW_MS} - countedAtMs) * perSecond / 1000)`;

interface Account {
  creditsNow: number;
  usable: number;
  creditsMax: number;
  perSecond: number;
  isOld: number;
}

export function createCreditStore(db: Database): CreditStore {
  return {
    reserve: (gateKey, credits, maxWaitMs) =>
      db.transaction(async (tx): Promise<CreditPass> => {
        const [account] = await tx.select<Account>(
          `SELECT ${LEFT_NOW} AS creditsNow, ${USABLE} AS usable, creditsMax, perSecond, readAtMs < ${NOW_MS} - ? AS isOld
           FROM credits WHERE gateKey = ? FOR UPDATE`,
          [READING_LASTS_MS, gateKey],
        );
        if (!account) return { unknown: true };
        if (account.isOld === 1) {
          // One caller asks; the others go on with what is known.
          await tx.change(`UPDATE credits SET readAtMs = ${NOW_MS} WHERE gateKey = ?`, [gateKey]);
          return { unknown: true };
        }
        const { creditsNow, usable, creditsMax, perSecond } = account;
        if (credits > creditsMax) return { impossible: true, max: creditsMax };
        const missing = Math.min(credits, usable) - creditsNow;
        const waitMs = missing <= 0 ? 0 : Math.ceil((missing / perSecond) * 1_000) + MARGIN_MS;
        if (waitMs > maxWaitMs) return { waitMs, reserved: false };
        await tx.change(`UPDATE credits SET creditsLeft = ${LEFT_NOW} - ?, countedAtMs = ${NOW_MS} WHERE gateKey = ?`, [
          credits,
          gateKey,
        ]);
        return { waitMs, reserved: true };
      }),

    async learn(gateKey, { left, max, perSecond }) {
      await db.change(
        `INSERT INTO credits (gateKey, creditsLeft, creditsMax, perSecond, countedAtMs, readAtMs)
         VALUES (?, ?, ?, ?, ${NOW_MS}, ${NOW_MS})
         ON DUPLICATE KEY UPDATE creditsLeft = LEAST(VALUES(creditsLeft), ${LEFT_NOW}), creditsMax = VALUES(creditsMax),
           perSecond = VALUES(perSecond), countedAtMs = VALUES(countedAtMs), readAtMs = VALUES(readAtMs)`,
        [gateKey, left, max, perSecond],
      );
    },

    // A reading between reservation and answer may know of it already. Then this counts too much, and the channel's own no ends that.
    async correct(gateKey, difference) {
      await db.change(
        `UPDATE credits SET creditsLeft = LEAST(${USABLE}, ${LEFT_NOW} + ?), countedAtMs = ${NOW_MS} WHERE gateKey = ?`,
        [difference, gateKey],
      );
    },

    async doubt(gateKey) {
      await db.change('UPDATE credits SET readAtMs = 0 WHERE gateKey = ?', [gateKey]);
    },
  };
}
