import { z } from 'zod';
import {
  LINE_STATUSES,
  SUBMISSION_SOURCES,
  SUBMISSION_STATUSES,
  type SubmissionLineView,
  type SubmissionView,
  WARNING_KINDS,
} from '../contracts/submission';
import type { KeyHolder } from '../store/gateway-keys';
import type { SubmissionStore } from '../store/submissions';
import { mayUse } from './auth';
import { notFound } from './problems';

/** The submission, if the key may touch its connection; a Problem 404 otherwise, whether there is one or not. */
export async function findSubmission(
  submissions: Pick<SubmissionStore, 'find'>,
  id: string,
  holder: KeyHolder,
): Promise<SubmissionView> {
  const { accountSlug } = holder;
  const found = await submissions.find(id, accountSlug);
  if (!found || !mayUse(holder, { id: found.connectionId, accountSlug })) throw notFound('submission');
  return found;
}

/** What a sender should know of what was taken all the same: the field, and a sentence. */
export const warningsView = z
  .array(z.object({ kind: z.enum(WARNING_KINDS), path: z.string(), message: z.string() }).readonly())
  .readonly();

/** Counts and status of a submission, as the gateway shows it. */
export const submissionView = z.object({
  id: z.string(),
  connectionId: z.number().int(),
  source: z.enum(SUBMISSION_SOURCES),
  status: z.enum(SUBMISSION_STATUSES),
  totalCount: z.number().int(),
  successCount: z.number().int(),
  errorCount: z.number().int(),
  finishedCount: z.number().int(),
  error: z.string().nullable(),
  warnings: warningsView.optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

/** One line of a submission and what became of it. */
export const submissionLineView = z.object({
  row: z.number().int(),
  listing: z.string(),
  locationId: z.string(),
  quantity: z.number().int().nullable(),
  version: z.object({ publishedAt: z.string(), messageId: z.string() }),
  status: z.enum(LINE_STATUSES),
  error: z.string().nullable(),
  pushId: z.string().nullable(),
});

/** A line as the store gives it, in the gateway's shape. */
export const viewOfLine = ({ version, ...line }: SubmissionLineView): z.output<typeof submissionLineView> => ({
  ...line,
  version: { publishedAt: new Date(version.publishedAtMs).toISOString(), messageId: version.messageId },
});
