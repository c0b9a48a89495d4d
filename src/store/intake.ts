import { compareVersions, type Version } from '../contracts/stock';
import type { DraftLine, IntakeResult, LineStatus, SubmissionDraft } from '../contracts/submission';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import { addUpLocations } from './location-stock';
import { newId } from './new-id';
import { type DesiredLevel, type LevelKey, levelKey, upsertDesired } from './stock-levels';

type UsableLine = Extract<DraftLine, { quantity: number }>;

interface Intake {
  draft: SubmissionDraft;
  submissionId: string;
  version: Version;
}

const isUsable = (line: DraftLine): line is UsableLine => line.quantity !== null;

/** Writes the submissions' heads and tells which ones are new; a message that came before keeps its first id. */
async function insertHeads(
  tx: Queryable,
  drafts: readonly SubmissionDraft[],
): Promise<(Intake & { duplicate: boolean })[]> {
  const intakes = drafts.map((draft) => {
    const submissionId = newId();
    return {
      draft,
      submissionId,
      version: { publishedAtMs: draft.publishedAtMs, messageId: draft.messageId ?? submissionId },
    };
  });
  const rows = intakes.map(({ draft, submissionId }): SqlValue[] => [
    submissionId,
    draft.connectionId,
    draft.accountSlug,
    draft.source,
    draft.messageId,
    'pending',
    draft.lines.length,
    new Date(),
    new Date(),
  ]);
  await tx.change(
    `INSERT INTO submissions (id, connectionId, accountSlug, source, messageId, status, totalCount, createdAt, updatedAt)
     VALUES ? ON DUPLICATE KEY UPDATE id = id`,
    [rows],
  );
  const messages = drafts
    .filter((draft) => draft.messageId !== null)
    .map((draft) => [draft.connectionId, draft.source, draft.messageId]);
  const stored =
    messages.length === 0
      ? []
      : await tx.select<{ id: string; connectionId: number; source: string; messageId: string }>(
          'SELECT id, connectionId, source, messageId FROM submissions WHERE (connectionId, source, messageId) IN (?)',
          [messages],
        );
  const ids = new Map(stored.map((row) => [`${row.connectionId} ${row.source} ${row.messageId}`, row.id]));
  return intakes.map((intake) => {
    const { connectionId, source, messageId } = intake.draft;
    const storedId = messageId === null ? intake.submissionId : ids.get(`${connectionId} ${source} ${messageId}`);
    if (storedId === undefined) throw new Error(`submission of message ${messageId} was not stored`);
    return { ...intake, submissionId: storedId, duplicate: storedId !== intake.submissionId };
  });
}

/** The last usable line of each listing in one submission; the ones before it say the same thing less recently. */
function lastLines(intake: Intake): Map<string, UsableLine> {
  const last = new Map<string, UsableLine>();
  for (const line of intake.draft.lines) if (isUsable(line)) last.set(partKey(intake.draft, line), line);
  return last;
}

const partKey = (draft: SubmissionDraft, line: DraftLine): string =>
  draft.sumLocations ? `${line.listing}\n${line.locationId}` : line.listing;

const levelOf = (draft: SubmissionDraft, line: DraftLine): LevelKey => ({
  connectionId: draft.connectionId,
  listing: line.listing,
  locationId: draft.levelLocationId,
});

/** The newest wish for each level over all submissions of the batch. */
function newestWishes(intakes: readonly Intake[]): Map<string, DesiredLevel> {
  const wishes = new Map<string, DesiredLevel>();
  for (const intake of intakes) {
    for (const line of lastLines(intake).values()) {
      const key = levelOf(intake.draft, line);
      const known = wishes.get(levelKey(key));
      if (known && compareVersions(known.version, intake.version) > 0) continue;
      wishes.set(levelKey(key), { ...key, quantity: line.quantity, version: intake.version });
    }
  }
  return wishes;
}

interface LineFate {
  status: LineStatus;
  error: string | null;
}

