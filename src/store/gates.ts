import type { Database } from './database';

export interface GatePass {
  /** How long the caller must wait before its request may leave, milliseconds. */
  waitMs: number;
  /** False when nothing was reserved: the channel asked us to wait, or the next slot is too far off. */
  reserved: boolean;
  /** When the reserved slot is, by the database's clock; absent where there is none. */
  slotAtMs?: number;
}

/** The rate limit of a channel account, kept in MySQL so that it holds across any number of processes. */
export interface GateStore {
  /**
   * Reserves the next slot, `intervalMs` after the one before, unless it is further off than `maxWaitMs`; an interval of 0
   * reserves nothing and only obeys a hold. Whoever comes back for the slot at `slotAtMs` gets that one, unless it is gone by
   * more than a second.
   */
  reserve(gateKey: string, intervalMs: number, maxWaitMs: number, slotAtMs?: number): Promise<GatePass>;
  /** Lets nothing pass for `waitMs` from now; never shortens a longer hold. */
  hold(gateKey: string, waitMs: number): Promise<void>;
}

/** The database's own clock, so that processes with different clocks agree. */
const NOW_MS = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)';

/** A request that leaves this much after its slot still keeps the limit: as much as a minute's slots leave to spare. */
const MAX_LATE_MS = 1_000;

export function createGateStore(db: Database): GateStore {
  return {
    async reserve(gateKey, intervalMs, maxWaitMs, slotAtMs) {
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
        const [gate] = await tx.select<{ nowMs: number; heldUntilMs: number; nextSlotAtMs: number }>(
          `SELECT ${NOW_MS} AS nowMs, heldUntilMs, nextSlotAtMs FROM gates WHERE gateKey = ? FOR UPDATE`,
          [gateKey],
        );
        if (!gate) throw new Error(`gate ${gateKey} disappeared while it was locked`);
        const { nowMs, heldUntilMs } = gate;
        if (heldUntilMs > nowMs) return { waitMs: heldUntilMs - nowMs, reserved: false };
        if (slotAtMs !== undefined && slotAtMs >= nowMs - MAX_LATE_MS) {
          return { waitMs: Math.max(slotAtMs - nowMs, 0), reserved: true, slotAtMs };
        }
        const nextSlotAtMs = Math.max(gate.nextSlotAtMs, nowMs);
        const waitMs = nextSlotAtMs - nowMs;
        if (waitMs > maxWaitMs) return { waitMs, reserved: false };
        await tx.change('UPDATE gates SET nextSlotAtMs = ? WHERE gateKey = ?', [
          nextSlotAtMs + Math.ceil(intervalMs),
          gateKey,
        ]);
        return { waitMs, reserved: true, slotAtMs: nextSlotAtMs };
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
