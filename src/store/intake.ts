import { compareVersions, type Version } from '../contracts/stock';
import type { DraftLine, IntakeResult, LineStatus, SubmissionDraft } from '../contracts/submission';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import { addUpLocations } from './location-stock';
import { newId } from './new-id';
import { type DesiredLevel, type LevelKey, levelKey, upsertDesired } from './stock-levels';
import { insertFileRows } from './submission-rows';

type UsableLine = Extract<DraftLine, { quantity: number }>;

interface Intake {
  draft: SubmissionDraft;
  submissionId: string;
  version: Version;
}

const isUsable = (line: DraftLine): line is UsableLine => line.quantity !== null;

const headOf = ({ draft, submissionId }: Intake): SqlValue[] => [
  submissionId,
  draft.connectionId,
  draft.accountSlug,
  draft.source,
  draft.messageId,
  draft.lines.length,
  new Date(),
  new Date(),
];

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
  await tx.change(
    `INSERT INTO submissions (id, connectionId, accountSlug, source, messageId, totalCount, createdAt, updatedAt, status)
     VALUES ? ON DUPLICATE KEY UPDATE id = id`,
    [intakes.map((intake): SqlValue[] => [...headOf(intake), 'pending'])],
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

interface Decided {
  intake: Intake;
  fates: LineFate[];
}

const countOf = ({ fates }: Decided, status: LineStatus): number =>
  fates.filter((fate) => fate.status === status).length;

async function insertLines(tx: Queryable, all: readonly Decided[]): Promise<void> {
  const rows = all.flatMap(({ intake, fates }) =>
    intake.draft.lines.map((line, index): SqlValue[] => [
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
    ]),
  );
  for (const chunk of inChunks(rows)) {
    await tx.change(
      `INSERT INTO submission_lines (submissionId, rowNumber, connectionId, listing, locationId, quantity,
         versionAtMs, versionId, status, error) VALUES ?`,
      [chunk],
    );
  }
}

/** Writes the counts of the submissions of which some lines are decided already: unusable, or known better. */
async function updateHeads(tx: Queryable, all: readonly Decided[]): Promise<void> {
  const rows = all
    .filter((decided) => countOf(decided, 'pending') < decided.fates.length)
    .map((decided): SqlValue[] => {
      const errors = countOf(decided, 'error');
      const isOpen = countOf(decided, 'pending') > 0;
      return [
        ...headOf(decided.intake),
        isOpen ? 'pending' : errors > 0 ? 'error' : 'success',
        errors,
        errors + countOf(decided, 'superseded'),
        errors > 0 ? `error in ${errors} out of ${decided.fates.length} rows` : null,
      ];
    });
  if (rows.length === 0) return;
  // Every row is there; written as an upsert, because that changes many rows in one statement.
  await tx.change(
    `INSERT INTO submissions (id, connectionId, accountSlug, source, messageId, totalCount, createdAt, updatedAt, status, errorCount, finishedCount, error)
     VALUES ? ON DUPLICATE KEY UPDATE status = VALUES(status), errorCount = VALUES(errorCount), finishedCount = VALUES(finishedCount),
       error = VALUES(error), updatedAt = VALUES(updatedAt)`,
    [rows],
  );
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

    const decided = new Map(
      fresh.map((intake) => {
        const last = lastLines(intake);
        return [intake, { intake, fates: intake.draft.lines.map((line) => fateOf(line, intake, last, current)) }];
      }),
    );
    await insertLines(tx, [...decided.values()]);
    await insertFileRows(tx, fresh);
    await updateHeads(tx, [...decided.values()]);
    return intakes.map((intake) => resultOf(intake.submissionId, decided.get(intake)));
  });
}

const hasZeros = ({ intake, fates }: Decided): boolean =>
  intake.draft.lines.some(({ quantity }, index) => quantity === 0 && fates[index]?.status === 'pending');

function resultOf(submissionId: string, decided: Decided | undefined): IntakeResult {
  if (!decided) return { submissionId, status: 'duplicate', changedStock: false };
  const changedStock = countOf(decided, 'pending') > 0;
  const isKnownBetter = !changedStock && countOf(decided, 'superseded') > 0 && countOf(decided, 'error') === 0;
  return { submissionId, status: isKnownBetter ? 'superseded' : 'accepted', changedStock, hasZeros: hasZeros(decided) };
}
