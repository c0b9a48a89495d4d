import { type StoredVersion, versionIdOf } from '../contracts/stock';
import type { IntakeWarning, SubmissionDraft } from '../contracts/submission';
import { inChunks, type Queryable, type SqlValue } from './database';
import { newId } from './new-id';

/** A draft with the id that it has, or that its message had before. */
export interface Intake {
  draft: SubmissionDraft;
  submissionId: string;
  version: StoredVersion;
  duplicate: boolean;
  /** True when the message came before with other content. */
  isOtherContent: boolean;
  warnings: readonly IntakeWarning[];
  contentNumber: number;
}

/** Content that is not compared: what was stored before contents were, and files that are read again. */
const ANY_CONTENT = '';

const contentOf = (draft: SubmissionDraft): string => draft.contentHash ?? ANY_CONTENT;

/** The first columns of a head, in the order of {@link HEAD_COLUMNS}. */
export const headOf = ({ draft, submissionId, contentNumber, warnings }: Intake): SqlValue[] => [
  submissionId,
  draft.connectionId,
  draft.accountSlug,
  draft.source,
  draft.messageId,
  contentOf(draft),
  contentNumber,
  warnings.length === 0 ? null : JSON.stringify(warnings),
  draft.lines.length,
  new Date(),
  new Date(),
];

export const HEAD_COLUMNS =
  'id, connectionId, accountSlug, source, messageId, contentHash, contentNumber, warnings, totalCount, createdAt, updatedAt';

/** Ids from elsewhere sort by their numbers; our own are made so that they sort as they are. */
const storedIdOf = ({ source, messageId }: SubmissionDraft, submissionId: string): string =>
  messageId === null ? submissionId : source === 'wms' ? versionIdOf(messageId) : messageId;

const intakeOf = (draft: SubmissionDraft, publishedAtMs: number): Intake => {
  const submissionId = newId();
  return {
    draft,
    submissionId,
    version: { publishedAtMs, versionId: storedIdOf(draft, submissionId) },
    duplicate: false,
    isOtherContent: false,
    warnings: draft.warnings ?? [],
    contentNumber: 0,
  };
};

interface StoredHead {
  id: string;
  connectionId: number;
  source: SubmissionDraft['source'];
  messageId: string;
  contentHash: string;
}

const messageKey = ({
  connectionId,
  source,
  messageId,
}: Pick<SubmissionDraft, 'connectionId' | 'source' | 'messageId'>) => `${connectionId} ${source} ${messageId}`;

const insertRows = (tx: Queryable, intakes: readonly Intake[]) =>
  tx.change(`INSERT INTO submissions (${HEAD_COLUMNS}, status) VALUES ? ON DUPLICATE KEY UPDATE id = id`, [
    intakes.map((intake): SqlValue[] => [...headOf(intake), 'pending']),
  ]);

const isSameContent = (head: Pick<StoredHead, 'contentHash'>, draft: SubmissionDraft): boolean =>
  [ANY_CONTENT, contentOf(draft)].includes(head.contentHash) || contentOf(draft) === ANY_CONTENT;

/** Stores a message that came before with other content, under the next number of the message; two that do so at once wait for each other at its key. */
async function insertOtherContent(tx: Queryable, intake: Intake, first: StoredHead): Promise<Intake> {
  const { draft } = intake;
  const message = [draft.connectionId, draft.source, draft.messageId];
  const isMessage = 'connectionId = ? AND source = ? AND messageId = ?';
  for (;;) {
    const [same] = await tx.select<{ id: string }>(
      `SELECT id FROM submissions WHERE ${isMessage} AND contentHash = ? LIMIT 1`,
      [...message, contentOf(draft)],
    );
    if (same && same.id !== intake.submissionId)
      return { ...intake, submissionId: same.id, duplicate: true, warnings: [] };
    const [last] = await tx.select<{ contentNumber: number }>(
      `SELECT MAX(contentNumber) AS contentNumber FROM submissions WHERE ${isMessage}`,
      message,
    );
    const next: Intake = {
      ...intake,
      isOtherContent: true,
      contentNumber: (last?.contentNumber ?? 0) + 1,
      warnings: [
        ...intake.warnings,
        {
          kind: 'other_content',
          path: 'message_id',
          message: `came before with other content, as submission ${first.id}: both are stored`,
        },
      ],
    };
    await insertRows(tx, [next]);
    const [own] = await tx.select('SELECT 1 FROM submissions WHERE id = ?', [intake.submissionId]);
    if (own) return next;
  }
}

/**
 * Writes the submissions' heads and tells which ones are new. A message that came before with the same content keeps its first
 * id; with other content it is a submission of its own, and says so.
 */
export async function insertHeads(tx: Queryable, drafts: readonly SubmissionDraft[]): Promise<Intake[]> {
  const dates = await datesOf(tx, drafts);
  const intakes = drafts.map((draft, index) => intakeOf(draft, dates[index] ?? draft.publishedAtMs));
  await insertRows(tx, intakes);
  const messages = drafts
    .filter((draft) => draft.messageId !== null)
    .map((draft) => [draft.connectionId, draft.source, draft.messageId]);
  const stored =
    messages.length === 0
      ? []
      : await tx.select<StoredHead>(
          `SELECT id, connectionId, source, messageId, contentHash FROM submissions
           WHERE (connectionId, source, messageId) IN (?) AND contentNumber = 0`,
          [messages],
        );
  const heads = new Map(stored.map((head) => [messageKey(head), head]));
  const settled: Intake[] = [];
  for (const intake of intakes) {
    const head = intake.draft.messageId === null ? undefined : heads.get(messageKey(intake.draft));
    if (intake.draft.messageId !== null && !head)
      throw new Error(`submission of message ${intake.draft.messageId} was not stored`);
    if (!head || head.id === intake.submissionId) settled.push(intake);
    else if (isSameContent(head, intake.draft))
      settled.push({ ...intake, submissionId: head.id, duplicate: true, warnings: [] });
    else settled.push(await insertOtherContent(tx, intake, head));
  }
  return settled;
}

/** When each draft counts as published: the ones that are meant as the newest after everything that is known of their listings. */
async function datesOf(tx: Queryable, drafts: readonly SubmissionDraft[]): Promise<number[]> {
  const dates = drafts.map(({ publishedAtMs }) => publishedAtMs);
  const connectionIds = new Set(drafts.filter(({ isNewest }) => isNewest).map(({ connectionId }) => connectionId));
  for (const connectionId of connectionIds) {
    const own = drafts.flatMap((draft, index) =>
      draft.isNewest && draft.connectionId === connectionId ? [{ draft, index }] : [],
    );
    const listings = [...new Set(own.flatMap(({ draft }) => draft.lines.map(({ listing }) => listing)))];
    let knownMs = 0;
    for (const chunk of inChunks(listings)) {
      for (const table of ['stock_levels', 'location_stock']) {
        const [newest] = await tx.select<{ atMs: number | null }>(
          `SELECT MAX(versionAtMs) AS atMs FROM ${table} WHERE connectionId = ? AND listing IN (?)`,
          [connectionId, chunk],
        );
        knownMs = Math.max(knownMs, newest?.atMs ?? 0);
      }
    }
    for (const { draft, index } of own) {
      knownMs = Math.max(draft.publishedAtMs, knownMs + 1);
      dates[index] = knownMs;
    }
  }
  return dates;
}
