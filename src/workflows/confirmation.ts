import type { SeenLines } from './messages';

const HOW = 'send nothing for every line that is open there, or {"lines": ["<line item sequence number>"]}';

/**
 * Reads what a person sent with a confirmation, which nobody has checked before; `known` are the order's lines. Answers the fault in
 * words when it does not fit: a slip of the pen must not count for every line.
 */
export function readSeenLines(sent: unknown, known: readonly string[]): SeenLines | { fault: string } {
  if (sent === undefined || sent === null) return {};
  if (typeof sent !== 'object' || Array.isArray(sent)) return { fault: HOW };
  const { lines, ...others } = sent as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) return { fault: `${other}: is not known; ${HOW}` };
  if (lines === undefined) return {};
  if (!Array.isArray(lines) || lines.length === 0) return { fault: `lines: is no list of lines; ${HOW}` };
  const named = lines.map((line) => (typeof line === 'number' ? String(line) : line));
  const stranger = named.find((line) => !known.includes(line));
  if (stranger !== undefined) {
    return { fault: `lines: the order has no line ${JSON.stringify(stranger)}; it has ${known.join(', ')}` };
  }
  return { lines: named };
}
