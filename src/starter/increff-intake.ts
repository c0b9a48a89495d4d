import { setTimeout as delay } from 'node:timers/promises';
import { takesStock } from '../connectors/capabilities';
import type { Connector } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import type { DraftLine, IntakeResult, LineStatus, SubmissionDraft } from '../contracts/submission';
import { draftLine } from '../intake/draft-line';
import type { SubmissionStore } from '../store/submissions';
import type { StockNews } from '../workflows/messages';
import { type CodeFate, fatesOf, faultOf, type IncreffLine, MAX_SKUS, quantityOf } from './increff-protocol';
import { Problem } from './problems';

const POLL_INTERVAL_MS = 150;

export interface IncreffIntakeDeps {
  findConnection(id: number): Promise<Connection | undefined>;
  connectorFor(channel: Channel): Connector;
  store(draft: SubmissionDraft): Promise<IntakeResult>;
  submissions: Pick<SubmissionStore, 'lines'>;
  poke(connectionId: number, news: StockNews): void;
}

/**
 * Stores the quantities of a request for the connection and says how each code fared: stored for delivery or unusable;
 * with `waitSeconds`, what the channel has said of it by then.
 */
export type IncreffIntake = (
  connectionId: number,
  request: readonly IncreffLine[],
  waitSeconds: number | undefined,
) => Promise<Map<string, CodeFate>>;

const FATES: Partial<Record<LineStatus, CodeFate>> = { success: 'success', error: 'failure' };

export function createIncreffIntake(deps: IncreffIntakeDeps): IncreffIntake {
  const readLine = (
    line: IncreffLine,
    row: number,
    request: readonly IncreffLine[],
    connection: Connection,
  ): DraftLine => {
    const { code, locationId } = line;
    const connector = deps.connectorFor(connection.channel);
    const error = faultOf(line, request);
    const listing = () => connector.listingForCode(code, connection);
    if (error === undefined) return draftLine({ row, locationId, quantity: quantityOf(line), listing }, connection);
    return { row, listing: code.slice(0, 255), locationId, quantity: null, error };
  };

  const statusesOf = async (submissionId: string): Promise<Map<number, LineStatus>> => {
    const lines = await deps.submissions.lines(submissionId, { afterRow: 0, limit: MAX_SKUS });
    return new Map(lines.map((line) => [line.row, line.status]));
  };

  /** Watches until no line waits for the channel any more, or the time is over. */
  async function verdictsOf(submissionId: string, waitSeconds: number): Promise<Map<number, LineStatus>> {
    const endMs = Date.now() + waitSeconds * 1_000;
    for (;;) {
      const statuses = await statusesOf(submissionId);
      const isOpen = [...statuses.values()].some((status) => status === 'pending' || status === 'processing');
      if (!isOpen || Date.now() >= endMs) return statuses;
      await delay(POLL_INTERVAL_MS);
    }
  }

  return async (connectionId, request, waitSeconds) => {
    const connection = await deps.findConnection(connectionId);
    if (!connection) throw new Problem(422, 'the connection of these credentials is gone');
    const connector = deps.connectorFor(connection.channel);
    const settings = connector.settings.safeParse(connection.settings);
    if (!settings.success || !takesStock(connector)) {
      throw new Problem(422, `connection ${connection.id} cannot take stock`);
    }
    const lines = request.map((line, index) => readLine(line, index + 1, request, connection));
    const {
      submissionId,
      changedStock,
      hasZeros = false,
    } = await deps.store({
      connectionId,
      accountSlug: connection.accountSlug,
      source: 'increff',
      // Increff's requests carry neither an id nor a time: each one is new, and true as of now.
      messageId: null,
      publishedAtMs: Date.now(),
      isNewest: true,
      levelLocationId: connection.locationId ?? '',
      sumLocations: connection.locationId === null && settings.data.locations === 'sum',
      lines,
    });
    if (changedStock) deps.poke(connectionId, { hasZeros });
    if (waitSeconds === undefined)
      return fatesOf(request, (row) => (lines[row - 1]?.quantity === null ? 'failure' : 'success'));
    const statuses = await verdictsOf(submissionId, waitSeconds);
    return fatesOf(request, (row) => FATES[statuses.get(row) ?? 'pending'] ?? 'undecided');
  };
}
