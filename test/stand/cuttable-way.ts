import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { z } from 'zod';

const listening = z.object({ port: z.number() });

/** A way to a server on this machine that can be cut, as if the server were gone, or blocked, as if it hung; and opened again. */
export function cuttableWay() {
  const sockets = new Set<Socket>();
  let isCut = false;
  let target: URL;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
    }
  });
  return {
    /** The address of the way to `url`. */
    async to(url: string): Promise<string> {
      target = new URL(url);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const way = new URL(url);
      way.port = String(listening.parse(server.address()).port);
      return way.href;
    },
    cut(): void {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    /** Nothing gets through any more, and nobody is told. */
    block(): void {
      for (const socket of sockets) socket.unpipe().pause();
    },
    open(): void {
      isCut = false;
    },
    close: () => server.close(),
  };
}
