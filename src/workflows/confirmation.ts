import { patched } from '@temporalio/workflow';
import type { Attention } from './attention';
import { confirmCancelled, confirmNotCancelled, type SeenLines } from './messages';
import { onSignal, Unreadable } from './signals';

const HOW = 'send nothing for every line that is open there, or {"lines": ["<line item sequence number>"]}';

/**
 * Reads what a person sent with a confirmation, which nobody has checked before; `known` are the order's lines. Answers the fault in
 * words when it does not fit: a slip of the pen must not count for every line.
 */
export function readSeenLines(sent: unknown, known: readonly string[]): SeenLines | { fault: string } {
  if (sent === undefined || sent === null) return {};
  if (sent instanceof Unreadable) {
    return { fault: `what was sent cannot be read${sent.encoding && ` as ${sent.encoding}`}; ${HOW}` };
  }
  // Bytes have no names either when there are none of them.
  if (typeof sent !== 'object' || Array.isArray(sent) || ArrayBuffer.isView(sent)) return { fault: HOW };
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

/** The same for all the arguments of a confirmation: the first one says it, and none may be unreadable. */
export const readConfirmation = (sent: readonly unknown[], known: readonly string[]): SeenLines | { fault: string } =>
  readSeenLines(sent.find((one) => one instanceof Unreadable) ?? sent[0], known);

/** Listens for what people say that they saw of the lines. One per order run, made at its start. */
export function createConfirmations(known: readonly string[], attention: Attention) {
  let said: (SeenLines & { cancelled: boolean })[] = [];
  const onConfirmation =
    (cancelled: boolean) =>
    (...sent: unknown[]) => {
      const seen = readConfirmation(sent, known);
      if ('fault' in seen) return attention.note(`The confirmation counts for nothing: ${seen.fault}`);
      said.push({ ...seen, cancelled });
    };
  onSignal(confirmCancelled, onConfirmation(true), { description: 'Counts the lines as cancelled there' });
  onSignal(confirmNotCancelled, onConfirmation(false), { description: 'Asks for the lines again' });
  return {
    isSaid: () => said.length > 0,
    /** What was said of the lines since it was last taken or forgotten, oldest first; two people may answer at once. */
    take() {
      const taken = said.length > 1 && !patched('counts-every-confirmation') ? said.slice(-1) : said;
      said = [];
      return taken;
    },
    /** What was seen before a request says nothing of what became of that request. */
    forget(): void {
      said = [];
    },
  };
}
