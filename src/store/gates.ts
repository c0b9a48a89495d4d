import type { Database } from './database';

export interface GatePass {
  /** How long the caller must wait before its request may leave, milliseconds. */
  waitMs: number;
  /** False when nothing was reserved: the channel asked us to wait, or the next slot is too far off. */
  reserved: boolean;
}

/** The rate limit of a channel account, kept in MySQL so that it holds across any number of processes. */
export interface GateStore {
  /**
   * Reserves the next slot, `intervalMs` after the one before, unless it is further off than `maxWaitMs`; an interval of 0
   * reserves nothing and only obeys a hold.
   */
  reserve(gateKey: string, intervalMs: number, maxWaitMs: number): Promise<GatePass>;
  /** Lets nothing pass for `waitMs` from now; never shortens a longer hold. */
  hold(gateKey: string, waitMs: number): Promise<void>;
}

/** The database's own clock, so that processes with different clocks agree. */
const NOW_MS = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)';

export function createGateStore(db: Database): GateStore {
  return {
    async reserve(gateKey, intervalMs, maxWaitMs) {
      if (intervalMs <= 0) {
        const [row] = await db.select<{ waitMs: number }>(
          `SELECT heldUntilMs - ${NOW_MS} AS waitMs FROM gates WHERE gateKey = ?`,
          [gateKey],
        );
        const waitMs = Math.max(0, row?.waitMs ?? 0);
        return { waitMs, reserved: waitMs === 0 };
      }
      return db.transaction(async (tx) => {
        await tx.change('INSERT INTO gates (gateKey) VALUES (?) ON DUPLICATE KEY UPDATE gateKey = gateKey', [gateKey]);
        const [gate] = await tx.select<{ heldMs: number; slotMs: number }>(
          `SELECT heldUntilMs - ${NOW_MS} AS heldMs, GREATEST(nextSlotAtMs - ${NOW_MS}, 0) AS slotMs
           FROM gates WHERE gateKey = ? FOR UPDATE`,
          [gateKey],
        );
        if (!gate) throw new Error(`gate ${gateKey} disappeared while it was locked`);
        if (gate.heldMs > 0) return { waitMs: gate.heldMs, reserved: false };
        if (gate.slotMs > maxWaitMs) return { waitMs: gate.slotMs, reserved: false };
        await tx.change(`UPDATE gates SET nextSlotAtMs = GREATEST(nextSlotAtMs, ${NOW_MS}) + ? WHERE gateKey = ?`, [
          Math.ceil(intervalMs),
          gateKey,
        ]);
        return { waitMs: gate.slotMs, reserved: true };
      });
    },

    async hold(gateKey, waitMs) {
      await db.change(
        `INSERT INTO gates (gateKey, heldUntilMs) VALUES (?, ${NOW_MS} + ?)
         ON DUPLICATE KEY UPDATE heldUntilMs = GREATEST(heldUntilMs, VALUES(heldUntilMs))`,
        [gateKey, Math.ceil(waitMs)],
      );
    },
  };
}
