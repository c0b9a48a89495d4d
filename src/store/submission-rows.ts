import type { SubmissionDraft } from '../contracts/submission';
import { type Database, inChunks, type Queryable, type SqlValue } from './database';

/** Keeps what the rows of files said besides listing and quantity; costs nothing where no submission came from a file. */
export async function insertFileRows(
  tx: Queryable,
  intakes: readonly { submissionId: string; draft: Pick<SubmissionDraft, 'fileRows'> }[],
): Promise<void> {
  const rows = intakes.flatMap(({ submissionId, draft }) =>
    (draft.fileRows ?? []).map(({ row, code, reason }): SqlValue[] => [submissionId, row, code, reason]),
  );
  for (const chunk of inChunks(rows)) {
    await tx.change('INSERT INTO submission_rows (submissionId, rowNumber, code, reason) VALUES ?', [chunk]);
  }
}

/** How many lines a submission has, and how many of them could not be used as they came in. */
export async function countRows(
  db: Pick<Database, 'select'>,
  submissionId: string,
): Promise<{ rows: number; badRows: number }> {
  const [found] = await db.select<{ total: number; unusable: number }>(
    'SELECT COUNT(*) AS total, COUNT(*) - COUNT(quantity) AS unusable FROM submission_lines WHERE submissionId = ?',
    [submissionId],
  );
  return { rows: found?.total ?? 0, badRows: found?.unusable ?? 0 };
}
