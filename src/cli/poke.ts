import type { Connection } from '../contracts/connection';
import type { CliContext } from './context';
import { sayFailure } from './failures';

/** Whether the connection's sync was woken, and what a person should know about when the lines leave. */
export interface PokeOutcome {
  poked: boolean;
  words: string;
}

/** Wakes the connection's sync. What is stored goes out in any case, so a Temporal that is down is told and no failure. */
export async function pokeOrSay(
  { dispatch, config }: Pick<CliContext, 'dispatch' | 'config'>,
  connection: Pick<Connection, 'id' | 'status'>,
): Promise<PokeOutcome> {
  if (connection.status !== 'active') {
    const command = connection.status === 'paused' ? 'resume' : 'restore';
    return {
      poked: false,
      words: `The connection is ${connection.status}: they wait for \`connections ${command} ${connection.id}\`.`,
    };
  }
  try {
    await dispatch.pokeInventorySync(connection.id);
    return { poked: true, words: 'The sync is awake.' };
  } catch (error) {
    const { message } = sayFailure(error, config);
    return {
      poked: false,
      words: `Not woken (${message}); the sweep does it within a minute of Temporal's return.`,
    };
  }
}
