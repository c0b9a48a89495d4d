import { DateTime, FixedOffsetZone, IANAZone, type Zone } from 'luxon';

/** A time as it was written: what is wrong with it, or the moments that it may mean. */
export type WmsTime =
  | { fault: string }
  | {
      /** Milliseconds since the epoch, the earlier first: two where clocks were turned back. */
      momentsMs: readonly [number] | readonly [number, number];
      /** True when it names no zone of its own, and that of the connection was taken. */
      isLocal: boolean;
    };

const NO_TIME = 'is no time like 2022-06-09 14:12:19';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const CLOCK = String.raw`(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?`;
const ZONE = String.raw`(?<zone>(?:UTC|GMT|UT)?[+-]\d{2}(?::?\d{2})?|[A-Z]{1,5})`;
const WEEKDAY = `(?<weekday>${WEEKDAYS.join('|')})`;
const MONTH = `(?<monthName>${MONTHS.join('|')})`;

/** What programs print: SQL, ISO-8601 and java.time; Java's Date and C; JavaScript's Date; mail and HTTP. */
const FORMS = [
  String.raw`(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})[T ]${CLOCK}(?: ?${ZONE}(?: [A-Z]+)?)?(?:\[(?<region>[\w+/-]+)\])?`,
  String.raw`${WEEKDAY} ${MONTH} +(?<day>\d{1,2}) ${CLOCK}(?: ${ZONE})? (?<year>\d{4})`,
  String.raw`${WEEKDAY} ${MONTH} (?<day>\d{2}) (?<year>\d{4}) ${CLOCK} ${ZONE}(?: \(.*\))?`,
  String.raw`(?:${WEEKDAY}, )?(?<day>\d{1,2}) ${MONTH} (?<year>\d{4}) ${CLOCK} ${ZONE}`,
].map((form) => new RegExp(`^${form}$`, 'i'));

const BARE_DATE = /^\d{4}-\d{2}-\d{2}$/;
/** From 2001 to 2286. */
const EPOCH_MS = /^[1-9]\d{12}$/;

/** Hours east of UTC of names that mean one thing everywhere. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  Z: 0,
  UT: 0,
  UTC: 0,
  GMT: 0,
  EST: -5,
  EDT: -4,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
  JST: 9,
  SGT: 8,
};
/** Where the short names of zones are at home. */
const LOCALES = ['en-US', 'en-IN', 'en-GB', 'en-AU'];

const hours = (count: number): Zone => FixedOffsetZone.instance(count * 60);

function offsetOf(text: string): Zone | undefined {
  const [, sign, hour, minute = '00'] = /([+-])(\d{2}):?(\d{2})?$/.exec(text) ?? [];
  if (hour === undefined || Number(hour) > 18 || Number(minute) > 59) return undefined;
  return FixedOffsetZone.instance((sign === '-' ? -1 : 1) * (Number(hour) * 60 + Number(minute)));
}

/** Whether people in the zone call it so at that moment. */
const isCalled = (name: string, timeZone: string, atMs: number): boolean =>
  LOCALES.some((locale) =>
    new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' })
      .formatToParts(atMs)
      .some(({ type, value }) => type === 'timeZoneName' && value.toUpperCase() === name),
  );

type Fields = Pick<
  Parameters<typeof DateTime.fromObject>[0],
  'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond'
>;

/** The moments at which clocks in the zone show the time, the earlier first; none when they never do. */
function momentsIn(fields: Fields, zone: Zone): number[] {
  const time = DateTime.fromObject(fields, { zone });
  if (!time.isValid) return [];
  return [...new Set(time.getPossibleOffsets().map((possible) => possible.toMillis()))].sort((a, b) => a - b);
}

/** Moments of a time that stands beside the name of a zone: the connection's own where people call it so, or a name that is known. */
function momentsBeside(name: string, fields: Fields, own: Zone): number[] | undefined {
  const called = momentsIn(fields, own).filter((atMs) => isCalled(name, own.name, atMs));
  if (called.length > 0) return called;
  const known = ABBREVIATIONS[name];
  return known === undefined ? undefined : momentsIn(fields, hours(known));
}

const isDay = (fields: Fields, weekday: string): boolean =>
  WEEKDAYS[DateTime.fromObject(fields, { zone: 'utc' }).weekday - 1] === weekday.toLowerCase();

const answer = (moments: readonly number[], isLocal: boolean): WmsTime => {
  const [first, last] = [moments[0], moments.at(-1)];
  // MySQL keeps it as a whole number, and a year far off is a mistake of the source.
  if (first === undefined || last === undefined || first <= 0 || last >= Date.UTC(9999, 0)) return { fault: NO_TIME };
  return { momentsMs: first === last ? [first] : [first, last], isLocal };
};

/**
 * Reads a time as programs print it: `2022-06-09 14:12:19` in `zone`, any fraction of a second, ISO-8601 with its own zone, which
 * wins, the Date of Java and of JavaScript, and milliseconds since the epoch. A date without a time is none.
 */
export function readWmsTime(given: string, zone: string): WmsTime {
  const text = given.trim();
  if (EPOCH_MS.test(text)) return answer([Number(text)], false);
  if (BARE_DATE.test(text))
    return { fault: 'is a date without a time, which all that happened on that day would outrank' };
  const found = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!found) return { fault: NO_TIME };
  const number = (name: string): number => Number(found[name] ?? 0);
  const fields = {
    year: number('year'),
    month: found.monthName === undefined ? number('month') : MONTHS.indexOf(found.monthName.toLowerCase()) + 1,
    day: number('day'),
    hour: number('hour'),
    minute: number('minute'),
    second: number('second'),
    millisecond: Number((found.fraction ?? '').slice(0, 3).padEnd(3, '0')),
  };
  const isReal = DateTime.fromObject(fields, { zone: 'utc' }).isValid;
  if (!isReal || (found.weekday !== undefined && !isDay(fields, found.weekday)))
    return { fault: `${NO_TIME}: the calendar has no such day, or the day no such time` };
  const own = IANAZone.create(zone);
  const named = found.zone?.toUpperCase();
  if (named === undefined) {
    const region = found.region === undefined ? own : IANAZone.create(found.region);
    if (!region.isValid) return { fault: `${NO_TIME}: its time zone is not known` };
    return answer(momentsIn(fields, region), found.region === undefined);
  }
  const offset = /\d/.test(named) ? offsetOf(named) : undefined;
  const moments = offset ? momentsIn(fields, offset) : momentsBeside(named, fields, own);
  return moments ? answer(moments, false) : { fault: `${NO_TIME}: its time zone is not known` };
}

/** Milliseconds that clocks in the zone are ahead of UTC at the moment. */
export const offsetMsAt = (zone: string, atMs: number): number => IANAZone.create(zone).offset(atMs) * 60_000;
