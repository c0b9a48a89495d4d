import type { Version } from './stock';

export const SUBMISSION_SOURCES = ['wms', 'csv', 'increff', 'api'] as const;
export type SubmissionSource = (typeof SUBMISSION_SOURCES)[number];

export const SUBMISSION_STATUSES = ['pending', 'processing', 'success', 'error', 'aborted'] as const;
export type SubmissionStatus = (typeof SUBMISSION_STATUSES)[number];

export const LINE_STATUSES = ['pending', 'processing', 'success', 'error', 'superseded', 'aborted'] as const;
export type LineStatus = (typeof LINE_STATUSES)[number];

/** A line that came in: usable with a quantity, or unusable with the reason. Rows are counted from 1. */
export type DraftLine =
  | { row: number; listing: string; locationId: string; quantity: number }
  | { row: number; listing: string; locationId: string; quantity: null; error: string };

/** What a row of a file said besides listing and quantity, as it is kept: its code as it stood there, and its reason. At most 255 characters each. */
export interface FileRow {
  row: number;
  code: string;
  reason: string;
}

/** What a sender should know of what was taken all the same. */
export const WARNING_KINDS = ['stamped_ahead', 'time_zone_changed', 'other_content'] as const;
export type WarningKind = (typeof WARNING_KINDS)[number];

export interface IntakeWarning {
  kind: WarningKind;
  /** The field that it is about. */
  path: string;
  message: string;
}

/** What came in, read and checked, before it is stored. */
export interface SubmissionDraft {
  connectionId: number;
  accountSlug: string;
  source: SubmissionSource;
  /** The sender's own id of the message; the same one again, with the same content, is a duplicate. Null: every delivery is new. */
  messageId: string | null;
  /** 32 hex digits of what the message says; without it the message is the same whatever it says. */
  contentHash?: string;
  publishedAtMs: number;
  /** True when it is meant as newer than all that is known of its listings when it is stored: `publishedAtMs` is raised above that. */
  isNewest?: boolean;
  warnings?: readonly IntakeWarning[];
  /** The location of the levels that are written: the connection's own, or '' when it has none. */
  levelLocationId: string;
  /** Adds up the quantities of all locations instead of letting the newest line win. */
  sumLocations: boolean;
  lines: readonly DraftLine[];
  /** Of a file: the rows that the lines were made of. */
  fileRows?: readonly FileRow[];
}

export type IntakeStatus = 'accepted' | 'duplicate' | 'superseded';

export interface IntakeResult {
  submissionId: string;
  status: IntakeStatus;
  /** True when some listing of the connection now has something new to show. */
  changedStock: boolean;
  /** Whether a listing may have sold out by it; absent: no. */
  hasZeros?: boolean;
  /** Empty for a duplicate, of which nothing was stored. */
  warnings: readonly IntakeWarning[];
}

export interface SubmissionView {
  id: string;
  connectionId: number;
  source: SubmissionSource;
  status: SubmissionStatus;
  totalCount: number;
  successCount: number;
  errorCount: number;
  finishedCount: number;
  error: string | null;
  /** Only when there are any. */
  warnings?: readonly IntakeWarning[];
  createdAt: string;
  updatedAt: string;
}

export interface SubmissionLineView {
  row: number;
  listing: string;
  locationId: string;
  quantity: number | null;
  version: Version;
  status: LineStatus;
  error: string | null;
  pushId: string | null;
}
