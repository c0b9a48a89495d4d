import type { Client } from '@temporalio/client';
import { ConnectorError } from '../connectors/errors';
import { connectorFor } from '../connectors/registry';
import type { Connection } from '../contracts/connection';
import { type ConnectionWork, type OrderSides, readConnectionWork, readOrderSides } from '../store/connection-overview';
import { type GateState, readBusyGates } from '../store/gate-overview';
import type { PushAttempts } from '../store/push-attempts';
import { listWaitingRuns, type WaitingRun } from './attention-runs';
import type { CliContext } from './context';
import { sayFailure } from './failures';
import { duration, moment } from './output';

/** More questions than anybody reads are counted no further. */
const MAX_RUNS = 2_000;

/** Runs of one connection that wait for a person for the same reason. */
export interface Question {
  attention: string;
  runs: number;
}

/** How a connection does. */
export interface ConnectionHealth {
  work: ConnectionWork;
  /** Null where settings or credentials do not fit, so that nobody knows which gate it is. */
  gate: GateState | null;
  questions: Question[];
}

export interface HealthReport {
  of(connection: Connection): ConnectionHealth;
  /** Why Temporal could not be asked for open questions; null when it could. */
  problem: string | null;
  /** There are more questions than were read. */
  isCut: boolean;
}

const OPEN: GateState = { closedUntilMs: null, reservedUntilMs: null };

/** The key of the connection's rate limit; undefined where its settings or credentials do not fit. */
export function gateKeyOf(connection: Connection, endpoints: Readonly<Record<string, string>>): string | undefined {
  try {
    return connectorFor(connection.channel).gate(connection, endpoints).key;
  } catch (error) {
    if (error instanceof ConnectorError) return undefined;
    throw error;
  }
}

/** Whose answer a run waits for: of an order the side that its word names, else the connection that it runs under. */
export function askedConnection(
  { attention, connectionId }: Pick<WaitingRun, 'attention' | 'connectionId'>,
  order: OrderSides | undefined,
  channelOf: (id: number) => string | undefined,
): number | undefined {
  const wmsChannel = order && channelOf(order.wmsConnectionId);
  if (order && wmsChannel !== undefined && attention.startsWith(`${wmsChannel}_`)) return order.wmsConnectionId;
  return order?.connectionId ?? (connectionId === null ? undefined : Number(connectionId));
}

async function findRuns(client: Client, accountSlug: string | undefined): Promise<WaitingRun[]> {
  return listWaitingRuns(client, { accountSlug }, MAX_RUNS + 1);
}

/** Reads how each of the connections does, with a few statements and one question to Temporal for all of them. */
export async function readHealth(
  { stores, client, config }: Pick<CliContext, 'stores' | 'client' | 'config'>,
  connections: readonly Connection[],
  accountSlug?: string,
): Promise<HealthReport> {
  const works = await readConnectionWork(
    stores.db,
    connections.map(({ id }) => id),
  );
  const gates = await readBusyGates(stores.db, Date.now());
  let problem: string | null = null;
  const runs = await findRuns(client, accountSlug).catch((error: unknown): WaitingRun[] => {
    problem = sayFailure(error, config).message;
    return [];
  });
  const sides = await readOrderSides(
    stores.db,
    runs.map(({ workflowId }) => workflowId),
  );
  const channels = new Map<number, string>(connections.map(({ id, channel }) => [id, channel]));
  const questions = new Map<number, Map<string, number>>();
  for (const run of runs) {
    const id = askedConnection(run, sides.get(run.workflowId), (side) => channels.get(side));
    if (id === undefined) continue;
    const words = questions.get(id) ?? new Map<string, number>();
    words.set(run.attention, (words.get(run.attention) ?? 0) + 1);
    questions.set(id, words);
  }
  return {
    problem,
    isCut: runs.length > MAX_RUNS,
    of(connection) {
      const work = works.get(connection.id);
      if (!work) throw new Error(`connection ${connection.id} was not asked for`);
      const key = gateKeyOf(connection, config.endpoints);
      const asked = [...(questions.get(connection.id) ?? [])];
      return {
        work,
        gate: key === undefined ? null : (gates.get(key) ?? OPEN),
        questions: asked.map(([attention, count]) => ({ attention, runs: count })),
      };
    },
  };
}

const iso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

/** A connection's health as JSON documents print it. `questions` is null when Temporal could not be asked. */
export const healthJson = ({ work, gate, questions }: ConnectionHealth, problem: string | null) => ({
  waiting: work.dirty + work.claimed,
  waitingInPushes: work.claimed,
  waitingZeros: work.zeros,
  oldestWaitingSince: iso(work.oldestWaitingMs),
  rejected: work.rejected,
  lastAcceptedAt: iso(work.lastAcceptedMs),
  gate: gate && { closedUntil: iso(gate.closedUntilMs), reservedUntil: iso(gate.reservedUntilMs) },
  questions: problem === null ? questions : null,
});

/** Each word with how many runs ask so: "…_rejected ×3, …_paused". */
export const questionWords = (questions: readonly Question[]): string =>
  questions.map(({ attention, runs }) => (runs === 1 ? attention : `${attention} ×${runs}`)).join(', ');

/** The gate in a table's cell: "closed 40 s", "busy 8 min"; empty when it lets pass. */
export function gateCell(gate: GateState | null, nowMs: number): string {
  if (gate === null) return '?';
  if (gate.closedUntilMs !== null) return `closed ${duration(gate.closedUntilMs - nowMs)}`;
  // Turns of the next few seconds are how a limit is kept.
  return gate.reservedUntilMs !== null && gate.reservedUntilMs - nowMs > FAR_AHEAD_MS
    ? `busy ${duration(gate.reservedUntilMs - nowMs)}`
    : '';
}

const FAR_AHEAD_MS = 10_000;

/** Failures that a channel may send a `Retry-After` with. */
const PAUSES: readonly (string | null)[] = ['ChannelRateLimited', 'ChannelUnavailable'];

/** The gate in a sentence. `trouble` is the newest that the connection met: it may say why the gate is closed. */
export function gateWords(
  gate: GateState | null,
  nowMs: number,
  trouble: Pick<PushAttempts, 'errorType' | 'error'> | undefined,
): string {
  if (gate === null) return 'unknown: settings or credentials do not fit';
  const why = trouble?.error && PAUSES.includes(trouble.errorType) ? ` (${trouble.error})` : '';
  if (gate.closedUntilMs !== null)
    return `closed until ${moment(gate.closedUntilMs, nowMs)}: the channel asked for a pause${why}`;
  if (gate.reservedUntilMs !== null) return `open; turns are reserved until ${moment(gate.reservedUntilMs, nowMs)}`;
  return 'open';
}
