import { stringify } from 'csv-stringify/sync';
import { listingParts } from '../../contracts/ids';
import type { StockLine } from '../../contracts/stock';
import { expiryOf } from '../access-token';
import type { Credits } from '../credits';
import { ConnectorError } from '../errors';
import { type AnswerContext, contractViolation } from '../http/answers';
import { cleanWords } from '../http/words';
import type { IssuedToken, JobFile, JobRequest, JobState, RowVerdict, RowVerdictPage } from '../ports';
import { statusWord } from '../status-words';
import { checkStockLines } from '../stock-lines';
import { type ItemPage, type Quota, SYNCS_LOOKED_THROUGH, type SyncStatus, type TokenAnswer } from './schemas';
import { MAX_FILE_ROWS, type ShipheroSettings } from './settings';

/** Only HTTP 200 answers reach a mapper. */
const OK = 200;
/** ShipHero publishes no price of a mutation; it prints 0 for one, and no more than this has been told of. */
const MUTATION_CREDITS = 10;
const QUERY_CREDITS = 1;
/** The only thing that may be done with a quantity. */
const ACTION = 'replace';
/** Statuses after which nothing more is applied: `success`, `error`, `error_all`, `error_partial`, `error_unknown`, `aborted`, and what else may begin with `error`. */
const ENDED = /^(?:SUCCESS|ERROR(?:_.+)?|ABORTED)$/;
/** Ended early, for a reason that ShipHero does not know itself. */
const ENDED_EARLY = 'ERROR_UNKNOWN';
/** A row that was not applied: `error`, `error_unknown`, `error_not_found`, and what else may begin with `error`. */
const ROW_ERROR = /^ERROR(?:_.+)?$/;
/** A row that was not reached: of a sync that goes on, or that ended before it. */
const ROW_OPEN = ['PENDING', 'PROCESSING', 'ABORTED'];

/** What each request costs at most: a list costs 1 and 1 more for every node that it may return. */
export const creditsFor = ({ itemsPageSize }: Pick<ShipheroSettings, 'itemsPageSize'>): Record<JobRequest, number> => ({
  start: MUTATION_CREDITS,
  stop: MUTATION_CREDITS,
  read: QUERY_CREDITS,
  find: QUERY_CREDITS + SYNCS_LOOKED_THROUGH,
  page: QUERY_CREDITS + itemsPageSize,
});

/** Our listing as ShipHero's SKU. Throws `InvariantBroken` for a listing that this connector did not make. */
function skuOf(listing: string): string {
  const [sku, ...rest] = listingParts(listing);
  if (!sku || rest.length > 0) throw new ConnectorError('InvariantBroken', 'a listing of ShipHero is a single SKU');
  return sku;
}

/** Throws `InvariantBroken` for lines that ShipHero cannot take as one file, none at all included. */
export function jobFileOf(lines: readonly StockLine[], settings: ShipheroSettings): JobFile {
  if (lines.length === 0) throw new ConnectorError('InvariantBroken', 'a file without lines');
  checkStockLines(lines, MAX_FILE_ROWS, 'ShipHero');
  const { dynamicSlotting, location = '', reason, skuColumn } = settings;
  const header = [skuColumn, 'quantity', 'action', 'reason', ...(dynamicSlotting ? ['location'] : [])];
  // A SKU that a spreadsheet would take for a formula stays as it is: a program reads the file, and another spelling is another SKU.
  const rows = lines.map(({ listing, quantity }) => [
    skuOf(listing),
    String(quantity),
    ACTION,
    reason,
    ...(dynamicSlotting ? [location] : []),
  ]);
  // Quotes around blanks at either end and around a lone CR keep readers from dropping them.
  const text = stringify([header, ...rows], { record_delimiter: '\n', quoted_match: /^\s|\s$|\r/ });
  return { mediaType: 'text/csv; charset=utf-8', text };
}

/** Words that nobody has published mean that the sync goes on: the counts tell when it is over, or the deadline does. */
export function jobStateOf(sync: SyncStatus, secrets: readonly string[]): JobState {
  const { total_count: total, finished_count: finished } = sync;
  // A sync whose file was not read yet has no rows, and none of them is unfinished.
  const isCounted = total !== null && finished !== null && total > 0 && finished >= total;
  const words = cleanWords(sync.error, secrets);
  const word = statusWord(sync.status);
  const status = cleanWords(sync.status, secrets);
  return {
    hasEnded: isCounted || ENDED.test(word),
    ...(status === '' ? {} : { status }),
    ...((word === ENDED_EARLY || (word === 'ABORTED' && !total)) && !isCounted ? { isUnexplained: true } : {}),
    totalCount: total,
    successCount: sync.success_count,
    errorCount: sync.error_count,
    words: words === '' ? null : words,
  };
}

/** One page of rows; which listing a row is of is for the caller to say, who knows what stood in the file. */
export function rowVerdictPageOf({ edges, pageInfo }: ItemPage, context: AnswerContext): RowVerdictPage {
  const { hasNextPage, endCursor } = pageInfo;
  if (hasNextPage && !endCursor) throw contractViolation('a next page without a cursor to it', OK, context);
  return {
    verdicts: edges.map(({ node }) => rowVerdictOf(node, context.secrets)),
    nextCursor: hasNextPage ? (endCursor ?? null) : null,
  };
}

function rowVerdictOf(
  { row, sku, status, error }: ItemPage['edges'][number]['node'],
  secrets: readonly string[],
): RowVerdict {
  const code = sku ?? null;
  const word = statusWord(status);
  if (word === 'SUCCESS') return { row, code, verdict: 'accepted' };
  const shown = cleanWords(status, secrets);
  if (ROW_ERROR.test(word)) {
    const message = cleanWords(error, secrets) || `ShipHero calls the row ${shown} and gives no reason`;
    return { row, code, verdict: 'rejected', message };
  }
  const message = shown === '' ? 'ShipHero gives the row no status' : `ShipHero calls the row ${shown}`;
  return { row, code, verdict: 'unknown', message, ...(ROW_OPEN.includes(word) ? {} : { isOdd: true }) };
}

/** The token with the moment of its death, counted from when it was asked for, and the refresh token to use next. */
export function issuedTokenOf(answer: TokenAnswer, askedAtMs: number, usedRefreshToken?: string): IssuedToken {
  const refreshToken = answer.refresh_token ?? usedRefreshToken;
  return {
    accessToken: answer.access_token,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    expiresAtMs: expiryOf(answer.expires_in, askedAtMs),
  };
}

/** What may still be spent, as ShipHero says. */
export const creditsOf = ({ credits_remaining, max_available, increment_rate }: Quota): Credits => ({
  left: credits_remaining,
  max: max_available,
  perSecond: increment_rate,
});
