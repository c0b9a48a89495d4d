import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const listening = z.object({ port: z.number() });
const LOOK_EVERY_MS = 50;

/** What stands in front of gateways: whoever connects is handed to one whose `readyz` said 200 last, and stays there. */
export interface Balancer {
  url: string;
  isInService(backend: string): boolean;
  /** What `readyz` of the backend has said when it was not 200, each once. */
  refusals(backend: string): readonly string[];
  close(): Promise<void>;
}

/** A balancer that obeys `readyz` and nothing else: it tries no second gateway when the first one does not answer. */
export async function startBalancer(backends: readonly string[]): Promise<Balancer> {
  const inService = new Set<string>();
  const refusals = new Map(backends.map((backend) => [backend, new Set<string>()]));
  const sockets = new Set<Socket>();
  const ending = new AbortController();
  let turn = 0;

  async function look(backend: string): Promise<void> {
    // A connection of its own for each look: the balancer's must not keep a gateway from ending.
    const answer = await fetch(`${backend}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined);
    if (answer?.status === 200) inService.add(backend);
    else inService.delete(backend);
    const text = await answer?.text().catch(() => undefined);
    if (answer && answer.status !== 200 && text !== undefined) refusals.get(backend)?.add(text);
  }
  const looking = backends.map(async (backend) => {
    while (!ending.signal.aborted) {
      await look(backend);
      await delay(LOOK_EVERY_MS);
    }
  });

  const server = createServer((near) => {
    const ready = [...inService];
    turn += 1;
    const backend = ready[turn % Math.max(ready.length, 1)];
    if (backend === undefined) return void near.destroy();
    const { hostname, port } = new URL(backend);
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one
        .on('error', () => other.destroy())
        .on('close', () => {
          sockets.delete(one);
          other.end();
        });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${listening.parse(server.address()).port}`,
    isInService: (backend) => inService.has(backend),
    refusals: (backend) => [...(refusals.get(backend) ?? [])],
    async close() {
      ending.abort();
      await Promise.all(looking);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
