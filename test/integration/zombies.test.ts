import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { runSetup } from '../../src/cli/setup';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, startProgram } from './programs';

jest.setTimeout(1_800_000);
/** The stopped worker still has its polls open, so that Temporal hands it tasks, and each has to time out first. */
const TAKEN_OVER_MS = 480_000;

/** A stretch of network before the twin that can hold what it is given; the twin hears of a connection when it is let go. */
async function startSlowNetwork(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy());
  };
  let isHolding = true;
  let heldBytes = 0;
  const release: (() => void)[] = [];
  const server = createServer((client) => {
    track(client);
    const held: Buffer[] = [];
    const hold = (bytes: Buffer): void => {
      held.push(bytes);
      heldBytes += bytes.length;
    };
    const pass = (): void => {
      client.off('data', hold);
      const upstream = track(connect(Number(port), hostname));
      for (const bytes of held) upstream.write(bytes);
      client.pipe(upstream).pipe(client);
    };
    if (!isHolding) return pass();
    client.on('data', hold);
    release.push(pass);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    heldBytes: () => heldBytes,
    letGo() {
      isHolding = false;
      for (const pass of release) pass();
    },
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

let scene: Scene;
const workers: Program[] = [];
beforeAll(async () => {
  await buildPrograms();
  scene = await startScene({ worker: false });
  // With the sweep: the sync may have ended when the stopped worker finds out that its request was overtaken.
  await runSetup({ db: scene.stand.stores.db, client: scene.stand.client });
});
afterAll(async () => {
  for (const { child, ended } of workers) {
    child.kill('SIGKILL');
    await ended;
  }
  await scene.stop();
});

async function startWorker(changes: Record<string, string> = {}): Promise<Program> {
  const worker = startProgram('worker.js', scene.stand, changes);
  workers.push(worker);
  await worker.logged('worker runs');
  return worker;
}

test('a worker that was stopped and goes on when another one has delivered newer stock: the newest has the last word', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('zombie');
  const network = await startSlowNetwork(stand.ajio.url);
  try {
    const zombie = await startWorker({ AJIO_BASE_URL: network.url });
    await send.stock(tenant, { messageId: 'm1', stock: { V1: 1 }, publishedAt: '2025-01-10 10:00:00' });
    await eventually('its request is on the way', () => (network.heldBytes() > 0 ? true : undefined));
    zombie.child.kill('SIGSTOP');
    await send.stock(tenant, { messageId: 'm2', stock: { V1: 2 }, publishedAt: '2025-01-10 10:00:01' });
    await startWorker();
    await eventually(
      'the newer stock is shown',
      () => (see.shownStock(tenant).V1 === 2 ? true : undefined),
      TAKEN_OVER_MS,
    );

    network.letGo();
    await eventually('the old request arrives', () => (see.shownStock(tenant).V1 === 1 ? true : undefined));
    zombie.child.kill('SIGCONT');
    await eventually(
      'the newest is shown again',
      () => (see.shownStock(tenant).V1 === 2 ? true : undefined),
      TAKEN_OVER_MS,
    );
    const sent = see.stockCalls(tenant).map(({ stock }) => stock.V1);
    // A slow machine sends the newer one again before the old one arrives, and then once more.
    expect([sent.at(0), sent.filter((quantity) => quantity === 1).length, sent.at(-1)]).toEqual([2, 1, 2]);
    await eventually(
      'nothing is left to do',
      async () => ((await see.level(tenant, 'V1')).state === 'clean' ? true : undefined),
      TAKEN_OVER_MS,
    );
    expect(see.shownStock(tenant)).toEqual({ V1: 2 });
  } finally {
    network.stop();
  }
});
