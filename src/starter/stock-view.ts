import { z } from 'zod';
import { messageIdOf } from '../contracts/stock';
import type { PushStore } from '../store/pushes';
import type { StockLevelStore } from '../store/stock-levels';

const TIMELINE_LIMIT = 50;

const point = z.object({
  quantity: z.number().int().nullable(),
  version: z.object({ publishedAt: z.string(), messageId: z.string() }).nullable(),
  at: z.string(),
});

const event = point.extend({
  /** `sent` carries the channel's verdict; `late` marks a request that another one had overtaken. */
  verdict: z.enum(['accepted', 'rejected', 'unknown', 'unsent']),
  message: z.string().nullable(),
  pushId: z.string(),
  attempt: z.number().int(),
  late: z.boolean(),
});

/** One listing at one location: what it shall show, what we said, what the channel said, and the newest calls first. */
export const stockView = z.object({
  connectionId: z.number().int(),
  listing: z.string(),
  locationId: z.string(),
  state: z.enum(['clean', 'dirty', 'claimed', 'rejected']),
  lastError: z.string().nullable(),
  desired: point,
  sent: point.nullable(),
  acknowledged: point.nullable(),
  observed: point.nullable(),
  timeline: z.array(event),
});

export type StockView = z.output<typeof stockView>;
export type StockViews = (connectionId: number, listing: string) => Promise<StockView[]>;

const pointOf = (quantity: number | null, versionAtMs: number | null, versionId: string | null, atMs: number) => ({
  quantity,
  version:
    versionAtMs === null || versionId === null
      ? null
      : { publishedAt: new Date(versionAtMs).toISOString(), messageId: versionId },
  at: new Date(atMs).toISOString(),
});

export const createStockViews =
  (deps: { levels: Pick<StockLevelStore, 'find'>; pushes: Pick<PushStore, 'recent'> }): StockViews =>
  async (connectionId, listing) => {
    const levels = await deps.levels.find(connectionId, listing);
    const sent = levels.length === 0 ? [] : await deps.pushes.recent(connectionId, listing, TIMELINE_LIMIT);
    return levels.map((level) => ({
      connectionId,
      listing,
      locationId: level.locationId,
      state: level.state,
      lastError: level.lastError,
      desired: pointOf(level.desiredQuantity, level.versionAtMs, level.versionId, level.desiredAtMs),
      sent:
        level.sentAtMs === null
          ? null
          : pointOf(level.sentQuantity, level.sentVersionAtMs, level.sentVersionId, level.sentAtMs),
      acknowledged:
        level.acknowledgedAtMs === null
          ? null
          : pointOf(
              level.acknowledgedQuantity,
              level.acknowledgedVersionAtMs,
              level.acknowledgedVersionId,
              level.acknowledgedAtMs,
            ),
      observed: level.observedAtMs === null ? null : pointOf(level.observedQuantity, null, null, level.observedAtMs),
      timeline: sent.map((line) => ({
        ...pointOf(line.quantity, line.versionAtMs, messageIdOf(line.versionId), line.sentAtMs),
        verdict: line.verdict,
        message: line.message,
        pushId: line.pushId,
        attempt: line.attempt,
        late: line.late === 1,
      })),
    }));
  };
