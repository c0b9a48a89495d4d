import type { OrderStepResult } from '../activities/orders';
import { utc } from './advice';
import type { CalledConnection } from './channel-call';

/** "line 1" or "lines 1, 2". */
const named = (lines: readonly string[]): string => `${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}`;

/** Keeps what an order run has learnt of its lines, and says it in sentences. One per run, made at its start. */
export function createOrderProgress(known: readonly string[], marketplace: CalledConnection, wms: CalledConnection) {
  let accepted: readonly string[] = [];
  let inWms: readonly string[] = [];
  let isWmsAsked = false;
  /** What this run was told first stays: the WMS hears the same time in every try, whatever becomes of the database meanwhile. */
  const acceptedAt: Record<string, string> = {};
  const openInWms = () => accepted.filter((line) => !inWms.includes(line));
  const notAccepted = () => known.filter((line) => !accepted.includes(line));

  const atMarketplace = (): string => {
    const times = accepted.flatMap((line) => acceptedAt[line] ?? []).sort();
    const last = times.at(-1);
    const when = last === undefined ? '' : ` (${utc(Date.parse(last))})`;
    return `${marketplace.displayName} has cancelled ${named(accepted)}${when}`;
  };

  return {
    /** Where the lines stand at the marketplace. Answers when it accepted those that the WMS has not cancelled yet, ISO-8601 UTC. */
    seenAtMarketplace({ cancelled, acceptedAt: seen = {} }: OrderStepResult): Record<string, string> {
      accepted = cancelled;
      inWms = inWms.filter((line) => cancelled.includes(line) && !(line in seen));
      for (const [line, at] of Object.entries(seen)) acceptedAt[line] ??= at;
      return Object.fromEntries(Object.keys(seen).map((line) => [line, acceptedAt[line] ?? '']));
    },
    asksWms(): void {
      isWmsAsked = true;
    },
    seenInWms({ cancelled }: OrderStepResult): void {
      inWms = cancelled;
    },

    /** What is done and what is not, a sentence each. */
    facts(): string[] {
      if (accepted.length === 0) {
        return [
          `As far as is known, ${marketplace.displayName} has cancelled none of the order’s lines (${known.join(', ')}).`,
          `${wms.displayName} was not told anything.`,
        ];
      }
      const open = openInWms();
      const inWmsToo = `${wms.displayName} has cancelled ${named(inWms)} as well.`;
      const notYet = isWmsAsked
        ? `${wms.displayName} was asked and has not confirmed the cancel of ${named(open)}.`
        : `${wms.displayName} was not told of ${named(open)} yet.`;
      return [
        `${atMarketplace()}.`,
        ...(notAccepted().length > 0 ? [`${marketplace.displayName} has not cancelled ${named(notAccepted())}.`] : []),
        ...(inWms.length > 0 ? [inWmsToo] : []),
        ...(open.length > 0 ? [notYet] : []),
      ];
    },

    /** What remains when the run ends now, as the object of a sentence. */
    remains(): string {
      if (accepted.length === 0) return 'the order as it is: no line is known to be cancelled anywhere';
      const open = openInWms();
      const parts = [
        ...(open.length > 0
          ? [`${named(open)} cancelled at ${marketplace.displayName} and open in ${wms.displayName}`]
          : []),
        ...(inWms.length > 0 ? [`${named(inWms)} cancelled on both sides`] : []),
        ...(notAccepted().length > 0 ? [`${named(notAccepted())} open on both sides, as far as is known`] : []),
      ];
      return parts.join('; ');
    },
  };
}
