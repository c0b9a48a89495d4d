import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type RawConnection, rawConnection } from './raw-connection';

const TICK_MS = 5;
const LISTINGS = 5_000;
const accepted = z.object({ submissionId: z.string() });

/** What became of the requests of one sender. */
export interface Tally {
  sent: number;
  /** What was due while every connection waited for its answer. */
  unsent: number;
  /** Answers by status; `broken` are those that never came. */
  statuses: Record<string, number>;
  /** Submissions that were acknowledged with 202. */
  submissionIds: string[];
  /** Refusals that do not say when to come back. */
  withoutRetryAfter: number;
  acceptedMs: number[];
  refusedMs: number[];
  seconds: number;
}

/** Who sends, and as what. */
export interface Sender {
  url: string;
  key: string;
  connectionId: number;
  /** Begins every message id; two senders of one account need two. */
  name: string;
  /** At most so many requests wait for an answer. */
  connections: number;
  /** Of each event. */
  lines: number;
}

/** Sends stock events, every one of them new, and counts what comes back. */
export function createSender({ url, key, connectionId, name, connections, lines }: Sender) {
  /** Places for connections; one that was never used, or has ended, is opened when it is needed. */
  const free: (RawConnection | undefined)[] = Array.from({ length: connections }, () => undefined);
  const head = `POST /events/inventory HTTP/1.1\r\nhost: load\r\ncontent-type: application/json\r\nx-api-key: ${key}\r\n`;
  let sent = 0;

  const nextRequest = (): string => {
    sent += 1;
    const body = JSON.stringify({
      message_id: `${name}-${sent}`,
      publishedAt: new Date(Date.UTC(2026, 0, 1) + sent * 1_000).toISOString(),
      connectionId,
      inventoryList: Array.from({ length: lines }, (_, index) => {
        const listing = (sent * lines + index) % LISTINGS;
        return {
          ...{ inventory: 90, locationInventory: sent % 90, locationId: 'POB1' },
          ...{ sku: `S${listing}`, productId: `P${listing}`, variantId: `V${listing}` },
        };
      }),
    });
    return `${head}content-length: ${body.length}\r\n\r\n${body}`;
  };

  /** False when every connection waits for an answer. */
  function send(tally: Tally): Promise<void> | undefined {
    if (free.length === 0) return undefined;
    const known = free.pop();
    const connection = known?.isFree() ? known : rawConnection(url);
    tally.sent += 1;
    const startMs = performance.now();
    return connection
      .ask(nextRequest())
      .then(
        ({ status, hasRetryAfter, body }) => {
          tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
          (status === 202 ? tally.acceptedMs : tally.refusedMs).push(performance.now() - startMs);
          if (status === 202) tally.submissionIds.push(accepted.parse(JSON.parse(body)).submissionId);
          else if (!hasRetryAfter) tally.withoutRetryAfter += 1;
        },
        () => {
          tally.statuses.broken = (tally.statuses.broken ?? 0) + 1;
        },
      )
      .finally(() => free.push(connection));
  }

  const measured = async (work: (tally: Tally) => Promise<void>): Promise<Tally> => {
    const lists = { submissionIds: [], acceptedMs: [], refusedMs: [] };
    const tally: Tally = { sent: 0, unsent: 0, statuses: {}, withoutRetryAfter: 0, seconds: 0, ...lists };
    const startMs = performance.now();
    await work(tally);
    tally.seconds = (performance.now() - startMs) / 1_000;
    return tally;
  };

  return {
    /** Each connection sends its next event when the last one is answered: what comes through is the capacity. */
    saturate: (seconds: number) =>
      measured(async (tally) => {
        const endMs = performance.now() + seconds * 1_000;
        const caller = async () => {
          while (performance.now() < endMs) await send(tally);
        };
        await Promise.all(Array.from({ length: connections }, caller));
      }),
    /** Sends so many a second, whatever comes back: senders that do not wait. */
    flood: (perSecond: number, seconds: number) =>
      measured(async (tally) => {
        const startMs = performance.now();
        const underWay: Promise<void>[] = [];
        for (;;) {
          const elapsedMs = performance.now() - startMs;
          if (elapsedMs >= seconds * 1_000) break;
          const due = (elapsedMs / 1_000) * perSecond;
          while (tally.sent + tally.unsent < due) {
            const sending = send(tally);
            if (sending) underWay.push(sending);
            else tally.unsent += 1;
          }
          await delay(TICK_MS);
        }
        await Promise.all(underWay);
      }),
    close: () => {
      for (const connection of free) connection?.close();
    },
  };
}

/** The value that `share` of the values do not exceed, rounded to whole milliseconds; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

/** How many of the acknowledged submissions are in the database. */
export async function countKept(
  db: { select<Row extends object>(sql: string, values: readonly (readonly string[])[]): Promise<Row[]> },
  submissionIds: readonly string[],
): Promise<number> {
  let kept = 0;
  for (let start = 0; start < submissionIds.length; start += 5_000) {
    const some = submissionIds.slice(start, start + 5_000);
    const [row] = await db.select<{ kept: number }>('SELECT COUNT(*) AS kept FROM submissions WHERE id IN (?)', [some]);
    kept += row?.kept ?? 0;
  }
  return kept;
}
