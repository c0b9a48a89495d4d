import type { Command } from 'commander';
import { z } from 'zod';
import { createStockViews, type StockView } from '../../starter/stock-view';
import { readCredits, readGate } from '../../store/gate-overview';
import { type PushAttempts, readPushAttempts, readTroubledPushes } from '../../store/push-attempts';
import type { StockLevelRow } from '../../store/stock-levels';
import type { NamingLine } from '../../store/submissions';
import { attemptsJson, attemptsWords, creditWords, troubleTable } from '../attempt-words';
import { addCommand, connectionId, type Execute } from '../command';
import { gateKeyOf, gateWords } from '../connection-health';
import type { CliContext } from '../context';
import { CliError } from '../failures';
import { facts, moment, table } from '../output';
import { describeSyncRun, pendingWords, syncRunWords } from '../sync-run';

const MAX_SUGGESTIONS = 10;
const MAX_SUBMISSIONS = 10;
const MAX_CALLS_SHOWN = 10;
const MAX_TROUBLE_SHOWN = 10;

/** `why`: everything that is known of one listing, as a story. */
export function addWhyCommand(program: Command, execute: Execute): void {
  addCommand(program, execute, {
    usage: 'why <connectionId> <listing>',
    summary: 'tell why a channel shows for a listing what it shows',
    example: 'why 294 JEAFMSRHYSUHZGFH/002211',
    input: z.object({ connectionId, listing: z.string().min(1, 'is empty').max(255) }),
    async run({ connectionId: id, listing }, context) {
      const { stores, client, config } = context;
      const connection = await context.connection(id);
      const levels = await stores.levels.find(id, listing);
      const submissions = await stores.submissions.naming(id, listing, MAX_SUBMISSIONS);
      if (levels.length === 0 && submissions.length === 0) throw await unknownListing(context, id, listing);
      const views = await createStockViews(stores)(id, listing);
      const sync = await describeSyncRun(client, config, id);
      const { status, statusReason, channel, accountSlug } = connection;
      const nowMs = Date.now();
      const key = gateKeyOf(connection, config.endpoints);
      const gate = key === undefined ? null : await readGate(stores.db, key, nowMs);
      const credits = key === undefined ? undefined : await readCredits(stores.db, key);
      const troubled = await readTroubledPushes(stores.db, id, MAX_TROUBLE_SHOWN);
      const open = await openPushes(context, levels);
      const story = levels.map((level) => {
        const push = open.find(({ pushId }) => pushId === level.pushId);
        return {
          ...views.find((view) => view.locationId === level.locationId),
          since: new Date(level.dirtySinceMs).toISOString(),
          nextTryAt: nextTryAtMs(level) === undefined ? null : new Date(level.notBeforeMs).toISOString(),
          push: push ? attemptsJson(push) : null,
        };
      });
      const ownPushIds = levels.map(({ pushId }) => pushId);
      return {
        json: {
          connection: { id, channel, accountSlug, status, statusReason },
          gate: gate && {
            closedUntil: gate.closedUntilMs && new Date(gate.closedUntilMs).toISOString(),
            reservedUntil: gate.reservedUntilMs && new Date(gate.reservedUntilMs).toISOString(),
          },
          credits: credits ?? null,
          levels: story,
          troubledPushes: troubled.map(attemptsJson),
          submissions,
          sync,
        },
        lines: [
          `${listing} on connection ${id} (${channel}, ${accountSlug})`,
          '',
          ...facts([
            ['connection', statusReason === null ? status : `${status}: ${statusReason}`],
            ['rate limit', gateWords(gate, nowMs, troubled[0])],
            ...(credits === undefined ? [] : [['credits', creditWords(credits, nowMs)] as const]),
            ['sync', syncRunWords(sync)],
            ...sync.pending.map((call) => ['next attempt', pendingWords(call, nowMs)] as const),
          ]),
          ...levels.flatMap((level) =>
            levelStory(
              level,
              views,
              open.find(({ pushId }) => pushId === level.pushId),
              nowMs,
            ),
          ),
          ...(troubled.length === 0
            ? []
            : [
                '',
                'Attempts of the connection that failed or were not answered, newest first:',
                ...troubleTable(troubled, ownPushIds, nowMs),
              ]),
          ...submissionStory(submissions, nowMs),
        ],
      };
    },
  });
}

