import { compareStored, type StoredVersion } from '../contracts/stock';
import type { DraftLine, IntakeResult, LineStatus, SubmissionDraft } from '../contracts/submission';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';
import { addUpLocations } from './location-stock';
import { byPlace, type DesiredLevel, type LevelKey, levelKey, upsertDesired } from './stock-levels';
import { HEAD_COLUMNS, headOf, type Intake, insertHeads } from './submission-heads';
import { insertFileRows } from './submission-rows';

type UsableLine = Extract<DraftLine, { quantity: number }>;

const isUsable = (line: DraftLine): line is UsableLine => line.quantity !== null;

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
      if (known && compareStored(known.version, intake.version) > 0) continue;
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
  current: Map<string, StoredVersion>,
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
  if (version !== undefined && compareStored(version, intake.version) > 0) {
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
      intake.version.versionId,
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
    `INSERT INTO submissions (${HEAD_COLUMNS}, status, errorCount, finishedCount, error)
     VALUES ? ON DUPLICATE KEY UPDATE status = VALUES(status), errorCount = VALUES(errorCount), finishedCount = VALUES(finishedCount),
       error = VALUES(error), updatedAt = VALUES(updatedAt)`,
    [rows],
  );
}

/**
 * A message that came before with other content has the same version where it names the same time. What it says of a listing
 * replaces what it said before, so the lines before it must not be told the verdict on this one.
 */
async function supersedeFirstContents(tx: Queryable, all: readonly Decided[]): Promise<void> {
  for (const { intake, fates } of all) {
    if (!intake.isOtherContent) continue;
    const { draft, version, submissionId } = intake;
    const open = draft.lines.filter((_, index) => fates[index]?.status === 'pending');
    const levels = open.map((line) =>
      draft.sumLocations ? { ...levelOf(draft, line), locationId: line.locationId } : levelOf(draft, line),
    );
    for (const { connectionId, locationId, listings } of byPlace(levels)) {
      for (const chunk of inChunks(listings)) {
        await tx.change(
          `UPDATE submission_lines SET status = 'superseded', error = 'the same message came again with other content'
           WHERE connectionId = ? AND listing IN (?) AND locationId = ? AND status = 'pending' AND submissionId <> ?
             AND versionAtMs = ? AND versionId = ?`,
          [connectionId, chunk, locationId, submissionId, version.publishedAtMs, version.versionId],
        );
      }
    }
  }
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
    await supersedeFirstContents(tx, [...decided.values()]);
    await insertFileRows(tx, fresh);
    await updateHeads(tx, [...decided.values()]);
    return intakes.map((intake) => resultOf(intake, decided.get(intake)));
  });
}

const hasZeros = ({ intake, fates }: Decided): boolean =>
  intake.draft.lines.some(({ quantity }, index) => quantity === 0 && fates[index]?.status === 'pending');

function resultOf({ submissionId, warnings }: Intake, decided: Decided | undefined): IntakeResult {
  if (!decided) return { submissionId, status: 'duplicate', changedStock: false, warnings };
  const changedStock = countOf(decided, 'pending') > 0;
  const isKnownBetter = !changedStock && countOf(decided, 'superseded') > 0 && countOf(decided, 'error') === 0;
  return {
    submissionId,
    status: isKnownBetter ? 'superseded' : 'accepted',
    changedStock,
    hasZeros: hasZeros(decided),
    warnings,
  };
}
