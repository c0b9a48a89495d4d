import type { Command } from 'commander';
import { z } from 'zod';
import type { Connection } from '../../contracts/connection';
import { readCredits } from '../../store/gate-overview';
import { readTroubledPushes } from '../../store/push-attempts';
import { attemptsJson, attemptsWords, creditWords } from '../attempt-words';
import { addCommand, connectionId, type Execute, name } from '../command';
import {
  type ConnectionHealth,
  gateCell,
  gateKeyOf,
  gateWords,
  healthJson,
  questionWords,
  readHealth,
} from '../connection-health';
import { viewOf } from '../connection-view';
import { type Cell, counted, duration, facts, moment, oneLine, table, tokenWords } from '../output';
import { describeSyncRun, pendingWords, syncRunWords } from '../sync-run';
import { addAddCommand } from './connection-add';
import { addRemoveCommand } from './connection-remove';
import { addSetCommand } from './connection-set';
import { addStatusCommands } from './connection-status';
import { addTestCommand } from './connection-test';

/** `connections add|set|remove|list|show|test|pause|resume|restore`: one account on one channel each. */
export function addConnectionCommands(program: Command, execute: Execute): void {
  const connections = program
    .command('connections')
    .description('accounts on channels: credentials, settings, status')
    .helpCommand(false);
  addAddCommand(connections, execute);
  addSetCommand(connections, execute);
  addRemoveCommand(connections, execute);
  addListCommand(connections, execute);
  addShowCommand(connections, execute);
  addTestCommand(connections, execute);
  addStatusCommands(connections, execute);
}

const HEADINGS = [
  'id',
  'channel',
  'account',
  'location',
  'status',
  'waiting',
  'zeros',
  'oldest',
  'accepted',
  'rejected',
  'gate',
  'asks for',
  'reason',
];
/** What is longer is cut in the list, so that a connection stays one row of a screen; `show` has it whole. */
const MAX_NAME_CHARS = 16;
const MAX_WORDS_CHARS = 40;

const ago = (atMs: number | null, nowMs: number): string => (atMs === null ? '' : duration(nowMs - atMs));

function listRow(connection: Connection, { work, gate, questions }: ConnectionHealth, nowMs: number): Cell[] {
  const short = (words: string | null, maxChars = MAX_NAME_CHARS) => (words === null ? null : oneLine(words, maxChars));
  return [
    connection.id,
    connection.channel,
    short(connection.accountSlug),
    short(connection.locationId),
    connection.status,
    work.dirty + work.claimed,
    work.zeros,
    ago(work.oldestWaitingMs, nowMs),
    ago(work.lastAcceptedMs, nowMs),
    work.rejected,
    gateCell(gate, nowMs),
    short(questionWords(questions), MAX_WORDS_CHARS),
    short(connection.sealFault ?? connection.statusReason, MAX_WORDS_CHARS),
  ];
}

function addListCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'list',
    summary:
      'list the connections: what waits and since when, what was accepted last, what was refused, who is asked for',
    example: 'connections list --account spykar',
    options: [['--account <slug>', 'only the connections of this account']],
    input: z.object({ account: name.optional() }),
    async run({ account }, context) {
      const found = await context.stores.connections.list(account === undefined ? {} : { accountSlug: account });
      if (found.length === 0) {
        return { json: [], lines: ['There is no connection yet: see `connections add --help`.'] };
      }
      const health = await readHealth(context, found, account);
      const nowMs = Date.now();
      return {
        json: found.map((one) => ({ ...viewOf(one), work: healthJson(health.of(one), health.problem) })),
        lines: [
          ...table(
            HEADINGS,
            found.map((one) => listRow(one, health.of(one), nowMs)),
          ),
          ...(health.problem === null ? [] : ['', `Whether anybody is asked is unknown: ${health.problem}`]),
          ...(health.isCut ? ['', 'More runs ask than were counted here: see `retry --attention all --dry-run`.'] : []),
        ],
      };
    },
  });
}

function addShowCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'show <id>',
    summary: 'show one connection: settings, status, how its stock stands, its rate limit and what it asks for',
    example: 'connections show 294',
    input: z.object({ id: connectionId }),
    async run({ id }, context) {
      const { stores, client, config } = context;
      const connection = await context.connection(id);
      const view = viewOf(connection);
      const stock = await stores.levels.countByState(id);
      const report = await readHealth(context, [connection], connection.accountSlug);
      const health = report.of(connection);
      const { work, gate, questions } = health;
      const key = gateKeyOf(connection, config.endpoints);
      const credits = key === undefined ? undefined : await readCredits(stores.db, key);
      const sync = await describeSyncRun(client, config, id);
      const [trouble] = await readTroubledPushes(stores.db, id, 1);
      const nowMs = Date.now();
      const said = (counts: Record<string, unknown>) =>
        Object.entries(counts)
          .map(([key, value]) => `${key} ${value}`)
          .join(', ');
      const at = (atMs: number | null) => (atMs === null ? null : moment(atMs, nowMs));
      return {
        json: {
          ...view,
          stock,
          work: healthJson(health, report.problem),
          credits: credits ?? null,
          sync,
          lastTrouble: trouble ? attemptsJson(trouble) : null,
        },
        lines: [
          ...facts([
            ['id', view.id],
            ['channel', view.channel],
            ['account', view.accountSlug],
            ['external channel', view.externalChannelId],
            ['external warehouse', view.externalWarehouseId],
            ['location', view.locationId ?? 'any'],
            ['status', view.statusReason === null ? view.status : `${view.status}: ${view.statusReason}`],
            ['credentials', view.sealFault ?? said(view.credentials)],
            ['token', tokenWords(connection, nowMs)],
            ['stock levels', said(stock) || 'none'],
            ['waiting', `${counted(work.dirty + work.claimed, 'line')}, ${work.zeros} of them at zero`],
            ['oldest since', at(work.oldestWaitingMs)],
            ['last accepted', at(work.lastAcceptedMs)],
            ['rejected', work.rejected === 0 ? '0' : `${work.rejected}: see \`rejected ${id}\``],
            ['rate limit', gateWords(gate, nowMs, trouble)],
            ...(credits === undefined ? [] : [['credits', creditWords(credits, nowMs)] as const]),
            ['sync', syncRunWords(sync)],
            ...sync.pending.map((call) => ['next attempt', pendingWords(call, nowMs)] as const),
            ['last trouble', trouble ? attemptsWords(trouble, nowMs) : null],
            ['asks for', report.problem === null ? questionWords(questions) : `unknown: ${report.problem}`],
          ]),
          '',
          ...(view.settings === null
            ? ['settings do not fit:', ...view.settingsFaults.map((fault) => `  ${fault}`)]
            : facts(Object.entries(view.settings).map(([key, value]) => [`settings.${key}`, JSON.stringify(value)]))),
        ],
      };
    },
  });
}
