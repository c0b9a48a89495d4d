import { createServer } from 'node:net';
import { deferred } from './deferred';

const HOST = '127.0.0.1';

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
export async function freePort(preferred = 0, host = HOST): Promise<number> {
  const port = (await tryPort(preferred, host)) ?? (await tryPort(0, host));
  if (port === undefined) throw new Error(`No port is free on ${host}.`);
  return port;
}
