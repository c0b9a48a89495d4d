import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { request } from 'undici';

/** Temporal's own metrics of this process, which its native core can only serve on a port of their own. */
export interface SdkMetrics {
  /** For `Runtime.install`: where the core serves them, reachable from this machine only. */
  bindAddress: string;
  /** What they are now, as Prometheus text; empty while the core does not answer. */
  text(): Promise<string>;
}

const TIMEOUT_MS = 2_000;

const TRIES = 100;

/** Below those that systems give to outgoing connections, one of which would otherwise take it before the core listens. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no free port for the metrics of the Temporal SDK');
}

/** Picks the address; to be called before `Runtime.install`. */
export async function reserveSdkMetrics(): Promise<SdkMetrics> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  return {
    bindAddress,
    async text() {
      try {
        const answer = await request(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        return await answer.body.text();
      } catch {
        return '';
      }
    },
  };
}
