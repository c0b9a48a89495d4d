/** At most so many requests of one client in any stretch of time that is this long. */
export interface RequestRate {
  requests: number;
  windowMs: number;
}

/** Sliding windows, one for each client. */
export interface RateLimit {
  /** Whether one more request may pass now; one that may not leaves no trace in the window. */
  admits(client: string, rate: RequestRate): boolean;
  clear(): void;
}

export function createRateLimit(now: () => number): RateLimit {
  const admittedAtMs = new Map<string, number[]>();
  return {
    admits(client, { requests, windowMs }) {
      const atMs = now();
      const within = admittedAtMs.get(client) ?? [];
      while ((within[0] ?? atMs) <= atMs - windowMs) within.shift();
      const isAdmitted = within.length < requests;
      if (isAdmitted) within.push(atMs);
      admittedAtMs.set(client, within);
      return isAdmitted;
    },
    clear: () => admittedAtMs.clear(),
  };
}