function fateOf(
  line: DraftLine,
  intake: Intake,
  last: Map<string, UsableLine>,
  current: Map<string, Version>,
): LineFate {
  if (!isUsable(line)) return { status: 'error', error: line.error };
  const winner = last.get(partKey(intake.draft, line));
  if (winner !== undefined && winner.row !== line.row) {
    return {
      status: 'superseded',
      error: `row ${winner.row} of the same message names the same listing: the last one wins`,
    };
  }
  const version = current.get(
    `${levelKey(levelOf(intake.draft, line))}\n${intake.draft.sumLocations ? line.locationId : ''}`,
  );
  if (version !== undefined && compareVersions(version, intake.version) > 0) {
    return { status: 'superseded', error: 'a newer value was already known' };
  }
  return { status: 'pending', error: null };
}

async function insertLines(tx: Queryable, intake: Intake, current: Map<string, Version>): Promise<LineFate[]> {
  const last = lastLines(intake);
  const fates = intake.draft.lines.map((line) => fateOf(line, intake, last, current));
  const rows = intake.draft.lines.map((line, index): SqlValue[] => [
    intake.submissionId,
    line.row,
    intake.draft.connectionId,
    line.listing,
    intake.draft.sumLocations ? line.locationId : intake.draft.levelLocationId,
    line.quantity,
    intake.version.publishedAtMs,
    intake.version.messageId,
    fates[index]?.status ?? 'pending',
    fates[index]?.error?.slice(0, 500) ?? null,
  ]);
  for (const chunk of inChunks(rows)) {
    await tx.change(
      `INSERT INTO submission_lines (submissionId, rowNumber, connectionId, listing, locationId, quantity,
         versionAtMs, versionId, status, error) VALUES ?`,
      [chunk],
    );
  }
  return fates;
}

/**
 * Stores what came in, all of it in one transaction: the submission, its lines, and the quantity that each listing shall
 * show from now on. An older value never replaces a newer one. Several submissions at once cost one commit.
 */
export async function storeSubmissions(db: Database, drafts: readonly SubmissionDraft[]): Promise<IntakeResult[]> {
  return db.transaction(async (tx) => {
    const intakes = await insertHeads(tx, drafts);
    const fresh = intakes.filter((intake) => !intake.duplicate);
    const summed = fresh.filter((intake) => intake.draft.sumLocations);
    const plain = fresh.filter((intake) => !intake.draft.sumLocations);
    const parts = await addUpLocations(
      tx,
      summed.flatMap((intake) =>
        [...lastLines(intake).values()].map((line) => ({
          level: levelOf(intake.draft, line),
          locationId: line.locationId,
          quantity: line.quantity,
          version: intake.version,
        })),
      ),
    );
    const wishes = newestWishes(plain);
    const levels = await upsertDesired(tx, [...wishes.values()]);
    const current = new Map([...parts, ...[...levels].map(([key, version]) => [`${key}\n`, version] as const)]);

    const results: IntakeResult[] = [];
    for (const intake of intakes) {
      if (intake.duplicate) {
        results.push({ submissionId: intake.submissionId, status: 'duplicate', changedStock: false });
        continue;
      }
      const fates = await insertLines(tx, intake, current);
      const count = (status: LineStatus) => fates.filter((fate) => fate.status === status).length;
      const open = count('pending');
      const errors = count('error');
      const superseded = count('superseded');
      if (open < fates.length) {
        await tx.change(
          'UPDATE submissions SET errorCount = ?, finishedCount = ?, status = ?, error = ?, updatedAt = UTC_TIMESTAMP(3) WHERE id = ?',
          [
            errors,
            errors + superseded,
            open > 0 ? 'pending' : errors > 0 ? 'error' : 'success',
            errors > 0 ? `error in ${errors} out of ${fates.length} rows` : null,
            intake.submissionId,
          ],
        );
      }
      const status = superseded > 0 && open === 0 && errors === 0 ? 'superseded' : 'accepted';
      results.push({ submissionId: intake.submissionId, status, changedStock: open > 0 });
    }
    return results;
  });
}
