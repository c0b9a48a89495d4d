import { messageIdOf } from '../contracts/stock';
import type { Database } from '../store/database';
import type { LedgerRow, LevelRow, OrderLineRow, SubmissionLineRow, Tables } from './check/recorded';

const PAGE = 20_000;

/** Every row of a statement that is ordered by `keys`, page by page. */
async function all<Row extends object>(db: Database, columns: string, from: string, order: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await db.select<Row>(`SELECT ${columns} FROM ${from} ORDER BY ${order} LIMIT ? OFFSET ?`, [
      PAGE,
      rows.length,
    ]);
    for (const row of page) rows.push(row);
    if (page.length < PAGE) return rows;
  }
}

/** Rows with the messages' own ids for versions. */
const named = <Row extends { versionId: string }>(rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row, versionId: messageIdOf(row.versionId) }));

/** What the checks read of the tables. */
export async function readTables(db: Database): Promise<Tables> {
  return {
    submissions: await all(db, 'id, status, totalCount, finishedCount, errorCount, error', 'submissions', 'id'),
    lines: named(
      await all<SubmissionLineRow>(
        db,
        'sl.submissionId, s.messageId, sl.connectionId, sl.listing, sl.quantity, sl.versionAtMs, sl.versionId, sl.status, sl.error',
        'submission_lines sl JOIN submissions s ON s.id = sl.submissionId',
        'sl.submissionId, sl.rowNumber',
      ),
    ),
    levels: named(
      await all<LevelRow>(
        db,
        'connectionId, listing, desiredQuantity, versionAtMs, versionId, state, lastError',
        'stock_levels',
        'connectionId, listing, locationId',
      ),
    ),
    ledger: named(
      await all<LedgerRow>(
        db,
        'connectionId, listing, quantity, versionAtMs, versionId, verdict, message, sentAtMs, late',
        'push_lines',
        'pushId, attempt, lineNumber',
      ),
    ),
    orderLines: await all<OrderLineRow>(
      db,
      `ol.connectionId, ol.orderNumber, ol.lineItemSequenceNumber, o.status, o.outcome, o.error, ol.marketplaceState, ol.marketplaceMessage,
       ol.wmsState, ol.wmsMessage`,
      'order_lines ol JOIN orders o ON o.id = ol.orderId',
      'ol.connectionId, ol.orderNumber, ol.lineItemSequenceNumber',
    ),
    parked: await all(db, 'kind, status, reason, message, body', 'parked_events', 'id'),
    connections: await all(db, 'id, tokenGeneration, status', 'connections', 'id'),
  };
}

/** Hands on every row of every table but those of the connections, as text. */
export async function readAllRows(db: Database, look: (table: string, text: string) => void): Promise<void> {
  const tables = await db.select<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ('connections', 'ie_appinstall_connection')",
  );
  for (const { name } of tables) {
    for (let offset = 0; ; offset += PAGE) {
      const rows = await db.select(`SELECT * FROM \`${name}\` LIMIT ? OFFSET ?`, [PAGE, offset]);
      if (rows.length > 0) look(name, JSON.stringify(rows));
      if (rows.length < PAGE) break;
    }
  }
}
