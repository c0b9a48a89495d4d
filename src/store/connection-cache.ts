import { LRUCache } from 'lru-cache';
import type { Connection } from '../contracts/connection';
import type { ConnectionStore } from './connections';

/** Long enough to spare a SELECT a call, short enough that a changed setting is in force within a minute. */
const TTL_MS = 60_000;
const MAX_CONNECTIONS = 5_000;

export interface ConnectionCache {
  /**
   * The connection as this process last saw it, at most a minute old. `minTokenGeneration` asks for a token at least that
   * young and reads the row again if need be. Undefined when there is no such connection.
   */
  get(id: number, minTokenGeneration?: number): Promise<Connection | undefined>;
  forget(id: number): void;
}

const pascalCase = (channel: string): string =>
  channel
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** `<Channel>ConnectionData_<id>`: the name under which other programs know the cached credentials of a connection. */
export const connectionCacheKey = (connection: Pick<Connection, 'id' | 'channel'>): string =>
  `${pascalCase(connection.channel)}ConnectionData_${connection.id}`;

export function createConnectionCache(connections: Pick<ConnectionStore, 'find'>): ConnectionCache {
  const cache = new LRUCache<string, Connection>({ max: MAX_CONNECTIONS, ttl: TTL_MS });
  // The key holds the channel, which a caller does not know before the row was read once.
  const keys = new Map<number, string>();
  return {
    async get(id, minTokenGeneration = 0) {
      const key = keys.get(id);
      const cached = key === undefined ? undefined : cache.get(key);
      if (cached && cached.tokenGeneration >= minTokenGeneration) return cached;
      const connection = await connections.find(id);
      if (!connection) return undefined;
      const freshKey = connectionCacheKey(connection);
      keys.set(id, freshKey);
      cache.set(freshKey, connection);
      return connection;
    },
    forget(id) {
      const key = keys.get(id);
      if (key !== undefined) cache.delete(key);
      keys.delete(id);
    },
  };
}