/** The open pushes that the levels are in, with what they have tried. */
async function openPushes({ stores }: CliContext, levels: readonly StockLevelRow[]): Promise<PushAttempts[]> {
  const ids = [...new Set(levels.map(({ pushId }) => pushId))].filter((id) => id !== null);
  const found = await Promise.all(ids.map((id) => readPushAttempts(stores.db, id)));
  return found.filter((push) => push !== undefined);
}

async function unknownListing({ stores }: CliContext, id: number, listing: string): Promise<CliError> {
  const similar = await stores.levels.findListings(id, listing, MAX_SUGGESTIONS);
  return new CliError(
    `connection ${id} has never heard of listing ${listing}${similar.length === 0 ? '' : '; these contain it:'}`,
    similar,
    { similar },
  );
}

/** When a level that has to wait goes out at the earliest; undefined when nothing holds it. */
const nextTryAtMs = ({ state, notBeforeMs }: StockLevelRow): number | undefined =>
  state === 'dirty' && notBeforeMs > Date.now() ? notBeforeMs : undefined;

const STATE_WORDS: Record<StockLevelRow['state'], string> = {
  clean: 'clean: the channel has accepted what is desired',
  dirty: 'dirty: to be sent',
  claimed: 'claimed: in a push that is open',
  rejected: 'rejected: not sent again before a newer value, `redrive --rejected` or `resync`',
};

function levelStory(
  level: StockLevelRow,
  views: readonly StockView[],
  push: PushAttempts | undefined,
  nowMs: number,
): string[] {
  const view = views.find(({ locationId }) => locationId === level.locationId);
  if (!view) return [];
  const { desired, sent, acknowledged, observed, timeline } = view;
  const nextMs = nextTryAtMs(level);
  const point = (name: string, at: StockView['sent']) => [
    name,
    at?.quantity,
    at?.version ? `${at.version.publishedAt} / ${at.version.messageId}` : null,
    at === null ? null : moment(Date.parse(at.at), nowMs),
  ];
  const calls = timeline
    .slice(0, MAX_CALLS_SHOWN)
    .map((call) => [
      moment(Date.parse(call.at), nowMs),
      call.quantity,
      call.late ? `${call.verdict}, late` : call.verdict,
      call.message,
      `${call.pushId} #${call.attempt}`,
    ]);
  return [
    '',
    ...facts([
      ['location', level.locationId || 'any'],
      ['state', STATE_WORDS[level.state]],
      ['since', moment(level.dirtySinceMs, nowMs)],
      ...(push === undefined ? [] : [['push', attemptsWords(push, nowMs)] as const]),
      ...(nextMs === undefined ? [] : [['next try', moment(nextMs, nowMs)] as const]),
      ...(level.lastError === null ? [] : [['last error', level.lastError] as const]),
    ]),
    '',
    ...table(
      ['', 'quantity', 'version (published / message)', 'at'],
      [
        point('desired', desired),
        point('sent', sent),
        point('acknowledged', acknowledged),
        point('observed', observed),
      ],
    ),
    '',
    ...(calls.length === 0
      ? ['It was never sent.']
      : [
          timeline.length > calls.length ? `The newest ${calls.length} of ${timeline.length} calls or more:` : 'Calls:',
          ...table(['sent at', 'quantity', 'verdict', 'the channel said', 'push'], calls),
        ]),
  ];
}

function submissionStory(submissions: readonly NamingLine[], nowMs: number): string[] {
  if (submissions.length === 0) return ['', 'No submission that is still kept names it.'];
  const rows = submissions.map((line) => [
    moment(Date.parse(line.receivedAt), nowMs),
    line.source,
    line.messageId,
    line.quantity,
    line.status,
    line.error,
    `${line.submissionId} row ${line.row}`,
  ]);
  return [
    '',
    'What came in:',
    ...table(['received', 'source', 'message', 'quantity', 'status', 'why', 'submission'], rows),
  ];
}
