import { Pool } from 'undici';
import { z } from 'zod';
import { freePort } from '../../src/local/ports';
import { makeNamespaceReady } from '../../src/namespace';
import { startBalancer } from '../stand/balancer';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, startProgram } from './programs';

const SENDERS = 8;

let stand: Stand;
const programs: Program[] = [];

beforeAll(async () => {
  await buildPrograms();
  stand = await startStand({ worker: false });
  await makeNamespaceReady(stand.client, { update: false });
});
afterAll(async () => {
  for (const { child, ended } of programs) {
    child.kill('SIGKILL');
    await ended;
  }
  await stand.stop();
});

async function startGateway(changes: Record<string, string>): Promise<Program & { url: string }> {
  const program = startProgram('starter/main.js', stand, changes);
  programs.push(program);
  const url = z.string().parse((await program.logged('gateway listens')).address);
  return { ...program, url };
}

const eventOf = (messageId: string, second: number) =>
  JSON.stringify({
    account_slug: 'spykar',
    message_id: messageId,
    publishedAt: new Date(Date.UTC(2024, 0, 1) + second * 1_000).toISOString(),
    connectionId: STOCK_CONNECTION,
    inventoryList: [
      { productId: 'P', variantId: `V${second % 50}`, sku: 'S', locationInventory: 3, locationId: 'POB1' },
    ],
  });

const request = (messageId: string, second: number) =>
  ({
    path: '/events/inventory',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': stand.keys.spykar },
    body: eventOf(messageId, second),
  }) as const;

const countStored = async (): Promise<number> => {
  const [row] = await stand.stores.db.select<{ stored: number }>('SELECT COUNT(*) AS stored FROM submissions');
  return Number(row?.stored);
};

it('loses no request while two gateways behind a balancer are restarted one after the other, whether senders keep their connections busy or idle', async () => {
  const ports = [await freePort(), await freePort()];
  const settings = ports.map((port) => ({ GATEWAY_PORT: String(port), DRAIN_SECONDS: '5' }));
  const running = await Promise.all(settings.map(startGateway));
  const balancer = await startBalancer(running.map(({ url }) => url));
  await eventually('both are in service', () => running.every(({ url }) => balancer.isInService(url)));

  const busy = new Pool(balancer.url, { connections: SENDERS });
  const seldom = new Pool(balancer.url, { connections: 2 });
  const outcomes: Record<string, number> = {};
  let sent = 0;
  let isOver = false;
  const post = async (pool: Pool): Promise<void> => {
    sent += 1;
    const outcome = await pool.request(request(`rolling-${sent}`, sent)).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return String(statusCode);
      },
      (error: unknown) => String(error),
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const postSeldom = () => Promise.all([post(seldom), post(seldom)]);
  const sending = Array.from({ length: SENDERS }, async () => {
    while (!isOver) await post(busy);
  });
  try {
    await postSeldom();
    for (const [index, { child, ended, url }] of running.entries()) {
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      await postSeldom();
      await startGateway(settings[index] ?? {});
      await eventually('it is in service again', () => balancer.isInService(url));
      await postSeldom();
    }
  } finally {
    isOver = true;
    await Promise.all(sending);
    await Promise.all([busy.close(), seldom.close()]);
    await balancer.close();
  }
  expect(outcomes).toEqual({ '202': sent });
  expect(await countStored()).toBe(sent);
  // It was asked for before it went, and not found gone.
  for (const { url } of running) expect(balancer.refusals(url).join()).toContain('the gateway is stopping');
});

it('after SIGTERM is not ready, takes what comes all the same and ends connections with their answer; a second signal ends it', async () => {
  const { child, ended, url, logged } = await startGateway({ DRAIN_SECONDS: '600' });
  const pool = new Pool(url, { connections: 1 });
  const before = await pool.request(request('draining-before', 1));
  await before.body.dump();
  expect([before.statusCode, before.headers.connection]).toEqual([202, 'keep-alive']);

  child.kill('SIGTERM');
  await logged('gateway stops');
  const ready = await pool.request({ path: '/readyz', method: 'GET' });
  expect([ready.statusCode, ready.headers.connection, await ready.body.json()]).toEqual([
    503,
    'close',
    expect.objectContaining({ detail: 'the gateway is stopping' }),
  ]);
  const during = await pool.request(request('draining-during', 2));
  await during.body.dump();
  expect([during.statusCode, during.headers.connection]).toEqual([202, 'close']);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await pool.close();

  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});

it('ends at once after SIGINT, with which a person stops it who has no balancer', async () => {
  const { child, ended, output } = await startGateway({ DRAIN_SECONDS: '600' });
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(output()).toContain('gateway stopped');
});
