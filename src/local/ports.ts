import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { deferred } from './deferred';

const HOST = '127.0.0.1';

/**
 * Ports that no system gives to outgoing connections (Linux begins at 32768, others at 49152): what was free a moment ago would
 * otherwise be taken by one before the server that it was found for listens.
 */
const SERVER_PORTS = { from: 20_000, below: 32_000 };
const TRIES = 100;
/** What this process was given may not be in use yet. */
const given = new Set<number>();

async function tryPort(port: number, host: string): Promise<number | undefined> {
  const found = deferred<number | undefined>();
  const server = createServer();
  server.once('error', () => found.resolve(undefined));
  server.listen({ port, host, exclusive: true }, () => {
    const address = server.address();
    const free = address !== null && typeof address === 'object' ? address.port : undefined;
    server.close(() => found.resolve(free));
  });
  return found.promise;
}

/** The port that was asked for when nobody listens on it, any free one otherwise. */
export async function freePort(preferred?: number, host = HOST): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const wanted = tries === 0 ? preferred : undefined;
    const candidate = wanted ?? randomInt(SERVER_PORTS.from, SERVER_PORTS.below);
    if (candidate !== preferred && given.has(candidate)) continue;
    const port = await tryPort(candidate, host);
    if (port === undefined) continue;
    given.add(port);
    return port;
  }
  throw new Error(`No port is free on ${host}.`);
}
