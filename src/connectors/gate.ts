import type { GatePolicy } from './ports';

const MS_PER_MINUTE = 60_000;
/** Requests jitter on their way: a limit is approached to 97.5 %, so that a minute as the channel counts it never holds one too many. */
const MARGIN = 1.025;

/** Milliseconds from one request to the next; 0 when no limit is known. */
export const gateIntervalMs = ({ requestsPerMinute }: GatePolicy): number =>
  requestsPerMinute === undefined ? 0 : (MS_PER_MINUTE / requestsPerMinute) * MARGIN;
