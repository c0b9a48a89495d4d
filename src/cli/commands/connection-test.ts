import type { Command } from 'commander';
import { z } from 'zod';
import { ConnectorError } from '../../connectors/errors';
import { gateIntervalMs } from '../../connectors/gate';
import type { InventoryReader } from '../../connectors/ports';
import { connectorFor } from '../../connectors/registry';
import type { Connection } from '../../contracts/connection';
import type { TokenRefresh } from '../../store/connection-tokens';
import { addCommand, connectionId, type Execute } from '../command';
import type { CliContext } from '../context';
import { counted } from '../output';

const MAX_SAMPLE = 5;
const CALL_TIMEOUT_MS = 20_000;
const MAX_SLOT_WAIT_MS = 0;

interface Step {
  step: 'login' | 'read stock' | 'read credits';
  /** Null when it was not tried. */
  ok: boolean | null;
  words: string;
}

/** `connections test`: logs in with the stored credentials and reads a little, and says what worked. */
export function addTestCommand(connections: Command, execute: Execute): void {
  addCommand(connections, execute, {
    usage: 'test <id>',
    summary: 'log in and read a little; changes nothing at the channel, keeps the token',
    example: 'connections test 294',
    input: z.object({ id: connectionId }),
    async run({ id }, context) {
      const connection = await context.connection(id);
      const steps = [await logIn(context, connection)];
      if (steps.every(({ ok }) => ok !== false))
        steps.push(...(await readALittle(context, await context.connection(id))));
      const isWorking = steps.every(({ ok }) => ok !== false);
      const advice =
        isWorking && connection.status === 'needs_reauth'
          ? [`The credentials work: \`connections restore ${id}\` lets the waiting work go on.`]
          : [];
      const sign = (ok: boolean | null) => (ok === null ? '·' : ok ? '✓' : '✗');
      return {
        json: { id, working: isWorking, status: connection.status, steps },
        lines: [...steps.map(({ step, ok, words }) => `${sign(ok)} ${step}: ${words}`), ...advice],
        failed: !isWorking,
      };
    },
  });
}

/** Runs one step; what the channel or its settings say against it becomes the step's words. */
async function attempt(step: Step['step'], work: () => Promise<Omit<Step, 'step'>>): Promise<Step> {
  try {
    return { step, ...(await work()) };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { step, ok: false, words: `${error.type}: ${error.message}` };
  }
}

const logIn = ({ stores, connectorContext }: CliContext, connection: Connection): Promise<Step> =>
  attempt('login', async () => {
    const connector = connectorFor(connection.channel);
    if (!connector.open(connection, connectorContext).tokenIssuer) {
      return { ok: null, words: `${connector.displayName} has no login; every call carries the credentials` };
    }
    const refresh = await stores.connections.replaceToken(
      connection.id,
      connection.tokenGeneration,
      async (current) => {
        const { tokenIssuer } = connector.open(current, connectorContext);
        if (!tokenIssuer) throw new ConnectorError('CapabilityMissing', `${connector.displayName} has no tokenIssuer`);
        return tokenIssuer.issueToken({ signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      },
    );
    return { ok: true, words: `${howOf(refresh)}, generation ${refresh?.generation ?? connection.tokenGeneration}` };
  });

function howOf(refresh: TokenRefresh | undefined): string {
  if (refresh?.adopted) return 'not tried, another program has put a token into ie_appinstall_connection';
  if (refresh?.refreshed !== true) return 'another process has just logged in';
  const { sharedFault } = refresh;
  return sharedFault === undefined
    ? 'new token'
    : `new token, but ie_appinstall_connection did not take it (${sharedFault})`;
}

/** What the channel lets us read: stock, or what the account may still spend. */
async function readALittle(context: CliContext, connection: Connection): Promise<Step[]> {
  const connector = connectorFor(connection.channel);
  const stock = await attempt('read stock', async () => {
    const { inventoryReader } = connector.open(connection, context.connectorContext);
    if (!inventoryReader) return { ok: null, words: `${connector.displayName} shows no stock to us` };
    return readSample(context, connection, inventoryReader);
  });
  if (!connector.capabilities.includes('creditReader')) return [stock];
  const credits = await attempt('read credits', async () => {
    const { creditReader } = connector.open(connection, context.connectorContext);
    if (!creditReader) throw new ConnectorError('CapabilityMissing', `${connector.displayName} has no creditReader`);
    const notNow = await limitedBy(context, connection);
    if (notNow) return notNow;
    const { left, max, perSecond } = await creditReader.readCredits({ signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    return { ok: true, words: `${left} of ${max} left, ${perSecond} come back each second` };
  });
  return [stock, credits];
}

/** Takes a slot of the rate limit, or says that there is none now. */
async function limitedBy({ stores, connectorContext }: CliContext, connection: Connection) {
  const gate = connectorFor(connection.channel).gate(connection, connectorContext.endpoints);
  const pass = await stores.gates.reserve(gate.key, gateIntervalMs(gate), MAX_SLOT_WAIT_MS);
  if (pass.reserved) return undefined;
  return { ok: null, words: `not tried, the rate limit lets nothing pass for ${Math.ceil(pass.waitMs / 1_000)} s` };
}

async function readSample(
  context: CliContext,
  connection: Connection,
  reader: InventoryReader,
): Promise<Omit<Step, 'step'>> {
  const { stores } = context;
  const listings = await stores.levels.findListings(connection.id, '', Math.min(MAX_SAMPLE, reader.readBatchSize));
  if (listings.length === 0) return { ok: null, words: 'not tried, no listing is known yet' };
  const notNow = await limitedBy(context, connection);
  if (notNow) return notNow;
  const observed = await reader.readStock(listings, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  await stores.levels.recordObserved(connection.id, observed);
  const known = observed.filter(({ quantity }) => quantity !== null).length;
  return { ok: true, words: `${counted(observed.length, 'listing')} asked for, the channel knows ${known}` };
}
