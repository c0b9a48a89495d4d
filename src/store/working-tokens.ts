import { LRUCache } from 'lru-cache';
import type { Database } from './database';

const MAX_CONNECTIONS = 5_000;

/** Which tokens their channels have taken, so that a token which died is told from credentials which are no good. */
export interface WorkingTokenStore {
  /** The channel has answered a request with this token; costs a statement once for each token and process. */
  note(connectionId: number, generation: number): Promise<void>;
  /** Whether the channel has taken this token, or a newer one. */
  has(connectionId: number, generation: number): Promise<boolean>;
}

export function createWorkingTokenStore(db: Database): WorkingTokenStore {
  const noted = new LRUCache<number, number>({ max: MAX_CONNECTIONS });
  return {
    async note(connectionId, generation) {
      if ((noted.get(connectionId) ?? 0) >= generation) return;
      await db.change(
        `INSERT INTO working_tokens (connectionId, generation) VALUES (?, ?)
         ON DUPLICATE KEY UPDATE generation = GREATEST(generation, VALUES(generation))`,
        [connectionId, generation],
      );
      noted.set(connectionId, generation);
    },

    async has(connectionId, generation) {
      const [row] = await db.select('SELECT 1 FROM working_tokens WHERE connectionId = ? AND generation >= ?', [
        connectionId,
        generation,
      ]);
      return row !== undefined;
    },
  };
}
