import { createHash } from 'node:crypto';
import { takesStock } from '../connectors/capabilities';
import type { Connector } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import { type InventoryEvent, inventoryEventLine } from '../contracts/events';
import type { DraftLine, IntakeResult, IntakeWarning, SubmissionDraft } from '../contracts/submission';
import { draftLine } from '../intake/draft-line';
import { faultText } from '../intake/fault-text';
import type { KeyHolder } from '../store/gateway-keys';
import type { ParkedEventStore } from '../store/parked-events';
import type { StockNews } from '../workflows/messages';
import { mayUse } from './auth';
import { createEventMoments, type EventMomentDeps } from './event-moment';
import { notFound, Problem } from './problems';

export interface StockIntakeDeps extends EventMomentDeps {
  findConnection(id: number): Promise<Connection | undefined>;
  connectorFor(channel: Channel): Connector;
  store(draft: SubmissionDraft): Promise<IntakeResult>;
  parked: Pick<ParkedEventStore, 'park'>;
  poke(connectionId: number, news: StockNews): void;
  /** Told of each warning that goes with an event that was stored. */
  onWarning(warning: IntakeWarning, connection: Connection): void;
}

/** Stores an inventory event durably and wakes the connection's sync. Throws a {@link Problem} for an event that cannot be used. */
export type StockIntake = (
  holder: Pick<KeyHolder, 'accountSlug' | 'connectionId'>,
  event: InventoryEvent,
) => Promise<IntakeResult>;

/** Longer than any identifier that is read, so that a text that is too long stays so. */
const MAX_KEPT_CHARS = 200;

const textIn = (value: unknown, field: string): string => {
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
  return typeof found === 'string' && found.isWellFormed() ? found.slice(0, 100) : '';
};

/** Reads one line; what is wrong with it becomes the line's own error and leaves the others alone. */
function readLine(
  raw: unknown,
  row: number,
  event: InventoryEvent,
  connection: Connection,
  connector: Connector,
): DraftLine {
  const parsed = inventoryEventLine.safeParse(raw);
  if (!parsed.success) {
    const error = parsed.error.issues
      .map((issue) => `${issue.path.join('.') || 'line'}: ${faultText(issue)}`)
      .join('; ');
    return { row, listing: '', locationId: textIn(raw, 'locationId'), quantity: null, error };
  }
  const line = parsed.data;
  const { locationInventory: quantity, locationId = event.locationId ?? '' } = line;
  return draftLine({ row, locationId, quantity, listing: () => connector.listingFor(line, connection) }, connection);
}

/** What a line is read from, and nothing else that it may hold: events are kept for days. */
const keptOf = (raw: unknown): Record<string, unknown> | null => {
  if (typeof raw !== 'object' || raw === null) return null;
  const kept: Record<string, unknown> = {};
  for (const field of Object.keys(inventoryEventLine.shape)) {
    const value: unknown = Reflect.get(raw, field);
    if (typeof value === 'number') kept[field] = value;
    if (typeof value === 'string') kept[field] = value.slice(0, MAX_KEPT_CHARS);
  }
  return kept;
};

/** What the event says, in one order and spelling: the same for a copy whose fields stand in another order. */
function contentHashOf({ publishedAt, locationId, inventoryList }: InventoryEvent): string {
  const fields = Object.keys(inventoryEventLine.shape);
  const lines = inventoryList.map((raw) => {
    const kept = keptOf(raw);
    return kept && fields.map((field) => (kept[field] === undefined ? null : String(kept[field])));
  });
  const content = JSON.stringify([publishedAt.trim(), locationId ?? null, lines]);
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}

export function createStockIntake(deps: StockIntakeDeps): StockIntake {
  const momentOf = createEventMoments(deps);
  const park = (holder: Pick<KeyHolder, 'accountSlug'>, event: InventoryEvent, reason: string, message: string) =>
    deps.parked.park({
      accountSlug: holder.accountSlug,
      kind: 'inventory',
      identity: `${event.connectionId}/${event.message_id}/${contentHashOf(event)}`,
      status: 'parked',
      reason,
      message,
      body: { ...event, inventoryList: event.inventoryList.map(keptOf) },
    });

  return async (holder, event) => {
    const connection = await deps.findConnection(event.connectionId);
    if (!connection || !mayUse(holder, connection)) {
      // Kept, because the connection may only be missing yet; answered like any unknown one, so that nobody learns what exists.
      await park(holder, event, 'connection_not_found', `the account has no connection ${event.connectionId}`);
      throw notFound('connection');
    }
    const connector = deps.connectorFor(connection.channel);
    if (!takesStock(connector)) {
      throw new Problem(422, 'the body does not fit', [
        { path: 'connectionId', message: `${connector.displayName} takes no stock` },
      ]);
    }
    const parsed = connector.settings.safeParse(connection.settings);
    if (!parsed.success) {
      const message = `the settings of connection ${connection.id} cannot be used`;
      await park(holder, event, 'connection_unusable', message);
      throw new Problem(422, 'the body does not fit', [{ path: 'connectionId', message }]);
    }
    const settings = parsed.data;
    const lines = event.inventoryList.map((line, index) => readLine(line, index + 1, event, connection, connector));
    const moment = await momentOf({
      publishedAt: event.publishedAt,
      connectionId: connection.id,
      timeZone: settings.timeZone,
      listings: [...new Set(lines.map(({ listing }) => listing))],
    });
    if ('fault' in moment)
      throw new Problem(422, 'the body does not fit', [{ path: 'publishedAt', message: moment.fault }]);
    const result = await deps.store({
      connectionId: connection.id,
      accountSlug: connection.accountSlug,
      source: 'wms',
      messageId: event.message_id,
      contentHash: contentHashOf(event),
      ...moment,
      levelLocationId: connection.locationId ?? '',
      sumLocations: connection.locationId === null && settings.locations === 'sum',
      lines,
    });
    for (const warning of result.warnings) deps.onWarning(warning, connection);
    if (result.changedStock) deps.poke(connection.id, { hasZeros: result.hasZeros ?? false });
    return result;
  };
}
