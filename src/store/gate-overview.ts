import type { Database } from './database';

/** How the rate limit of a channel account stands. */
export interface GateState {
  /** Until when the channel asked us to send nothing, milliseconds since the epoch; null when it lets pass. */
  closedUntilMs: number | null;
  /** Until when turns are reserved; null when the next request may leave at once. */
  reservedUntilMs: number | null;
}

/** The credits of a channel account, as we count them now. */
export interface CreditState {
  /** Below zero while requests wait for credits to come back. */
  left: number;
  max: number;
  perSecond: number;
  /** When the channel was asked last; null when what we count is in doubt. */
  readAtMs: number | null;
}

/** The database's own clock, by which gates and credits are kept. */
const NOW_MS = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)';

interface GateRow {
  gateKey: string;
  nowMs: number;
  nextSlotAtMs: number;
  heldUntilMs: number;
}

/** Moments of the database's clock as moments of ours, so that "in 40 s" is true on a machine whose clock differs. */
function stateOf({ nowMs, nextSlotAtMs, heldUntilMs }: GateRow, ourNowMs: number): GateState {
  const ours = (atMs: number): number | null => (atMs > nowMs ? ourNowMs + (atMs - nowMs) : null);
  return { closedUntilMs: ours(heldUntilMs), reservedUntilMs: ours(nextSlotAtMs) };
}

/** Every gate that is closed or has turns reserved at this moment, by its key. There are as many as accounts that send. */
export async function readBusyGates(db: Database, ourNowMs: number): Promise<Map<string, GateState>> {
  const rows = await db.select<GateRow>(
    `SELECT gateKey, ${NOW_MS} AS nowMs, nextSlotAtMs, heldUntilMs FROM gates
     WHERE heldUntilMs > ${NOW_MS} OR nextSlotAtMs > ${NOW_MS}`,
  );
  return new Map(rows.map((row) => [row.gateKey, stateOf(row, ourNowMs)]));
}

/** The one gate; open when nothing ever passed it. */
export async function readGate(db: Database, gateKey: string, ourNowMs: number): Promise<GateState> {
  const [row] = await db.select<GateRow>(
    `SELECT gateKey, ${NOW_MS} AS nowMs, nextSlotAtMs, heldUntilMs FROM gates WHERE gateKey = ?`,
    [gateKey],
  );
  return row ? stateOf(row, ourNowMs) : { closedUntilMs: null, reservedUntilMs: null };
}

/** Undefined where nobody counts credits, or nothing was read yet. */
export async function readCredits(db: Database, gateKey: string): Promise<CreditState | undefined> {
  const [row] = await db.select<Omit<CreditState, 'readAtMs'> & { readAtMs: number }>(
    `SELECT LEAST(creditsMax, creditsLeft + (${NOW_MS} - countedAtMs) * perSecond / 1000) AS \`left\`, creditsMax AS max, perSecond, readAtMs
     FROM credits WHERE gateKey = ?`,
    [gateKey],
  );
  return row && { ...row, left: Math.floor(row.left), readAtMs: row.readAtMs === 0 ? null : row.readAtMs };
}
