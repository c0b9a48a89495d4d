import type { SoakConnection } from '../tenants';
import { createFinding, type Finding } from './finding';
import { type Recorded, type TwinCall, twinOf } from './recorded';

/** A login whose process, or whose database, died before the token was stored. */
const UNSTORED_MS = 10_000;

/** I5. A new token is asked for once for each generation, however many calls met the dead one. */
export function checkLogins(recorded: Recorded, connections: readonly SoakConnection[]): Finding {
  const finding = createFinding('I5', 'one login per token generation');
  const figures = { logins: 0, generations: 0, 'lost on the way': 0 };
  for (const connection of connections) {
    const generation = recorded.tables.connections.find(({ id }) => id === connection.id)?.tokenGeneration ?? 0;
    const { calls } = recorded.twins[twinOf(connection.channel)];
    const logins = calls.filter(({ applied }) =>
      applied.some(({ what, account }) => what === 'login' && account === connection.login),
    );
    const lost = logins.filter((call) => wasLost(call, recorded)).length;
    figures.logins += logins.length;
    figures.generations += generation;
    const surplus = logins.length - generation;
    figures['lost on the way'] += Math.min(Math.max(surplus, 0), lost);
    if (surplus > lost)
      finding.violate(
        `connection ${connection.id}: ${logins.length} logins for ${generation} tokens, ${lost} answers may have been lost`,
      );
  }
  return finding.done(figures);
}

/** Whether the answer may never have arrived or been stored. */
const wasLost = (call: TwinCall, { disturbances }: Recorded): boolean =>
  call.status !== 200 ||
  call.faults.some((fault) => fault !== 'delay') ||
  disturbances.some(({ atMs, untilMs }) => atMs - UNSTORED_MS <= call.atMs && call.atMs <= untilMs + UNSTORED_MS);
