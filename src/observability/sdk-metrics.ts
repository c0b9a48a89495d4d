import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { request } from 'undici';

/** Temporal's own metrics of this process, which its native core can only serve on a port of their own. */
export interface SdkMetrics {
  /** For `Runtime.install`: where the core serves them, reachable from this machine only. */
  bindAddress: string;
  /** What they are now, as Prometheus text; empty while the core does not answer. */
  text(): Promise<string>;
}

const TIMEOUT_MS = 2_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address: AddressInfo | string | null = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null)
    throw new Error('no free port for the metrics of the Temporal SDK');
  return address.port;
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
