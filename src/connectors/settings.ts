import { z } from 'zod';

const isTimeZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
};

/** Settings that every connection has, whatever its channel. */
export const commonSettings = z.object({
  /** `any`: the newest line wins, whatever its location. `sum`: the quantities of all locations are added up. */
  locations: z.enum(['any', 'sum']).default('any'),
  /** The zone of the WMS's times, which carry none. */
  timeZone: z.string().refine(isTimeZone, 'is not an IANA time zone').default('Asia/Kolkata'),
  /** Base address of this connection instead of the channel's own. */
  baseUrl: z.url().optional(),
  /** Requests a minute over all processes; without it only the channel's own 429 is kept. */
  requestsPerMinute: z.number().int().min(1).max(60_000).optional(),
  /** Pushes of this connection that may be on the wire at once. */
  maxConcurrentPushes: z.number().int().min(1).max(10).default(4),
  /** Order cancels follow the source to the letter: every 4xx but 401 is a refusal, also 408 and 429, which are tried again otherwise. */
  strictLaw: z.boolean().default(false),
});

export type CommonSettings = z.output<typeof commonSettings>;
