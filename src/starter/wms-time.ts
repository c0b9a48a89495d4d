import { DateTime } from 'luxon';

/** Without a full date a time would be completed with today's. */
const STARTS_WITH_DATE = /^\d{4}-\d{2}-\d{2}/;
const FORMATS = ['yyyy-MM-dd HH:mm:ss', 'yyyy-MM-dd HH:mm:ss.SSS'] as const;

/**
 * Milliseconds since the epoch of a time as the WMS writes it: `YYYY-MM-DD HH:mm:ss` in `zone`, or ISO-8601, whose own zone
 * wins. Undefined for anything else.
 */
export function parseWmsTime(text: string, zone: string): number | undefined {
  const trimmed = text.trim();
  if (!STARTS_WITH_DATE.test(trimmed)) return undefined;
  const candidates = [
    ...FORMATS.map((format) => DateTime.fromFormat(trimmed, format, { zone })),
    DateTime.fromISO(trimmed, { zone }),
  ];
  const time = candidates.find((candidate) => candidate.isValid);
  const ms = time?.toMillis();
  // MySQL keeps it as a whole number, and a year far off is a mistake of the source.
  return ms !== undefined && ms > 0 && ms < Date.UTC(9999, 0) ? ms : undefined;
}
